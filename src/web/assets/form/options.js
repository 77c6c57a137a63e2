import { byId, find } from '../element.js';
import { apiKey, rememberApiKey } from '../jobs/api-key.js';
import { CHECKBOXES, startWithDefaults, usual } from './defaults.js';
import { fillModelMenu, showPurpose } from './models.js';

/** Options with a field of one text. */
const FIELDS = ['model', 'format', 'quality', 'background', 'tile_size', 'tile_overlap', 'timeout'];
/** Fields that are empty unless the reader says something: an empty one is not sent. */
const OPTIONAL_FIELDS = ['tile_size', 'tile_overlap', 'timeout'];

/** What a field holds while the reader has said nothing. @param {string} name */
const unsaid = (name) => (OPTIONAL_FIELDS.includes(name) ? '' : usual(name));

/**
 * The options of the form, as the query of `POST /jobs`. Values are not judged here: the service's own sentence about a bad
 * one is the one that people should read.
 * @returns {URLSearchParams}
 */
export function chosenOptions() {
  const form = new FormData(byId('options', HTMLFormElement));
  const text = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
  const scale = text('scale');
  const options = new URLSearchParams({ scale: scale === 'other' ? text('exact_scale') : scale });
  for (const name of FIELDS) if (text(name) !== unsaid(name)) options.set(name, text(name));
  for (const [name, checked, unchecked] of CHECKBOXES) {
    const value = form.has(name) ? checked : unchecked;
    if (value !== usual(name)) options.set(name, value);
  }
  return options;
}

/**
 * What is set under "More options", which may be closed: nothing counts without being seen.
 * @param {HTMLFormElement} form
 * @returns {string} empty while all is as usual.
 */
function hiddenInWords(form) {
  const data = new FormData(form);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? '').trim();
  const isSet = (/** @type {string} */ name) => text(name) !== unsaid(name);
  const changed = chosenOptions();
  const parts = [
    isSet('quality') && `quality ${text('quality')}`,
    isSet('background') && `background ${text('background')}`,
    isSet('timeout') && `time limit ${text('timeout')} s`,
    isSet('tile_size') && `tile size ${text('tile_size')} px`,
    isSet('tile_overlap') && `tile overlap ${text('tile_overlap')} px`,
    changed.has('metadata') && (data.has('metadata') ? 'metadata kept' : 'metadata removed'),
    changed.has('profile') && (data.has('profile') ? 'colour profile kept' : 'colours as sRGB'),
    changed.has('fallback') && (data.has('fallback') ? 'other models allowed' : 'no other model'),
    byId('api-key', HTMLInputElement).value !== '' && 'API key',
  ];
  return parts.filter((part) => part !== false).join(', ');
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
  startWithDefaults();

  const exact = byId('exact', HTMLElement);
  const exactScale = find(exact, 'input', HTMLInputElement);
  const other = find(form, '[name=scale][value=other]', HTMLInputElement);
  /** What is chosen is what is seen: the field for another scale is there, and sent, only while that is the choice. */
  const showChoice = () => {
    exact.hidden = !other.checked;
    exactScale.disabled = exact.hidden;
    byId('more-set', HTMLElement).textContent = hiddenInWords(form);
    showPurpose();
  };
  form.addEventListener('change', showChoice);
  form.addEventListener('input', showChoice);
  other.addEventListener('change', () => exactScale.select());

  const quality = find(form, '[name=quality]', HTMLInputElement);
  const value = byId('quality-value', HTMLOutputElement);
  const showQuality = () => {
    value.textContent = quality.value;
  };
  quality.addEventListener('input', showQuality);
  showQuality(); // The browser may have restored another value after a reload.

  const key = byId('api-key', HTMLInputElement);
  key.value = apiKey();
  showChoice();
  key.addEventListener('change', async () => {
    rememberApiKey(key.value.trim());
    await fillModelMenu();
  });
  if (!(await fillModelMenu())) byId('more', HTMLDetailsElement).open = true;
}
