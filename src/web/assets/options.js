import { apiKey, rememberApiKey } from './api-key.js';
import { byId, find } from './element.js';
import { fillModelMenu } from './models.js';

/** What the service does when an option is not sent: sent ones are those that say something else. */
const DEFAULTS = new Map([
  ['model', ''],
  ['format', 'auto'],
  ['quality', '95'],
  ['background', '#ffffff'],
  ['tile_size', ''],
  ['tile_overlap', ''],
  ['timeout', ''],
]);

/**
 * The options of the form, as the query of `POST /jobs`. Values are not judged here: the service's own sentence about a bad
 * one is the one that people should read.
 * @returns {URLSearchParams}
 */
export function chosenOptions() {
  const form = new FormData(byId('options', HTMLFormElement));
  const text = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
  const options = new URLSearchParams({ scale: text('exact_scale') || text('scale') });
  for (const [name, unsaid] of DEFAULTS) if (text(name) !== unsaid) options.set(name, text(name));
  for (const name of ['metadata', 'profile']) if (form.has(name)) options.set(name, 'keep');
  if (!form.has('fallback')) options.set('fallback', 'false');
  return options;
}

/** Opens the field for the API key and goes there. */
export function askForApiKey() {
  byId('more', HTMLDetailsElement).open = true;
  byId('api-key', HTMLInputElement).focus();
}

/** Brings the form to life. */
export async function prepareOptions() {
  const form = byId('options', HTMLFormElement);
  form.addEventListener('submit', (event) => event.preventDefault());

  const quality = find(form, '[name=quality]', HTMLInputElement);
  const value = byId('quality-value', HTMLOutputElement);
  const showQuality = () => {
    value.textContent = quality.value;
  };
  quality.addEventListener('input', showQuality);
  showQuality(); // The browser may have restored another value after a reload.

  const key = byId('api-key', HTMLInputElement);
  key.value = apiKey();
  key.addEventListener('change', async () => {
    rememberApiKey(key.value.trim());
    await fillModelMenu();
  });
  if (!(await fillModelMenu())) byId('more', HTMLDetailsElement).open = true;
}
