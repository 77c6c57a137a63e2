import { byId, find } from '../element.js';
import { apiKey, rememberApiKey } from '../jobs/api.js';
import { CHECKBOXES, defaultOf, startWithDefaults } from './defaults.js';
import { fillModelMenu, showPurpose } from './models.js';

/** Options with a field of one text. */
const FIELDS = [
  'model',
  'format',
  'strength',
  'sharpen',
  'quality',
  'background',
  'tile_size',
  'tile_overlap',
  'timeout',
];
/** Sliders, whose value stands beside their name. */
const SLIDERS = ['strength', 'sharpen', 'quality'];
/** Fields that are empty by default: an empty field is not sent. */
const OPTIONAL_FIELDS = ['tile_size', 'tile_overlap', 'timeout'];

/**
 * The options of the form that differ from the service's defaults, as the query of `POST /jobs`. The page does not judge
 * values: the service's own sentence about a bad value reaches the reader.
 */
export function chosenOptions(): URLSearchParams {
  const form = new FormData(byId('options', HTMLFormElement));
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const scale = text('scale');
  const maxSide = text('max_side');
  const options = new URLSearchParams(
    maxSide === '' ? { scale: scale === 'other' ? text('exact_scale') : scale } : { max_side: maxSide },
  );
  for (const name of FIELDS) {
    if (text(name) !== (OPTIONAL_FIELDS.includes(name) ? '' : defaultOf(name))) options.set(name, text(name));
  }
  for (const [name, checked, unchecked] of CHECKBOXES) {
    const value = form.has(name) ? checked : unchecked;
    if (value !== defaultOf(name)) options.set(name, value);
  }
  return options;
}

/** The changed options under "More options", which may be closed; empty when all have their defaults. */
function hiddenInWords(): string {
  const changed = chosenOptions();
  const words = (name: string, say: (value: string) => string) => {
    const value = changed.get(name);
    return value === null ? [] : say(value);
  };
  return [
    words('max_side', (value) => `longer side ${value} px`),
    words('strength', (value) => `strength ${value}`),
    words('sharpen', (value) => `sharpen ${value}`),
    words('quality', (value) => `quality ${value}`),
    words('background', (value) => `background ${value}`),
    words('timeout', (value) => `time limit ${value} s`),
    words('tile_size', (value) => `tile size ${value} px`),
    words('tile_overlap', (value) => `tile overlap ${value} px`),
    words('metadata', (value) => (value === 'keep' ? 'metadata kept' : 'metadata removed')),
    words('profile', (value) => (value === 'keep' ? 'colour profile kept' : 'colours as sRGB')),
    words('fallback', (value) => (value === 'true' ? 'other models allowed' : 'no other model')),
    byId('api-key', HTMLInputElement).value === '' ? [] : 'API key',
  ]
    .flat()
    .join(', ');
}

/** Opens the field for the API key and focuses it. */
export function askForApiKey(): void {
  byId('more', HTMLDetailsElement).open = true;
  byId('api-key', HTMLInputElement).focus();
}

/** Sets up the form: defaults, the API key, the menu of models, and what changes with a choice. */
export async function prepareOptions(): Promise<void> {
  const form = byId('options', HTMLFormElement);
  form.addEventListener('submit', (event) => event.preventDefault());
  startWithDefaults();
  const key = byId('api-key', HTMLInputElement);
  key.value = apiKey();

  const exact = byId('exact', HTMLElement);
  const exactScale = find(exact, 'input', HTMLInputElement);
  const other = find(form, '[name=scale][value=other]', HTMLInputElement);
  /** The field for another scale is shown and sent only while "Other" is chosen. */
  const showChoice = () => {
    exact.hidden = !other.checked;
    exactScale.disabled = exact.hidden;
    for (const name of SLIDERS) {
      const { value } = find(form, `[name=${name}]`, HTMLInputElement);
      byId(`${name}-value`, HTMLOutputElement).textContent = value;
    }
    byId('more-set', HTMLElement).textContent = hiddenInWords();
    showPurpose();
  };
  form.addEventListener('change', showChoice);
  form.addEventListener('input', showChoice);
  other.addEventListener('change', () => exactScale.select());
  key.addEventListener('change', async () => {
    rememberApiKey(key.value.trim());
    await fillModelMenu();
  });
  showChoice();
  if (!(await fillModelMenu())) byId('more', HTMLDetailsElement).open = true;
}
