import {expect, test as base} from '@playwright/test';
import type {Page} from '@playwright/test';
import {Escrowd} from './escrowd';
import {Participant} from './participant';

/// A coordinator and a participant for each worker, and a page that fails the test when the browser complains: about a script that the content
/// policy forbids, a request to anywhere else, a fault of ours.
export const test = base.extend<{console: Console}, {escrowd: Escrowd; participant: Participant}>({
  escrowd: [async ({}, use) => {
    const escrowd = await Escrowd.start();
    await use(escrowd);
    await escrowd.stop();
  }, {scope: 'worker'}],
  participant: [async ({}, use) => {
    const participant = await Participant.start();
    await use(participant);
    await participant.stop();
  }, {scope: 'worker'}],
  console: async ({page, escrowd}, use) => {
    const opened = new Console(page, escrowd.url);
    await use(opened);
    expect(opened.complaints).toEqual([]);
  },
});

export {expect};

export class Console {
  readonly complaints: string[] = [];

  constructor(readonly page: Page, private readonly url: string) {
    page.on('pageerror', (error) => this.complaints.push(`fault: ${error.message}`));
    page.on('console', (message) => {
      // A refused request is told by the page itself, and is what some tests are about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${url}/`)) this.complaints.push(`a request elsewhere: ${request.url()}`);
    });
  }

  /// `place` begins with `#`. A mark in the window shows later that nothing was loaded again.
  async open(place = '#/'): Promise<void> {
    await this.page.goto(`${this.url}/${place}`);
    await this.page.evaluate(() => { (window as unknown as {wasHere: boolean}).wasHere = true; });
  }

  async wasNotReloaded(): Promise<void> {
    expect(await this.page.evaluate(() => (window as unknown as {wasHere?: boolean}).wasHere)).toBe(true);
  }

  async isLive(): Promise<void> {
    await expect(this.page.locator('.liveness.is-live')).toBeVisible();
  }

  /// Fills in and confirms the dialog that is open.
  async confirm(reason: string): Promise<void> {
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByLabel('Your name').fill('Grace');
    await dialog.locator('button[type=submit]').click();
    await expect(dialog).toBeHidden();
  }
}

let count = 0;
/// A gid that no other test has.
export const freshGid = (what: string): string => `${what}-${process.pid}-${++count}`;
