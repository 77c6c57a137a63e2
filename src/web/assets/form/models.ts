import type { ModelStatus, Purpose } from '../../../domain/types.js';
import { Problem } from '../client/problem.js';
import { byId, find, textElement } from '../element.js';
import { api } from '../jobs/api.js';

/** Titles by name, as far as the service has told them. */
const titles = new Map([['lanczos', 'Lanczos']]);
/** The purpose of each model by its name; `auto` is the service's own choice. */
const purposes = new Map([['auto', 'The strongest that is done in time.']]);

/** The purposes that a request may name in place of a model. */
const PURPOSE_WORDS: Readonly<Record<Purpose, string>> = {
  photo: 'Photos',
  drawing: 'Drawings',
  fast: 'Little time',
  best: 'The best result, however long',
};

/** The title of a model; its name while the title is unknown. */
export function titleOf(name: string): string {
  return titles.get(name) ?? name;
}

/**
 * Fills the model menu from `GET /models`, in the order of the chain. Models that are not installed stand apart, disabled.
 * @returns false when the service asks for an API key.
 */
export async function fillModelMenu(): Promise<boolean> {
  const menu = byId('model', HTMLSelectElement);
  try {
    const answer = await (await api.request('models')).json();
    const rank = ({ installed, chainPosition = 500 }: ModelStatus) => (installed ? 0 : 1000) + chainPosition;
    const models = (answer.models as ModelStatus[]).sort((a, b) => rank(a) - rank(b));
    const meanings = Object.entries(answer.purposes as Readonly<Record<Purpose, string>>);
    const chosen = menu.value;
    const byPurpose = document.createElement('optgroup');
    byPurpose.label = 'For';
    const missing = document.createElement('optgroup');
    missing.label = 'Not installed';
    missing.disabled = true;
    menu.length = 1;
    for (const old of menu.querySelectorAll('optgroup')) old.remove();
    for (const { name, title, purpose, installed } of models) {
      titles.set(name, title);
      if (purpose !== undefined) purposes.set(name, purpose);
      (installed ? menu : missing).append(new Option(title, name));
    }
    for (const [purpose, name] of meanings) {
      purposes.set(purpose, `Here: ${titleOf(name)}.`);
      byPurpose.append(new Option(PURPOSE_WORDS[purpose as Purpose], purpose));
    }
    menu.append(byPurpose);
    if (missing.children.length > 0) menu.append(missing);
    // A model that is no longer installed would be shown and not sent.
    const stays =
      meanings.some(([purpose]) => purpose === chosen) ||
      models.some(({ name, installed }) => installed && name === chosen);
    menu.value = stays ? chosen : 'auto';
    listPurposes(models);
    showPurpose();
    return true;
  } catch (error) {
    // Without the list, "best available" still works, and the answer to an upload tells the problem.
    return !(error instanceof Problem && error.status === 401);
  }
}

/** Shows the purpose of the chosen model below the menu. */
export function showPurpose(): void {
  const menu = byId('model', HTMLSelectElement);
  byId('model-purpose', HTMLElement).textContent = purposes.get(menu.value) ?? '';
}

/** Lists the purposes of all models, also of those that are not installed. */
function listPurposes(models: readonly ModelStatus[]): void {
  const section = byId('model-list', HTMLElement);
  const rows = models.flatMap(({ title, purpose, installed }) =>
    purpose === undefined
      ? []
      : [textElement('dt', title), textElement('dd', installed ? purpose : `${purpose} Not installed.`)],
  );
  find(section, 'dl', HTMLElement).replaceChildren(...rows);
  section.hidden = rows.length === 0;
}
