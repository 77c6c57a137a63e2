import { byId, find } from '../element.js';
import { getModels, Problem } from '../jobs/api.js';

/** @typedef {import('../jobs/api.js').ModelStatus} ModelStatus */

/** Titles by name, once the service has told them. @type {Map<string, string>} */
const titles = new Map([['lanczos', 'Lanczos']]);
/** What each is for, by name; `auto` is the service's own choice. @type {Map<string, string>} */
const purposes = new Map([['auto', 'The strongest that is done in time.']]);

/**
 * @param {string} name
 * @returns {string} its title, or the name itself while that is all we know.
 */
export function titleOf(name) {
  return titles.get(name) ?? name;
}

/**
 * Fills the model menu from `GET /models`: in the chain's order; those that are not installed stand apart, and cannot be chosen.
 * @returns {Promise<boolean>} false when the service wants an API key before it tells.
 */
export async function fillModelMenu() {
  const menu = byId('model', HTMLSelectElement);
  try {
    const models = await getModels();
    const rank = (/** @type {ModelStatus} */ model) =>
      (model.installed ? 0 : 1000) + (model.chainPosition ?? 500);
    const chosen = menu.value;
    const missing = document.createElement('optgroup');
    missing.label = 'Not installed';
    missing.disabled = true;
    menu.length = 1;
    for (const old of menu.querySelectorAll('optgroup')) old.remove();
    const ranked = [...models].sort((a, b) => rank(a) - rank(b));
    for (const model of ranked) {
      titles.set(model.name, model.title);
      if (model.purpose !== undefined) purposes.set(model.name, model.purpose);
      (model.installed ? menu : missing).append(new Option(model.title, model.name));
    }
    if (missing.children.length > 0) menu.append(missing);
    // One that has gone, or is not installed any more, would be shown and not sent.
    const stays = [...menu.options].some(
      ({ value, parentElement }) => value === chosen && parentElement === menu,
    );
    menu.value = stays ? chosen : 'auto';
    listPurposes(ranked);
    showPurpose();
    return true;
  } catch (error) {
    // Without the list, "best available" still works; an upload will say what is wrong.
    return !(error instanceof Problem && error.status === 401);
  }
}

/** Says below the menu what the chosen model is for. */
export function showPurpose() {
  const menu = byId('model', HTMLSelectElement);
  byId('model-purpose', HTMLElement).textContent = purposes.get(menu.value) ?? '';
}

/** Says of every model what it is for: of those too that are not installed, which the menu cannot choose. @param {ModelStatus[]} models */
function listPurposes(models) {
  const section = byId('model-list', HTMLElement);
  const rows = models.flatMap(({ title, purpose, installed }) => {
    if (purpose === undefined) return [];
    const term = document.createElement('dt');
    term.textContent = title;
    const details = document.createElement('dd');
    details.textContent = installed ? purpose : `${purpose} Not installed.`;
    return [term, details];
  });
  find(section, 'dl', HTMLElement).replaceChildren(...rows);
  section.hidden = rows.length === 0;
}
