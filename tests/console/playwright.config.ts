import {defineConfig} from '@playwright/test';

// Debian's Chromium; Playwright's own browsers are not downloaded.
const chromium = process.env['ESCROW_CHROMIUM'] ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  outputDir: process.env['ESCROW_CONSOLE_RESULTS'] ?? 'results',
  workers: Number(process.env['ESCROW_JOBS'] ?? 2),
  fullyParallel: true,
  forbidOnly: Boolean(process.env['CI']),
  retries: 0,
  timeout: 60_000,
  expect: {timeout: 15_000},
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: {width: 1280, height: 800},
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'light',
    launchOptions: {executablePath: chromium, args: ['--no-sandbox', '--disable-dev-shm-usage']},
    trace: 'off',
  },
  projects: [
    {name: 'unit', testMatch: 'unit/*.spec.ts'},
    {name: 'browser', testMatch: 'browser/*.spec.ts'},
    {name: 'screenshots', testMatch: 'screenshots.ts'},
  ],
});
