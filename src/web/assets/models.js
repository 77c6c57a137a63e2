import { getModels, Problem } from './api.js';
import { byId } from './element.js';

/** Titles by name, once the service has told them. @type {Map<string, string>} */
const titles = new Map([['lanczos', 'Lanczos']]);

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
    const rank = (/** @type {import('./api.js').ModelStatus} */ model) =>
      (model.installed ? 0 : 1000) + (model.chainPosition ?? 500);
    const chosen = menu.value;
    const missing = document.createElement('optgroup');
    missing.label = 'Not installed';
    missing.disabled = true;
    menu.length = 1;
    for (const old of menu.querySelectorAll('optgroup')) old.remove();
    for (const model of [...models].sort((a, b) => rank(a) - rank(b))) {
      titles.set(model.name, model.title);
      (model.installed ? menu : missing).append(new Option(model.title, model.name));
    }
    if (missing.children.length > 0) menu.append(missing);
    // One that has gone, or is not installed any more, would be shown and not sent.
    const stays = [...menu.options].some(
      ({ value, parentElement }) => value === chosen && parentElement === menu,
    );
    menu.value = stays ? chosen : '';
    return true;
  } catch (error) {
    // Without the list, "best available" still works; an upload will say what is wrong.
    return !(error instanceof Problem && error.status === 401);
  }
}
