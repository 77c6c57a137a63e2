import { byId, find } from '../element.js';

/** Options with a field that is empty unless the reader says something: what the service does then stands in it, in grey. */
const EMPTY_FIELDS = ['tile_size', 'tile_overlap'];
/**
 * Checkboxes: what each option is when it is checked, and when it is not.
 * @type {readonly (readonly [name: string, checked: string, unchecked: string])[]}
 */
export const CHECKBOXES = [
  ['metadata', 'keep', 'strip'],
  ['profile', 'keep', 'srgb'],
  ['fallback', 'true', 'false'],
];

/** @type {Readonly<Record<string, string>>} */
const defaults = JSON.parse(byId('options', HTMLFormElement).dataset.defaults ?? '{}');

/**
 * @param {string} name of an option
 * @returns {string} what the service does where it is not sent, as it has written into the form; empty: nothing fixed.
 */
export function usual(name) {
  return defaults[name] ?? '';
}

/** Lets the form start with what the service does by itself. What the browser has restored after a reload stays. */
export function startWithDefaults() {
  const form = byId('options', HTMLFormElement);
  const field = (/** @type {string} */ name, value = '') =>
    find(form, `[name=${name}]${value && `[value="${value}"]`}`, HTMLInputElement);

  if (usual('scale') !== '') {
    const isOffered = form.querySelector(`[name=scale][value="${usual('scale')}"]`) !== null;
    field('scale', isOffered ? usual('scale') : 'other').defaultChecked = true;
    if (!isOffered) field('exact_scale').defaultValue = usual('scale');
  }
  find(form, `[name=format] [value=${usual('format')}]`, HTMLOptionElement).defaultSelected = true;
  // The menu of models is filled later; until then the name stands for itself.
  if (usual('model') !== 'auto') {
    byId('model', HTMLSelectElement).append(new Option(usual('model'), usual('model'), true, true));
  }
  for (const name of ['quality', 'background']) field(name).defaultValue = usual(name);
  for (const name of EMPTY_FIELDS) if (usual(name) !== '') field(name).placeholder = usual(name);
  for (const [name, checked] of CHECKBOXES) field(name).defaultChecked = usual(name) === checked;
}
