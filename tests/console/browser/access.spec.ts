import {createRequire} from 'node:module';
import type {Page} from '@playwright/test';
import {expect, freshGid, test} from '../support/fixtures';
import {committed, refusedUndo} from '../support/scenes';

/// For whoever does not see the screen, has no mouse, or only a small screen.

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

async function violations(page: Page): Promise<string[]> {
  // The content policy forbids scripts from elsewhere, and so this one: it is evaluated by the debugger instead.
  const {readFileSync} = await import('node:fs');
  await page.evaluate(readFileSync(axe, 'utf8'));
  const found = await page.evaluate(() => (window as any).axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return found.violations.map((violation: any) => `${violation.id}: ${violation.nodes.map((node: any) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
}

const places = [
  {name: 'overview', place: '#/', ready: '.tile'},
  {name: 'list', place: '#/transactions', ready: '.table-body .row'},
  {name: 'empty list', place: '#/transactions?name=none-of-that-name&attribute.a=b&mode=tcc', ready: '.empty'},
  {name: 'transaction', place: '#/transactions/GID', ready: '.history tr'},
  {name: 'missing transaction', place: '#/transactions/nowhere', ready: '.empty'},
  {name: 'attention', place: '#/attention', ready: '.entry'},
  {name: 'destinations', place: '#/destinations', ready: '.destinations tbody tr'},
  {name: 'about', place: '#/about', ready: '.facts dd'},
];

for (const theme of ['light', 'dark'] as const) {
  for (const {name, place, ready} of places) {
    test(`axe finds nothing on the page ${name}, ${theme}`, async ({console: opened, page, escrowd, participant}) => {
      const gid = freshGid('axe');
      await refusedUndo(escrowd, participant, gid);
      await page.emulateMedia({colorScheme: theme, reducedMotion: 'reduce'});
      await opened.open(place.replace('GID', gid));
      await page.locator(ready).first().waitFor();
      expect(await violations(page)).toEqual([]);
    });
  }

  test(`axe finds nothing in a dialog, ${theme}`, async ({console: opened, page, escrowd, participant}) => {
    const gid = freshGid('axe');
    await refusedUndo(escrowd, participant, gid);
    await page.emulateMedia({colorScheme: theme});
    await opened.open(`#/transactions/${gid}`);
    await page.getByRole('button', {name: 'Resolve…'}).click();
    await page.getByRole('dialog').locator('button[type=submit]').click();
    await expect(page.getByRole('dialog')).toContainText('Say why');
    expect(await violations(page)).toEqual([]);
  });
}

for (const {name, place, ready} of places) {
  test(`the page ${name} fits into 400 pixels`, async ({console: opened, page, escrowd, participant}) => {
    const gid = freshGid('narrow-with-a-long-gid-that-no-column-expects-to-hold');
    await refusedUndo(escrowd, participant, gid);
    await page.setViewportSize({width: 400, height: 800});
    await opened.open(place.replace('GID', gid));
    await page.locator(ready).first().waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(400);
  });
}

test('a transaction is found, understood and resolved with the keyboard alone', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('keys');
  await refusedUndo(escrowd, participant, gid);
  await opened.open();
  await page.locator('.tile').first().waitFor();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', {name: 'Skip to the content'})).toBeFocused();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type(gid);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', {level: 1})).toHaveText(gid);

  const resolve = page.getByRole('button', {name: 'Resolve…'});
  await expect(resolve).toBeVisible();
  await expect(page.locator('main')).toBeFocused();
  for (let step = 0; step < 20 && !(await resolve.evaluate((element) => element === document.activeElement)); ++step) await page.keyboard.press('Tab');
  await expect(resolve).toBeFocused();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  // The focus stays inside.
  for (let step = 0; step < 12; ++step) {
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null)).toBe(true);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(resolve).toBeFocused();
});

test('each page is announced and has one heading of the first order', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('title');
  await committed(escrowd, participant, gid);
  for (const [place, title] of [['#/', 'Overview'], ['#/transactions', 'Transactions'], [`#/transactions/${gid}`, gid], ['#/attention', 'Attention'], ['#/destinations', 'Destinations'], ['#/about', 'About']]) {
    await opened.open(place);
    await expect(page).toHaveTitle(`${title} · Escrow`);
    await expect(page.getByRole('heading', {level: 1})).toHaveCount(1);
  }
});
