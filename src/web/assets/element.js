/**
 * The element with this id, of this class: a page and its code that do not fit together fail here, at once.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  return checked(document.getElementById(id), type, `#${id}`);
}

/**
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(parent, selector, type) {
  return checked(parent.querySelector(selector), type, selector);
}

/**
 * @template {Element} T
 * @param {Element | null} element
 * @param {new () => T} type
 * @param {string} name
 * @returns {T}
 */
function checked(element, type, name) {
  if (element instanceof type) return element;
  throw new Error(`The page has no ${type.name} ${name}.`);
}
