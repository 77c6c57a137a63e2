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
 * Fills the model menu from `GET /models`: installed ones first, in the chain's order.
 * @returns {Promise<boolean>} false when the service wants an API key before it tells.
 */
export async function fillModelMenu() {
  const menu = byId('model', HTMLSelectElement);
  try {
    const models = await getModels();
    const rank = (/** @type {import('./api.js').ModelStatus} */ model) =>
      (model.installed ? 0 : 1000) + (model.chainPosition ?? 500);
    const chosen = menu.value;
    menu.length = 1;
    for (const model of [...models].sort((a, b) => rank(a) - rank(b))) {
      titles.set(model.name, model.title);
      const choice = new Option(model.installed ? model.title : `${model.title} (not installed)`, model.name);
      choice.disabled = !model.installed;
      menu.add(choice);
    }
    menu.value = chosen;
    return true;
  } catch (error) {
    // Without the list, "best available" still works; an upload will say what is wrong.
    return !(error instanceof Problem && error.status === 401);
  }
}
