const NAME = 'tessera-api-key';

/** @returns {string} the key for this tab; empty when there is none (or the browser keeps nothing). */
export function apiKey() {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} key empty forgets it. */
export function rememberApiKey(key) {
  try {
    if (key === '') sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {
    // A browser that forbids storage asks for the key again after a reload: nothing worse.
  }
}

/** @returns {Record<string, string>} the header that carries the key, or none. */
export function keyHeader() {
  const key = apiKey();
  return key === '' ? {} : { 'x-api-key': key };
}
