import {expect, freshGid, test} from '../support/fixtures';
import {gone, hanging, refusedUndo} from '../support/scenes';

/// Somebody who has never seen Escrow finds what is stuck, and why, in three clicks.

const ways = [
  {name: 'refuses an undo', prepare: refusedUndo, where: 'Compensate of shipping', answer: '409: already shipped'},
  {name: 'hangs', prepare: hanging, where: 'Compensate of ledger', answer: 'timeout: no complete answer within 300 ms'},
  {name: 'is gone', prepare: gone, where: 'Compensate of loyalty', answer: 'cannot connect to 127.0.0.1'},
];

for (const {name, prepare, where, answer} of ways) {
  test(`two clicks lead to the reason when a participant ${name}`, async ({console: opened, page, escrowd, participant}) => {
    const gid = freshGid('stuck');
    await prepare(escrowd, participant, gid);
    await opened.open();
    await page.getByRole('navigation').getByRole('link', {name: 'Attention'}).click();
    await page.getByRole('link', {name: gid}).click();

    const card = page.getByRole('article', {name: `${where} needs a person`});
    await expect(card).toContainText(answer);
    await expect(card).toContainText('Next call');
    await expect(card).toContainText('Destinationhttp://127.0.0.1:');
    await expect(card.getByRole('button', {name: 'Resolve…'})).toBeVisible();
    await expect(page.locator('.explanation')).toContainText('Stuck while undoing');
    await expect(page.getByRole('row').filter({hasText: 'Attention raised'})).toContainText(answer);
    await expect(page.locator('.lanes svg .bar').first()).toBeVisible();
  });
}

test('the attention page is oldest first and the head counts what needs a person', async ({console: opened, page, escrowd, participant}) => {
  const [older, younger] = [freshGid('older'), freshGid('younger')];
  await refusedUndo(escrowd, participant, older);
  await refusedUndo(escrowd, participant, younger);
  await opened.open('#/attention');
  const entries = page.locator('.entry .gid');
  await expect(entries.filter({hasText: younger})).toBeVisible();
  const shown = await entries.allTextContents();
  expect(shown.indexOf(older)).toBeLessThan(shown.indexOf(younger));
  await expect(page.locator('header .count')).toContainText(/^\d+/);
});

test('the overview says at once that somebody is needed and leads there', async ({console: opened, page, escrowd, participant}) => {
  await refusedUndo(escrowd, participant, freshGid('stuck'));
  await opened.open();
  await expect(page.locator('.explanation.tone-attention')).toContainText('a person');
  await page.getByRole('link', {name: 'Look at it'}).click();
  await expect(page.getByRole('article').first()).toContainText('Last answer');
});
