import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

/** Why the browser's tests cannot run here; false when they can. What `skip` of node:test takes. */
export const noBrowser: string | false = existsSync(EXECUTABLE)
  ? false
  : `Debian's chromium is not installed (${EXECUTABLE})`;

/** A browser that talks to nobody but us, with a profile of its own that is gone when it closes. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
