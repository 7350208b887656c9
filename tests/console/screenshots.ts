import {mkdirSync} from 'node:fs';
import {test} from '@playwright/test';
import type {Page} from '@playwright/test';
import {Escrowd} from './support/escrowd';
import {Participant} from './support/participant';
import {graph, shopTraffic, troubles} from './support/traffic';

/// Pictures of every page, in both languages and themes and on a small screen: for whoever changes the look, and for docs/console.md.
///
///   ESCROW_SCREENSHOTS=folder   where they go

const folder = process.env['ESCROW_SCREENSHOTS'] ?? 'results/screenshots';
const pages: {name: string; address: string; ready: string; after?: (page: Page) => Promise<void>}[] = [
  {name: 'overview', address: '#/', ready: '.chart canvas'},
  {name: 'list', address: '#/transactions', ready: '.table-body .row'},
  {name: 'list-filtered', address: '#/transactions?status=aborted&status=aborting&sort=-duration', ready: '.table-body .row'},
  {name: 'list-empty', address: '#/transactions?name=nothing-of-that-name', ready: '.empty'},
  {name: 'refused', address: '#/transactions/order-2001', ready: '.history tr'},
  {name: 'hanging', address: '#/transactions/order-2002', ready: '.history tr'},
  {name: 'gone', address: '#/transactions/order-2003', ready: '.history tr'},
  {name: 'waiting', address: '#/transactions/order-2004', ready: '.history tr'},
  {name: 'graph', address: '#/transactions/trip-1', ready: '.history tr'},
  {name: 'committed', address: '#/transactions/order-1000', ready: '.history tr'},
  {name: 'undone', address: '#/transactions/order-1004', ready: '.history tr'},
  {name: 'missing', address: '#/transactions/order-9999', ready: '.empty'},
  {name: 'attention', address: '#/attention', ready: '.entry'},
  {name: 'destinations', address: '#/destinations', ready: '.destinations tbody tr'},
  {name: 'about', address: '#/about', ready: '.settings'},
  {name: 'resolve', address: '#/transactions/order-2001', ready: '.trouble', after: (page) => page.locator('.trouble button').first().click()},
  {name: 'retry-all', address: '#/attention', ready: '.entry', after: (page) => page.locator('.bulk button').last().click()},
];

test('screenshots', async ({browser}) => {
  test.setTimeout(600_000);
  mkdirSync(folder, {recursive: true});
  const only = process.env['ESCROW_ONLY']?.split(',');
  const [escrowd, participant] = await Promise.all([Escrowd.start(), Participant.start()]);
  try {
    await shopTraffic(escrowd, participant, Number(process.env['ESCROW_ORDERS'] ?? 240));
    await graph(escrowd, participant, 'trip-1');
    await troubles(escrowd, participant);
    for (const language of ['en', 'zh'] as const) {
      for (const theme of ['light', 'dark'] as const) {
        for (const width of [1280, 400]) {
          const context = await browser.newContext({viewport: {width, height: width === 400 ? 800 : 860}, timezoneId: 'UTC', colorScheme: theme});
          await context.addInitScript(([chosen, look]) => {
            localStorage.setItem('escrow.language', chosen!);
            localStorage.setItem('escrow.theme', look!);
            localStorage.setItem('escrow.actor', 'Grace');
          }, [language, theme]);
          const page = await context.newPage();
          for (const {name, address, ready, after} of pages) {
            const file = `${name}-${language}-${theme}-${width}`;
            if (only && !only.some((wanted) => file.includes(wanted))) continue;
            await page.goto(`${escrowd.url}/${address}`);
            await page.locator(ready).first().waitFor({timeout: 10_000}).catch(() => console.log(`${file}: no ${ready}`));
            await after?.(page);
            await page.screenshot({path: `${folder}/${file}.png`, fullPage: !after && name !== 'list'});
          }
          await context.close();
        }
      }
    }
  } finally {
    await participant.stop();
    await escrowd.stop();
  }
});
