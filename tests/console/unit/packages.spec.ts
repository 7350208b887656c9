import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {expect, test} from '@playwright/test';

/// What is installed is what was looked at: pinned by hash, from whichever registry npm is told to use.

for (const folder of ['console', 'tests/console']) {
  test(`the lock file of ${folder} pins everything by hash and names no registry`, () => {
    const {packages} = JSON.parse(readFileSync(fileURLToPath(new URL(`../../../${folder}/package-lock.json`, import.meta.url)), 'utf8'));
    const entries = Object.entries<{resolved?: string; integrity?: string; version?: string}>(packages).filter(([path]) => path !== '');
    expect(entries.length).toBeGreaterThan(5);
    for (const [path, entry] of entries) {
      expect(entry.resolved, path).toBeUndefined();
      expect(entry.integrity, path).toMatch(/^sha512-/);
      expect(entry.version, path).toMatch(/^\d+\.\d+\.\d+/);
    }
  });

  test(`${folder} asks for exact versions`, () => {
    const wanted = JSON.parse(readFileSync(fileURLToPath(new URL(`../../../${folder}/package.json`, import.meta.url)), 'utf8'));
    for (const [name, version] of Object.entries<string>({...wanted.dependencies, ...wanted.devDependencies})) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  });
}
