import { byId, find } from '../element.js';

/** Options whose empty field shows the service's default as its placeholder. */
const EMPTY_FIELDS = ['tile_size', 'tile_overlap'];
/** The value of each checkbox's option when it is checked, and when it is not. */
export const CHECKBOXES: readonly (readonly [name: string, checked: string, unchecked: string])[] = [
  ['metadata', 'keep', 'strip'],
  ['profile', 'keep', 'srgb'],
  ['fallback', 'true', 'false'],
];

const defaults: Readonly<Record<string, string>> = JSON.parse(
  byId('options', HTMLFormElement).dataset.defaults ?? '{}',
);

/** The service's default of an option, which it wrote into the form; empty without a fixed default. */
export function defaultOf(name: string): string {
  return defaults[name] ?? '';
}

/** Sets the form to the service's defaults. Values that the browser restored after a reload stay. */
export function startWithDefaults(): void {
  const form = byId('options', HTMLFormElement);
  const field = (name: string, value = '') =>
    find(form, `[name=${name}]${value && `[value="${value}"]`}`, HTMLInputElement);

  const scale = defaultOf('scale');
  if (scale !== '') {
    const isOffered = form.querySelector(`[name=scale][value="${scale}"]`) !== null;
    field('scale', isOffered ? scale : 'other').defaultChecked = true;
    if (!isOffered) field('exact_scale').defaultValue = scale;
  }
  find(form, `[name=format] [value=${defaultOf('format')}]`, HTMLOptionElement).defaultSelected = true;
  // The menu of models is filled later. Until then it shows the model's name.
  const model = defaultOf('model');
  if (model !== 'auto') byId('model', HTMLSelectElement).append(new Option(model, model, true, true));
  for (const name of ['strength', 'sharpen', 'quality', 'background'])
    field(name).defaultValue = defaultOf(name);
  for (const name of EMPTY_FIELDS) if (defaultOf(name) !== '') field(name).placeholder = defaultOf(name);
  for (const [name, checked] of CHECKBOXES) field(name).defaultChecked = defaultOf(name) === checked;
}
