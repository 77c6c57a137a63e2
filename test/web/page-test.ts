import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { PATIENCE_MS } from '../until.js';
import { launchBrowser, noBrowser } from './browser.js';
import { ContractServer } from './contract-server.js';
import { watchForErrors } from './page-driver.js';

/** What a test of the page is given: the page, open, and the scripted service behind it. */
export interface Scene {
  readonly page: Page;
  readonly server: ContractServer;
}

/** One for all tests of a file. */
let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

/**
 * A test of the page against a scripted service: for states that a real engine passes too fast, or reaches too rarely. Fails
 * also when the page has a script error, or its policy refused something.
 * @param settings of the service.
 */
export function pageTest(
  name: string,
  run: (scene: Scene) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): void {
  test(name, { skip: noBrowser }, async () => {
    browser ??= launchBrowser();
    const server = await ContractServer.start(settings);
    const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(PATIENCE_MS);
    try {
      const page = await context.newPage();
      const errors = watchForErrors(page);
      await page.goto(server.url);
      await run({ page, server });
      assert.deepEqual(errors, []);
    } finally {
      await context.close();
      await server.close();
    }
  });
}
