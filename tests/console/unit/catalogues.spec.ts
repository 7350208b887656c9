import {expect, test} from '@playwright/test';
import {en} from '../../../console/src/text/en';
import {zh} from '../../../console/src/text/zh';

/// The compiler sees to it that both catalogues have the same members; this, that none was left in the other language.

function leaves(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === 'object' && member !== null ? leaves(member, `${path}${key}.`) : [[`${path}${key}`, member] as [string, unknown]]);
}

const names = /^(product|locale|dash)$|\.(p50|p95|p99|utc)$|mode\.(saga|tcc)$|url$|gid$|Placeholder$/i;

test('every text is there in both languages and differs', () => {
  const chinese = new Map(leaves(zh));
  expect([...chinese.keys()].sort()).toEqual(leaves(en).map(([path]) => path).sort());
  for (const [path, text] of leaves(en)) {
    if (typeof text !== 'string') continue;
    expect(text.trim(), path).not.toBe('');
    if (!names.test(path)) expect(chinese.get(path), path).not.toBe(text);
  }
});

test('Chinese texts are Chinese', () => {
  for (const [path, text] of leaves(zh)) {
    if (typeof text === 'string' && !names.test(path)) expect(text, path).toMatch(/\p{Script=Han}/u);
  }
});
