import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {test} from '@playwright/test';
import type {Browser, BrowserContext, Page} from '@playwright/test';
import {Escrowd} from './support/escrowd';
import {Participant} from './support/participant';
import {graph, shopTraffic, troubles} from './support/traffic';

/// Pictures of every page, in both languages and themes and on a small screen: for whoever changes the look, and for docs/console.md.
///
///   ESCROW_SCREENSHOTS=folder   where they go

/// What docs/console.md shows.
const tour: Record<string, string> = {
  'overview-en-dark-1280': 'overview', 'refused-en-light-1280': 'stuck', 'graph-en-dark-1280': 'graph', 'attention-en-light-1280': 'attention',
  'resolve-en-light-1280': 'resolve', 'list-en-light-1280': 'list', 'destinations-en-light-1280': 'destinations', 'refused-zh-dark-400': 'narrow',
};
const tourFolder = '../../docs/console';

const folder = process.env['ESCROW_SCREENSHOTS'] ?? 'results/screenshots';
const pages: {name: string; address: string; ready: string; after?: (page: Page) => Promise<void>}[] = [
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
  {name: 'about', address: '#/about', ready: '.facts dd'},
  {name: 'resolve', address: '#/transactions/order-2001', ready: '.trouble', after: (page) => page.locator('.trouble button').first().click()},
  {name: 'retry-all', address: '#/attention', ready: '.entry', after: (page) => page.locator('.bulk button').last().click()},
  {name: 'overview', address: '#/', ready: '.chart canvas'},
];

test('screenshots', async ({browser}) => {
  test.setTimeout(900_000);
  mkdirSync(folder, {recursive: true});
  const [escrowd, participant] = await Promise.all([Escrowd.start(), Participant.start()]);
  let isOver = false;
  let traffic: Promise<void> = Promise.resolve();
  try {
    await shopTraffic(escrowd, participant, Number(process.env['ESCROW_ORDERS'] ?? 240));
    await graph(escrowd, participant, 'trip-1');
    await troubles(escrowd, participant);
    const isList = ({name}: {name: string}): boolean => name.startsWith('list');
    await takeAll(browser, escrowd.url, pages.filter(isList));
    // The charts of the overview, which comes last, want something to draw.
    traffic = (async () => { for (let wave = 0; !isOver; ++wave) await shopTraffic(escrowd, participant, 8 + (wave % 40), 10_000 + wave * 100); })();
    await takeAll(browser, escrowd.url, pages.filter((page) => !isList(page)));
  } finally {
    isOver = true;
    await traffic;
    await participant.stop();
    await escrowd.stop();
  }
});

const only = process.env['ESCROW_ONLY']?.split(',');

async function takeAll(browser: Browser, url: string, wanted: typeof pages): Promise<void> {
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
        const taken: string[] = [];
        for (const {name, address, ready, after} of wanted) {
          const file = `${name}-${language}-${theme}-${width}`;
          if (only && !only.some((part) => file.includes(part))) continue;
          await page.goto('about:blank');
          await page.goto(`${url}/${address}`);
          await page.locator(ready).first().waitFor();
          await after?.(page);
          await page.screenshot({path: `${folder}/${file}.png`, fullPage: !after && name !== 'list'});
          taken.push(file);
        }
        if (!only) await keepForTour(context, taken);
        await context.close();
      }
    }
  }
}

/// As WebP, cut to what fits on a page: the browser itself packs pictures well.
async function keepForTour(context: BrowserContext, taken: string[]): Promise<void> {
  mkdirSync(tourFolder, {recursive: true});
  const page = await context.newPage();
  for (const file of taken.filter((name) => tour[name])) {
    const source = `data:image/png;base64,${readFileSync(`${folder}/${file}.png`).toString('base64')}`;
    const packed = await page.evaluate(async (address) => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      const canvas = document.createElement('canvas');
      canvas.width = picture.width;
      canvas.height = Math.min(picture.height, picture.width > 500 ? 900 : 1200);
      canvas.getContext('2d')!.drawImage(picture, 0, 0);
      return canvas.toDataURL('image/webp', 0.8).split(',')[1]!;
    }, source);
    writeFileSync(`${tourFolder}/${tour[file]}.webp`, Buffer.from(packed, 'base64'));
  }
}
