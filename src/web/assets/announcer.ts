import { byId } from './element.js';

/** Announces a change of state to screen readers, politely. Progress by tiles is not announced. */
export function announce(sentence: string): void {
  byId('announcer', HTMLElement).textContent = sentence;
}
