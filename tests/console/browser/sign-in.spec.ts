import {Escrowd, allRoles, tokenOf} from '../support/escrowd';
import {Console, expect, freshGid, test as base} from '../support/fixtures';
import {committed, refusedUndo} from '../support/scenes';

/// A coordinator that asks who is there.

const test = base.extend<{guarded: Console}, {asking: Escrowd}>({
  asking: [async ({}, use) => {
    const escrowd = await Escrowd.startGuarded();
    await use(escrowd);
    await escrowd.stop();
  }, {scope: 'worker'}],
  guarded: async ({page, asking}, use) => {
    const opened = new Console(page, asking.url);
    await use(opened);
    expect(opened.complaints).toEqual([]);
  },
});

async function signIn(opened: Console, role: string): Promise<void> {
  await opened.page.getByLabel('Access token').fill(tokenOf(role));
  await opened.page.getByRole('button', {name: 'Continue'}).click();
  await expect(opened.page.locator('.who')).toContainText(role);
}

test('the console asks for a token, says who one is, and is live with it', async ({guarded: opened, page, asking, participant}) => {
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  const gid = freshGid('secret');
  await committed(asking, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await expect(page.getByRole('heading', {level: 1})).toHaveText('An access token, please');
  await expect(page.locator('body')).not.toContainText('stock/ok');

  await page.getByLabel('Access token').fill('esc_this-is-not-a-token-that-anybody-knows');
  await page.getByRole('button', {name: 'Continue'}).click();
  await expect(page.getByRole('alert')).toContainText('not known');

  await signIn(opened, 'read');
  await expect(page.getByRole('heading', {level: 1})).toHaveText(gid);
  await opened.open('#/');
  await opened.isLive();
  // What happens now comes over the stream.
  await opened.open('#/transactions');
  const later = freshGid('later');
  await expect(page.locator('.table-body .row').first()).toBeVisible();
  await committed(asking, participant, later);
  await expect(page.locator('.table-body')).toContainText(later);

  const kept = await page.evaluate(() => ({local: JSON.stringify({...localStorage}), session: JSON.stringify({...sessionStorage}), cookie: document.cookie, place: location.href}));
  expect(kept.session).toContain(tokenOf('read'));
  expect(kept.local + kept.cookie + kept.place).not.toContain('esc_');
  expect(addresses.filter((address) => address.includes('esc_'))).toEqual([]);
});

for (const role of allRoles) {
  test(`what ${role} may not do is not offered`, async ({guarded: opened, page, asking, participant}) => {
    const gid = freshGid(`stuck-${role}`);
    const open = freshGid(`open-${role}`);
    await refusedUndo(asking, participant, gid);
    await asking.begin({gid: open, mode: 'saga', interactive: true, timeout_ms: 3_600_000});
    const mayOperate = role === 'operate' || role === 'admin';
    await opened.open(`#/transactions/${gid}`);
    await signIn(opened, role);
    await page.locator('.history tr').first().waitFor();
    await expect(page.getByRole('button', {name: 'Resolve…'})).toHaveCount(mayOperate ? 1 : 0);
    await opened.open('#/attention');
    await page.locator('.entry').first().waitFor();
    expect(await page.getByRole('button', {name: /Retry/}).count() > 0).toBe(mayOperate);
    await opened.open(`#/transactions/${open}`);
    await expect(page.getByRole('heading', {level: 1})).toHaveText(open);
    await expect(page.getByRole('button', {name: 'Abort…'})).toHaveCount(role === 'read' ? 0 : 1);
  });
}

test('an operator acts under the name that the token stands for', async ({guarded: opened, page, asking, participant}) => {
  const gid = freshGid('named');
  await refusedUndo(asking, participant, gid);
  await opened.open(`#/transactions/${gid}`);
  await signIn(opened, 'operate');
  await page.getByRole('button', {name: 'Resolve…'}).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('by hand');
  await expect(dialog.getByLabel('Your name')).toHaveValue('operate');
  await dialog.locator('button[type=submit]').click();
  await expect(dialog).toBeHidden();
  const {events} = await asking.get(`/v1/transactions/${gid}/events`);
  expect(events.find(({type}: {type: string}) => type === 'operation_resolved').actor).toBe('operate');
});

test('a token that is taken away locks the console, and the next one opens it', async ({guarded: opened, page, asking}) => {
  await opened.open('#/');
  await signIn(opened, 'read');
  await opened.isLive();
  await asking.letIn(['operate', 'admin']);
  await expect(page.getByRole('heading', {level: 1})).toHaveText('An access token, please');
  await signIn(opened, 'operate');
  await opened.isLive();
  await asking.letIn(allRoles);
});
