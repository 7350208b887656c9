import {expect, test} from '@playwright/test';
import {attemptsOf} from '../../../console/src/model/attempts';
import {makeAxis, ticksOf} from '../../../console/src/model/axis';
import {layOut} from '../../../console/src/model/lanes';
import {at, branch, event, start, transaction} from './transactions';

const style = {width: 600, idleWidth: 30, leastWidth: 6};

const stuck = transaction([
  branch('order', {action: {state: 'succeeded', attempts: 1}, compensate: {}}),
  branch('ledger', {action: {state: 'unknown', attempts: 2}, compensate: {state: 'backing_off', attempts: 9, next_attempt_at: at(60_000)}}),
], {status: 'aborting'});
const history = [
  event(0, 'started'),
  event(10, 'operation_succeeded', 'order/action', 1),
  event(310, 'attempt_failed', 'ledger/action', 1, 'timeout: no complete answer within 300 ms'),
  event(700, 'attempt_failed', 'ledger/action', 2, 'timeout: no complete answer within 300 ms'),
  event(700, 'abort_decided'),
  event(1000, 'attempt_failed', 'ledger/compensate', 1, 'timeout: no complete answer within 300 ms'),
  event(1400, 'attempt_failed', 'ledger/compensate', 2, '409: no'),
  event(9000, 'attempt_failed', 'ledger/compensate', 7, '503 from participant'),
];

test('each call becomes an attempt that begins when it can have begun', () => {
  const attempts = attemptsOf(stuck, history, start + 30_000);
  const short = attempts.map(({operation, number, start: from, end, outcome, folded}) => `${operation} ${number} ${from - start}-${end - start} ${outcome} ${folded}`);
  expect(short).toEqual([
    'action 1 0-10 succeeded 0',
    'action 1 10-310 failed 0',
    'action 2 400-700 failed 0',
    'compensate 1 700-1000 failed 0',
    'compensate 2 1400-1400 refused 0',
    'compensate 7 9000-9000 failed 4',
    'compensate 10 60000-60000 next 2',
  ]);
});

test('a message is confirmed after the decision', () => {
  const sent = transaction([branch('mail', {action: {state: 'succeeded', attempts: 1}}, {kind: 'message'})], {status: 'committed', finished_at: at(30), mode: 'message'});
  const [attempt] = attemptsOf(sent, [event(0, 'started'), event(5, 'commit_decided'), event(25, 'operation_succeeded', 'mail/action', 1)], start + 30);
  expect(attempt).toMatchObject({side: 'confirm', start: start + 5, end: start + 25});
});

test('the undo of a branch begins when the one behind it is undone', () => {
  const undone = transaction([branch('a', {action: {}, compensate: {}}), branch('b', {action: {}, compensate: {}})], {status: 'aborted', finished_at: at(90)});
  const attempts = attemptsOf(undone, [
    event(0, 'started'), event(10, 'operation_succeeded', 'a/action', 1), event(20, 'operation_succeeded', 'b/action', 1), event(20, 'abort_decided'),
    event(50, 'operation_succeeded', 'b/compensate', 1), event(90, 'operation_succeeded', 'a/compensate', 1),
  ], start + 90);
  expect(attempts.map(({start: from}) => from - start)).toEqual([0, 10, 20, 50]);
});

test('idle time is collapsed and busy time is drawn to scale', () => {
  const axis = makeAxis([{start: 0, end: 100}, {start: 100, end: 200}, {start: 60_000, end: 60_100}], style);
  expect(axis.segments.map(({isIdle}) => isIdle)).toEqual([false, false, true, false]);
  expect(axis.segments[2]!.width).toBe(30);
  expect(axis.x(100) - axis.x(0)).toBeCloseTo(axis.x(60_100) - axis.x(60_000));
  expect(axis.width).toBeCloseTo(600);
  expect(ticksOf(axis, 50).map(({ms}) => ms)).toEqual([0, 100, 60_000]);
});

test('the axis only goes forward, whatever happened', () => {
  const axis = makeAxis([{start: 5, end: 5}, {start: 0, end: 3}, {start: 3, end: 4000}, {start: 4000, end: 4000}, {start: 2, end: 3000}], style);
  let before = -1;
  for (let instant = 0; instant <= 4000; instant += 7) {
    expect(axis.x(instant)).toBeGreaterThanOrEqual(before);
    before = axis.x(instant);
  }
  expect(makeAxis([], style).width).toBe(0);
});

test('every bar can be seen and lies in its lane', () => {
  const timeline = layOut(stuck, history, start + 30_000, style);
  expect(timeline.lanes.map(({branch: id, bars}) => `${id} ${bars.length}`)).toEqual(['order 1', 'ledger 6']);
  for (const bar of timeline.lanes.flatMap(({bars}) => bars)) {
    expect(bar.width).toBeGreaterThanOrEqual(style.leastWidth);
    expect(bar.x).toBeGreaterThanOrEqual(0);
    expect(bar.x + (bar.outcome === 'next' ? 0 : bar.width)).toBeLessThanOrEqual(timeline.axis.width + 1);
  }
  expect(timeline.nowX).not.toBeNull();
});
