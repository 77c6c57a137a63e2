/** A text that this tab keeps over a reload; null without one, and in a browser that forbids storage. */
export function stored(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text for this tab, as far as the browser allows it. */
export function store(name: string, text: string): void {
  try {
    sessionStorage.setItem(name, text);
  } catch {
    // A browser that forbids storage asks for the key again after a reload, and shows no pictures.
  }
}
