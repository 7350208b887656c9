import {expect, test} from '@playwright/test';
import type {StreamEvent, Summary} from '../../../console/src/api/types';
import {attributeFrom, filtersFrom, isNewestFirst, newestFirst, noFilters, queryOf, sortFrom, writeSort} from '../../../console/src/model/filters';
import type {Filters, SortColumn} from '../../../console/src/model/filters';
import {applyEvent, applyEvents, mergeFirstPage} from '../../../console/src/model/rows';
import {sorted} from '../../../console/src/model/sorting';
import {row} from './transactions';

const full: Filters = {
  status: ['active', 'aborting'], mode: 'tcc', name: 'place order & more', attention: true,
  attributes: [{key: 'customer', value: 'c=42'}, {key: 'region', value: '华东'}],
  startedAfter: '2026-01-05T10:00:00.000Z', startedBefore: '2026-01-06T10:00:00.000Z',
};

test('filters survive the address bar', () => {
  expect(filtersFrom(new URLSearchParams(queryOf(full).toString()))).toEqual(full);
  expect(filtersFrom(new URLSearchParams())).toEqual(noFilters());
  expect(queryOf(noFilters()).toString()).toBe('');
});

test('a bookmark that nobody understands shows everything', () => {
  const query = new URLSearchParams('status=stuck&mode=2pc&attention=maybe&started_after=soon&attribute.=x&sort=colour');
  expect(filtersFrom(query)).toEqual(noFilters());
  expect(isNewestFirst(sortFrom(query))).toBe(true);
});

test('the order survives the address bar and the ordinary one is not written', () => {
  for (const column of ['started', 'updated', 'name', 'gid', 'status', 'duration'] as SortColumn[]) {
    for (const descending of [true, false]) {
      const query = new URLSearchParams();
      writeSort(query, {column, descending});
      expect(sortFrom(query)).toEqual({column, descending});
    }
  }
  const query = new URLSearchParams();
  writeSort(query, newestFirst);
  expect(query.toString()).toBe('');
});

test('an attribute is a key, an equals sign and anything', () => {
  expect(attributeFrom('customer=c-42')).toEqual({key: 'customer', value: 'c-42'});
  expect(attributeFrom(' a.b = x=y ')).toEqual({key: 'a.b', value: 'x=y'});
  for (const bad of ['customer', '=x', 'a b=c', '', '..=x']) expect(attributeFrom(bad)).toBeNull();
});

test('rows are sorted by every column, and equal ones stay in place', () => {
  const rows = [row('a', {name: 'x'}), row('b', {name: null}), row('c', {name: 'x'})];
  expect(sorted(rows, {column: 'name', descending: false}, 0).map(({gid}) => gid)).toEqual(['b', 'a', 'c']);
  expect(sorted(rows, {column: 'name', descending: true}, 0).map(({gid}) => gid)).toEqual(['a', 'c', 'b']);
  expect(sorted(rows, {column: 'gid', descending: true}, 0).map(({gid}) => gid)).toEqual(['c', 'b', 'a']);
  const quick = row('q', {finished_at: '2026-01-05T10:00:00.020Z'});
  const open = row('o', {finished_at: null});
  expect(sorted([quick, open], {column: 'duration', descending: true}, Date.parse('2026-01-05T10:01:00Z')).map(({gid}) => gid)).toEqual(['o', 'q']);
});

const event = (type: StreamEvent['type'], more: Partial<StreamEvent> = {}): StreamEvent =>
  ({gid: 'a', seq: 1, at: '2026-01-05T10:00:05.000Z', type, branch: null, operation: null, attempt: null, detail: null, actor: null, ...more});

test('a row follows the events of its transaction', () => {
  let shown: Summary = row('a', {status: 'active', finished_at: null});
  shown = applyEvent(shown, event('abort_decided'));
  expect(shown.status).toBe('aborting');
  shown = applyEvent(shown, event('attention_raised', {branch: 'b', operation: 'compensate', detail: 'refused: 409'}));
  shown = applyEvent(shown, event('attention_raised', {branch: 'c', operation: 'compensate', detail: 'refused: 422'}));
  expect(shown.attention.map(({branch}) => branch)).toEqual(['b', 'c']);
  shown = applyEvent(shown, event('attention_cleared', {branch: 'b', operation: 'compensate'}));
  expect(shown.attention.map(({branch}) => branch)).toEqual(['c']);
  shown = applyEvent(shown, event('aborted'));
  expect(shown).toMatchObject({status: 'aborted', finished_at: '2026-01-05T10:00:05.000Z', attention: []});
  // What is told late changes nothing that has ended.
  expect(applyEvent(shown, event('abort_decided')).status).toBe('aborted');
});

test('a first page that is read again joins the rows below it', () => {
  const rows = (...gids: string[]): Summary[] => gids.map((gid) => row(gid));
  const names = (merged: {rows: Summary[]}): string => merged.rows.map(({gid}) => gid).join('');
  expect(names(mergeFirstPage(rows('d', 'c', 'b', 'a'), rows('e', 'd', 'c')))).toBe('edcba');
  expect(mergeFirstPage(rows('b', 'a'), rows('f', 'e')).isCut).toBe(true);
  expect(names(mergeFirstPage(rows('b', 'a'), rows('f', 'e')))).toBe('fe');
  expect(names(mergeFirstPage(rows('a'), []))).toBe('');
});

test('events about several rows are applied each to its own', () => {
  const rows = [row('a', {status: 'active', finished_at: null}), row('b')];
  const after = applyEvents(rows, [event('commit_decided'), event('committed')]);
  expect(after.map(({status}) => status)).toEqual(['committed', 'committed']);
  expect(after[1]).toBe(rows[1]);
});
