import {expect, freshGid, test} from '../support/fixtures';
import {committed, refusedUndo, waiting} from '../support/scenes';

/// What happens is seen without loading the page again.

test('a transaction that is started appears in the list', async ({console: opened, page, escrowd, participant}) => {
  await opened.open('#/transactions');
  await opened.isLive();
  const gid = freshGid('new');
  await committed(escrowd, participant, gid);
  const row = page.getByRole('row').filter({hasText: gid});
  await expect(row).toContainText('Committed');
  await opened.wasNotReloaded();
});

test('a row of the list follows its transaction', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('follow');
  await waiting(escrowd, participant, gid);
  await opened.open('#/transactions');
  await opened.isLive();
  const row = page.getByRole('row').filter({hasText: gid});
  await expect(row).toContainText('Active');
  await escrowd.post(`/v1/transactions/${gid}/abort`, {reason: 'enough'});
  await expect(row).toContainText('Aborted');
  await opened.wasNotReloaded();
});

test('the page of a transaction follows it to its end', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('mended');
  await waiting(escrowd, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await opened.isLive();
  await expect(page.locator('.explanation')).toContainText('Waiting for action of inventory');
  participant.turn(`${gid}/fail`, 'ok');
  await escrowd.post(`/v1/transactions/${gid}/retry`, {});
  await expect(page.locator('.title')).toContainText('Committed');
  await expect(page.locator('.explanation')).toContainText('All 2 branches are done');
  await expect(page.locator('.history tbody tr').last()).toContainText('Committed');
  await opened.wasNotReloaded();
});

test('attention comes and goes on the attention page', async ({console: opened, page, escrowd, participant}) => {
  await opened.open('#/attention');
  await opened.isLive();
  const gid = freshGid('comes');
  await refusedUndo(escrowd, participant, gid);
  const entry = page.locator('.entry').filter({hasText: gid});
  await expect(entry).toBeVisible();
  await escrowd.post(`/v1/transactions/${gid}/branches/shipping/resolve`, {operation: 'compensate', outcome: 'succeeded', reason: 'by hand'});
  await expect(entry).toHaveCount(0);
  await opened.wasNotReloaded();
});

test('the overview follows by itself', async ({console: opened, page, escrowd, participant}) => {
  await opened.open();
  await opened.isLive();
  const unfinished = page.getByRole('region', {name: 'Unfinished', exact: true}).locator('.value');
  const before = Number(await unfinished.textContent());
  await waiting(escrowd, participant, freshGid('one-more'));
  await expect(unfinished).toHaveText(String(before + 1));
  await opened.wasNotReloaded();
});
