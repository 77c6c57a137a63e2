import { byId } from './element.js';

/**
 * Says a sentence to screen readers, politely. For changes of state only: a tile is not news.
 * @param {string} sentence
 */
export function announce(sentence) {
  byId('announcer', HTMLElement).textContent = sentence;
}
