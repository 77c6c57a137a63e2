type ElementClass<T extends Element> = new () => T;

/** Finds an element by id. @throws Error when the page has no such element of this class. */
export function byId<T extends Element>(id: string, type: ElementClass<T>): T {
  return find(document, `#${id}`, type);
}

/** Finds the first element of a selector. @throws Error when the parent has no such element of this class. */
export function find<T extends Element>(parent: ParentNode, selector: string, type: ElementClass<T>): T {
  const element = parent.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`The page has no ${type.name} ${selector}.`);
}

/** Makes an element with a text. */
export function textElement(name: string, text: string): HTMLElement {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** Saves a file by the browser's download. */
export function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // A minute suffices for browsers that first ask for a folder.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
