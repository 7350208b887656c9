import {expect, freshGid, test} from '../support/fixtures';
import {committed, waiting} from '../support/scenes';

/// The list: filters and order in the address, ten thousand rows.

test('filters and order lie in the address and come back from it', async ({console: opened, page, escrowd, participant}) => {
  const name = freshGid('filtered');
  await committed(escrowd, participant, `${name}-b`, {name, attributes: {customer: 'c-1'}});
  await committed(escrowd, participant, `${name}-a`, {name, attributes: {customer: 'c-2'}});
  await waiting(escrowd, participant, `${name}-c`);
  await opened.open('#/transactions');
  await page.getByRole('searchbox', {name: 'Name'}).fill(name);
  await page.keyboard.press('Enter');
  const gids = page.locator('.of-gid a');
  await expect(gids).toHaveText([`${name}-a`, `${name}-b`]);

  await page.getByRole('button', {name: 'Gid'}).click();
  await page.getByRole('button', {name: 'Gid'}).click();
  await expect(gids).toHaveText([`${name}-b`, `${name}-a`]);
  await page.getByLabel('Attribute').fill('customer=c-2');
  await page.keyboard.press('Enter');
  await expect(gids).toHaveText([`${name}-a`]);
  await page.getByRole('button', {name: 'Committed'}).click();
  expect(new URL(page.url()).hash).toBe(`#/transactions?status=committed&name=${name}&attribute.customer=c-2&sort=-gid`);

  await page.reload();
  await expect(gids).toHaveText([`${name}-a`]);
  await expect(page.getByRole('button', {name: 'Committed'})).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('columnheader', {name: 'Gid'})).toHaveAttribute('aria-sort', 'descending');
  await page.getByRole('button', {name: 'Remove the filter customer=c-2'}).click();
  await expect(gids).toHaveCount(2);
  await page.getByLabel('Attribute').fill('customer');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('key=value');
  await page.getByRole('button', {name: 'Clear filters'}).click();
  expect(new URL(page.url()).hash).toBe('#/transactions?sort=-gid');
});

test('what matches nothing says so and leads back', async ({console: opened, page, escrowd, participant}) => {
  await committed(escrowd, participant, freshGid('any'));
  await opened.open('#/transactions?name=nothing-is-called-so');
  await expect(page.getByRole('heading', {name: 'No transaction matches'})).toBeVisible();
  await page.locator('.empty').getByRole('button', {name: 'Clear filters'}).click();
  await expect(page.locator('.table-body .row').first()).toBeVisible();
});

test('ten thousand rows are loaded, sorted and scrolled through', async ({console: opened, page, escrowd}) => {
  test.setTimeout(180_000);
  const name = freshGid('many');
  const begin = (i: number): Promise<unknown> =>
    escrowd.begin({gid: `${name}-${String(i).padStart(5, '0')}`, mode: 'tcc', name, interactive: true, timeout_ms: 31_536_000_000});
  for (let i = 0; i < 10_000; i += 200) await Promise.all(Array.from({length: 200}, (_, k) => begin(i + k)));

  await opened.open(`#/transactions?name=${name}&sort=gid`);
  await expect(page.locator('.summary')).toContainText('10,000 transactions', {timeout: 60_000});
  const first = page.locator('.table-body .row').first();
  await expect(first).toContainText(`${name}-00000`);
  // Only what can be seen is in the document.
  expect(await page.locator('.table-body .row').count()).toBeLessThan(120);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect(page.getByText(`${name}-09999`)).toBeVisible();
  expect(await page.locator('.table-body .row').count()).toBeLessThan(120);

  // Turning the order round is a matter of a blink, not of a wait.
  await page.evaluate(() => scrollTo(0, 0));
  const took = await page.evaluate(async () => {
    const button = [...document.querySelectorAll<HTMLButtonElement>('.sort')].find(({textContent}) => textContent === 'Gid')!;
    const before = performance.now();
    button.click();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return performance.now() - before;
  });
  await expect(first).toContainText(`${name}-09999`);
  expect(took).toBeLessThan(3000);
});
