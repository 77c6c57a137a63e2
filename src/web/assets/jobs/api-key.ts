const NAME = 'tessera-api-key';

/** The API key of this tab; empty without one, and in a browser that forbids storage. */
export function apiKey(): string {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** @param key empty forgets the key. */
export function rememberApiKey(key: string): void {
  try {
    if (key === '') sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {
    // A browser that forbids storage asks for the key again after a reload.
  }
}
