import { readFile } from 'node:fs/promises';
import type { Download, Locator, Page } from 'playwright-core';
import { until } from '../until.js';
import type { UploadFile } from './photos.js';

/** What goes wrong in a page without anybody seeing it: script errors, and files that its policy refused. */
export function watchForErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // Answers with an error status are told to the reader; the browser's own note about them is no fault of the page.
    const refused = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refused) errors.push(message.text());
  });
  return errors;
}

/** Runs in the page (as text: these tests are compiled without the types of a browser). */
const GIVE = `({ kind, files }) => {
  const transfer = new DataTransfer();
  for (const { name, mimeType, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: mimeType }));
  }
  const options = { bubbles: true, cancelable: true };
  const event =
    kind === 'drop'
      ? new DragEvent('drop', { ...options, dataTransfer: transfer })
      : new ClipboardEvent('paste', { ...options, clipboardData: transfer });
  document.querySelector('main').dispatchEvent(event);
}`;

/** Gives files to the page by the event of a mouse (`drop`) or of the clipboard (`paste`). */
export async function give(
  page: Page,
  kind: 'drop' | 'paste',
  pictures: readonly UploadFile[],
): Promise<void> {
  const files = pictures.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    base64: buffer.toString('base64'),
  }));
  await page.evaluate(`(${GIVE})(${JSON.stringify({ kind, files })})`);
}

/** The card of a picture. */
export function cardOf(page: Page, name: string): Locator {
  return page.locator('.card', { has: page.getByRole('heading', { name, exact: true }) });
}

/** Clicks what starts a download, and reads the file. */
export async function downloaded(page: Page, trigger: Locator): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), trigger.click()]);
  return { name: (download as Download).suggestedFilename(), content: await readFile(await download.path()) };
}

/**
 * Looks at every frame until an expression is true in the page. (Playwright's own wait needs `eval`, which the page's policy
 * forbids.)
 * @throws Error when patience is at its end.
 */
export async function eventually(page: Page, expression: string): Promise<void> {
  await until(async () => {
    await page.evaluate('new Promise(requestAnimationFrame)');
    return (await page.evaluate(expression)) === true;
  }, `In the page, ${expression}.`);
}

/** By how many CSS pixels the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
}
