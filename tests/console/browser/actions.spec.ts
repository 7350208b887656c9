import {expect, freshGid, test} from '../support/fixtures';
import {refusedUndo, saga, waiting} from '../support/scenes';

/// Every action names its consequence, wants a reason, and leaves an event.

test('retry now calls at once and the history says who and why', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('retry');
  await waiting(escrowd, participant, gid);
  participant.turn(`${gid}/fail`, 'ok');
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Retry now'}).click();
  await expect(page.getByRole('dialog')).toContainText('past any Retry-After or breaker');
  await opened.confirm('the disk is mended');
  const event = page.getByRole('row').filter({hasText: 'Retried now'});
  await expect(event).toContainText('the disk is mended');
  await expect(event).toContainText('Grace');
  await expect(page.locator('.title')).toContainText('Committed');
});

test('an operation is resolved by hand', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('resolve');
  await refusedUndo(escrowd, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Resolve…'}).click();
  await expect(page.getByRole('dialog')).toContainText('can’t be taken back');
  await opened.confirm('refunded by hand, ticket 8812');
  await expect(page.getByRole('row').filter({hasText: 'Resolved by hand'})).toContainText('ticket 8812');
  await expect(page.locator('.title')).toContainText('Aborted');
  await expect(page.getByRole('article')).toHaveCount(0);
});

test('an active transaction is aborted', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('abort');
  await waiting(escrowd, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Abort…'}).click();
  await expect(page.getByRole('dialog')).toContainText('everything that may have been done is undone');
  await opened.confirm('the customer called');
  await expect(page.locator('.title')).toContainText('Aborted');
  await expect(page.getByRole('row').filter({hasText: 'Abort decided'})).toContainText('the customer called');
  await expect(page.getByRole('button', {name: 'Abort…'})).toHaveCount(0);
});

test('without a reason and a name nothing happens', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('silent');
  await waiting(escrowd, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Abort…'}).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('button[type=submit]').click();
  await expect(dialog).toContainText('Say why');
  await expect(dialog).toContainText('Say who you are');
  await dialog.getByLabel('Reason').fill('   ');
  await dialog.getByLabel('Your name').fill('Grace');
  await dialog.locator('button[type=submit]').click();
  await expect(dialog).toContainText('Say why');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  expect((await escrowd.get(`/v1/transactions/${gid}`)).status).toBe('active');
});

test('a refusal of the coordinator is told in the dialog', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('late');
  await waiting(escrowd, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Retry now'}).click();
  await escrowd.post(`/v1/transactions/${gid}/abort`, {});
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('too late');
  await dialog.getByLabel('Your name').fill('Grace');
  await dialog.locator('button[type=submit]').click();
  await expect(dialog.getByRole('alert')).toContainText('decided in the meantime');
});

test('many are retried behind a preview that counts them', async ({console: opened, page, escrowd, participant}) => {
  const name = freshGid('batch');
  for (const i of [1, 2, 3]) {
    await escrowd.begin(saga(`${name}-${i}`, [{id: 'a', action: participant.url(`${name}/fail`)}],
      {name, timeout_ms: 3_600_000, retry: {initial_ms: 600_000, max_ms: 600_000, jitter: 0, max_attempts: 0}}));
    await escrowd.eventually(`${name}-${i}`, ({branches}) => branches[0].operations.action.state === 'backing_off');
  }
  participant.turn(`${name}/fail`, 'ok');
  await opened.open(`#/transactions?name=${name}`);
  await page.getByRole('button', {name: 'Retry all matching…'}).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('3 transactions would be retried');
  await expect(dialog).toContainText(`${name}-2`);
  await opened.confirm('the service is back');
  await expect(page.getByRole('row').filter({hasText: 'Committed'})).toHaveCount(3);
  const {events} = await escrowd.get(`/v1/transactions/${name}-2/events`);
  expect(events.find(({type}: {type: string}) => type === 'retried_now')).toMatchObject({actor: 'Grace', detail: 'the service is back'});
});

test('some are selected on the attention page and retried', async ({console: opened, page, escrowd, participant}) => {
  const gids = [freshGid('pick'), freshGid('pick')];
  for (const gid of gids) await refusedUndo(escrowd, participant, gid);
  await opened.open('#/attention');
  for (const gid of gids) await page.getByLabel(`Select ${gid}`).check();
  await page.getByRole('button', {name: 'Retry 2…'}).click();
  await expect(page.getByRole('dialog')).toContainText(gids[1]!);
  await opened.confirm('again');
  for (const gid of gids) {
    const {events} = await escrowd.get(`/v1/transactions/${gid}/events`);
    expect(events.some(({type, detail}: {type: string; detail: string}) => type === 'retried_now' && detail === 'again')).toBe(true);
  }
});

test('a name in Chinese reaches the history', async ({console: opened, page, escrowd, participant}) => {
  const gid = freshGid('name');
  await waiting(escrowd, participant, gid);
  await opened.open('#/about');
  await page.getByLabel('Your name').fill('王小明');
  await opened.open(`#/transactions/${gid}`);
  await page.getByRole('button', {name: 'Abort…'}).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('工单 8812');
  await page.getByRole('dialog').locator('button[type=submit]').click();
  await expect(page.getByRole('row').filter({hasText: 'Abort decided'})).toContainText('王小明');
});
