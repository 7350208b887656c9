import {expect, test} from '@playwright/test';
import {PaceGuard} from '../../../console/src/model/pace';
import {SseParser} from '../../../console/src/model/sse';

const stream = 'retry: 2000\nid: 41\n\n: still here\n\nid: 42\nevent: started\ndata: {"gid":"a"}\n\nevent: overview\ndata: {"x":\ndata: 1}\n\n';

test('the stream says the same however it is cut into pieces', () => {
  for (const text of [stream, stream.replaceAll('\n', '\r\n'), stream.replaceAll('\n', '\r')]) {
    for (let at = 0; at <= text.length; ++at) {
      const parser = new SseParser();
      const messages = [...parser.push(text.slice(0, at)), ...parser.push(text.slice(at)), ...parser.push(': end\n')];
      expect(messages).toEqual([{event: 'started', data: '{"gid":"a"}'}, {event: 'overview', data: '{"x":\n1}'}]);
      expect(parser.lastId).toBe('42');
    }
  }
});

test('a connection cut inside a message resumes in front of it', () => {
  const parser = new SseParser();
  parser.push('id: 41\n\nid: 42\nevent: started\ndata: {}\n');
  expect(parser.lastId).toBe('41');
});

test('the place where a stream begins is known before its first event', () => {
  const parser = new SseParser();
  expect(parser.push('retry: 2000\nid: 41\n\n')).toEqual([]);
  expect(parser.lastId).toBe('41');
});

test('a short burst is followed and a long one is not', () => {
  const burst = new PaceGuard(100, 1000);
  expect(burst.isTooFast(5000, 0)).toBe(false);
  expect(burst.isTooFast(0, 60_000)).toBe(false);
  const flood = new PaceGuard(100, 1000);
  expect([0, 300, 600, 900].map((at) => flood.isTooFast(100, at))).toEqual([false, false, false, false]);
  expect(flood.isTooFast(1, 1100)).toBe(true);
});
