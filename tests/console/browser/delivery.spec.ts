import {expect, freshGid, test} from '../support/fixtures';
import {Escrowd} from '../support/escrowd';
import {committed, waiting} from '../support/scenes';

/// How the console reaches a browser, and what happens when the coordinator does not.

test('the console is at most 100 kB on the wire and comes from here alone', async ({console: opened, page, escrowd}) => {
  const files = new Map<string, number>();
  page.on('response', async (response) => {
    const path = new URL(response.url()).pathname;
    if (path === '/' || path.startsWith('/console/')) files.set(path, (await response.request().sizes()).responseBodySize);
  });
  await opened.open();
  await page.locator('.tile').first().waitFor();
  expect(files.size).toBeGreaterThanOrEqual(3);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(100_000);
  const answer = await fetch(`${escrowd.url}/`, {headers: {Accept: 'text/html'}});
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(answer.headers.get('x-frame-options')).toBe('DENY');
  expect(await answer.text()).not.toMatch(/<script(?![^>]*src=)/);
});

test('a browser that has the page already is not sent it again', async ({escrowd}) => {
  const headers = {Accept: 'text/html'};
  const first = await fetch(`${escrowd.url}/`, {headers});
  const again = await fetch(`${escrowd.url}/`, {headers: {...headers, 'If-None-Match': first.headers.get('etag')!}});
  expect(again.status).toBe(304);
  const script = /console\/[\w.-]+\.js/.exec(await first.text())![0];
  expect((await fetch(`${escrowd.url}/${script}`)).headers.get('cache-control')).toContain('immutable');
  expect((await fetch(`${escrowd.url}/console/nothing.js`)).status).toBe(404);
});

test('programs that ask for no page get text', async ({escrowd}) => {
  const answer = await fetch(`${escrowd.url}/`, {headers: {Accept: '*/*'}});
  expect(answer.headers.get('content-type')).toContain('text/plain');
});

test('a coordinator that stops answering is told, and what was seen stays', async ({page}) => {
  const escrowd = await Escrowd.start();
  try {
    await page.goto(`${escrowd.url}/#/about`);
    await expect(page.locator('.liveness.is-live')).toBeVisible();
    await expect(page.locator('.facts dd').first()).toBeVisible();
  } finally {
    await escrowd.stop();
  }
  await expect(page.locator('.liveness.is-lost')).toBeVisible();
  await page.getByRole('link', {name: 'Destinations'}).click();
  await expect(page.getByRole('alert')).toContainText('does not answer');
});

test('a coordinator that comes back is followed again', async ({page, participant}) => {
  const escrowd = await Escrowd.start();
  try {
    const gid = freshGid('back');
    await waiting(escrowd, participant, gid);
    await page.goto(`${escrowd.url}/#/transactions/${gid}`);
    await expect(page.locator('.liveness.is-live')).toBeVisible();
    await escrowd.kill();
    await expect(page.locator('.liveness.is-lost')).toBeVisible();
    await expect(page.locator('.explanation')).toContainText('Waiting for action of inventory');
    await escrowd.startAgain();
    await expect(page.locator('.liveness.is-live')).toBeVisible();
    await expect(page.getByRole('row').filter({hasText: 'Recovered after a restart'})).toBeVisible();
    await escrowd.post(`/v1/transactions/${gid}/abort`, {reason: 'enough'});
    await expect(page.locator('.title')).toContainText('Aborted');
    // Each event once, whatever was told twice.
    await expect(page.getByRole('row').filter({hasText: 'Abort decided'})).toHaveCount(1);
  } finally {
    await escrowd.stop();
  }
});

test('the token is sent with requests and stream, and forgotten with the tab', async ({console: opened, page}) => {
  await opened.open('#/about');
  await page.getByLabel('Access token').fill('secret-1');
  await page.getByLabel('Your name').focus();
  const [list, stream] = await Promise.all([
    page.waitForRequest((request) => request.url().includes('/v1/transactions')),
    page.waitForRequest((request) => request.url().includes('/v1/events')),
    page.getByRole('link', {name: 'Transactions', exact: true}).click(),
  ]);
  for (const request of [list, stream]) expect((await request.allHeaders())['authorization']).toBe('Bearer secret-1');
  expect(await page.evaluate(() => localStorage.getItem('escrow.token'))).toBeNull();
});

test('language, appearance and clock are kept', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('zh');
  await committed(escrowd, participant, gid);
  await opened.open('#/about');
  await page.getByLabel('Language').selectOption('zh');
  await page.getByLabel('外观').selectOption('dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('link', {name: '事务', exact: true}).click();
  await expect(page.getByRole('heading', {level: 1})).toHaveText('事务');
  await expect(page.getByRole('row').filter({hasText: gid})).toContainText('已提交');
  expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme || getComputedStyle(document.documentElement).colorScheme)).toContain('dark');
});
