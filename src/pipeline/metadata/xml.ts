/** A range of a text, in characters. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Attribute extends Span {
  /** The namespace of its prefix; '' without one. */
  readonly namespace: string;
  readonly local: string;
  /** Range between the quotes, unescaped. */
  readonly value: Span;
}

/** An element, from the start of its opening tag to the end of its closing tag. */
export interface Element extends Span {
  readonly namespace: string;
  readonly local: string;
  readonly attributes: readonly Attribute[];
  readonly children: Element[];
  /** End of the name in the opening tag. */
  readonly nameEnd: number;
  /** Range between the tags; undefined for an empty-element tag. */
  readonly content: Span | undefined;
  /** Namespaces by prefix; '' is the default namespace. */
  readonly scope: ReadonlyMap<string, string>;
}

const NAME = /[^\s/>=<"'!?]+/y;
const ATTRIBUTE = /\s+([^\s=>/"'<]+)\s*=\s*("[^"<]*"|'[^'<]*')/y;
const TAG_END = /\s*(\/?)>/y;
const CLOSING_TAG = /<\/([^\s>]+)\s*>/y;

/**
 * Limits deeper than any XMP, and above the elements and attributes of the longest history. Each takes some hundred
 * bytes of memory.
 */
const MAX_DEPTH = 256;
const MAX_PARTS = 200_000;

interface Open {
  readonly element: Omit<Element, 'end' | 'content'>;
  readonly name: string;
  readonly contentStart: number;
  readonly siblings: Element[];
}

/**
 * Parses the elements of an XML text, with their ranges. Texts, comments and instructions are skipped. A document
 * type, which XMP does not have, is not accepted.
 * @returns the outermost elements; undefined for malformed XML, and for more than 200,000 elements and attributes.
 */
export function parseXml(text: string): Element[] | undefined {
  const roots: Element[] = [];
  const open: Open[] = [];
  let parts = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const passed = pastOther(text, at);
    if (passed === undefined) return undefined;
    if (passed > at) {
      at = passed;
      continue;
    }
    const siblings = open.at(-1)?.element.children ?? roots;
    if (text[at + 1] === '/') {
      const closing = matchAt(CLOSING_TAG, text, at);
      const last = open.pop();
      if (closing === null || last === undefined || closing[1] !== last.name) return undefined;
      const end = CLOSING_TAG.lastIndex;
      last.siblings.push({ ...last.element, content: { start: last.contentStart, end: at }, end });
      at = end;
      continue;
    }
    const tag = readTag(text, at, open.at(-1)?.element.scope ?? new Map());
    if (tag === undefined || open.length > MAX_DEPTH) return undefined;
    parts += 1 + tag.element.attributes.length;
    if (parts > MAX_PARTS) return undefined;
    const { name, element, end } = tag;
    if (tag.isEmpty) siblings.push({ ...element, content: undefined, end });
    else open.push({ element, name, contentStart: end, siblings });
    at = end;
  }
  return open.length === 0 && roots.length > 0 ? roots : undefined;
}

/** End of a comment, an instruction or a CDATA section; `at` without one; undefined where it does not end. */
function pastOther(text: string, at: number): number | undefined {
  for (const [start, end] of [
    ['<!--', '-->'],
    ['<?', '?>'],
    ['<![CDATA[', ']]>'],
  ] as const) {
    if (!text.startsWith(start, at)) continue;
    const found = text.indexOf(end, at + start.length);
    return found < 0 ? undefined : found + end.length;
  }
  return text[at + 1] === '!' ? undefined : at;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

interface Tag {
  readonly name: string;
  readonly element: Omit<Element, 'end' | 'content'>;
  readonly isEmpty: boolean;
  readonly end: number;
}

function readTag(text: string, start: number, outer: ReadonlyMap<string, string>): Tag | undefined {
  const name = matchAt(NAME, text, start + 1)?.[0];
  if (name === undefined) return undefined;
  const nameEnd = NAME.lastIndex;
  const found: { name: string; start: number; end: number; value: Span }[] = [];
  let at = nameEnd;
  for (let match = matchAt(ATTRIBUTE, text, at); match !== null; match = matchAt(ATTRIBUTE, text, at)) {
    const [, attribute = '', quoted = ''] = match;
    const end = ATTRIBUTE.lastIndex;
    found.push({ name: attribute, start: at, end, value: { start: end - quoted.length + 1, end: end - 1 } });
    if (found.length > MAX_PARTS) return undefined;
    at = end;
  }
  const close = matchAt(TAG_END, text, at);
  if (close === null) return undefined;
  const declared = found.flatMap(({ name: each, value }): [string, string][] => {
    const prefix = each === 'xmlns' ? '' : each.startsWith('xmlns:') ? each.slice(6) : undefined;
    return prefix === undefined ? [] : [[prefix, text.slice(value.start, value.end)]];
  });
  const scope = declared.length === 0 ? outer : new Map([...outer, ...declared]);
  const attributes = found.map(({ name: full, ...spans }): Attribute => {
    const { prefix, local } = split(full);
    return { ...spans, local, namespace: prefix === '' ? '' : (scope.get(prefix) ?? '') };
  });
  const { prefix, local } = split(name);
  const element = {
    start,
    nameEnd,
    local,
    namespace: scope.get(prefix) ?? '',
    attributes,
    children: [],
    scope,
  };
  return { name, element, isEmpty: close[1] === '/', end: TAG_END.lastIndex };
}

function split(name: string): { prefix: string; local: string } {
  const colon = name.indexOf(':');
  return colon < 0
    ? { prefix: '', local: name }
    : { prefix: name.slice(0, colon), local: name.slice(colon + 1) };
}

/** All elements, outer ones first. */
export function* everyElement(elements: readonly Element[]): Generator<Element> {
  for (const element of elements) {
    yield element;
    yield* everyElement(element.children);
  }
}

/** A replacement for a range of a text. */
export interface Replacement extends Span {
  readonly text: string;
}

/** The text with ranges replaced. Of nested ranges the outer one counts; insertions come before them. */
export function replaced(text: string, replacements: readonly Replacement[]): string {
  const parts: string[] = [];
  let at = 0;
  const isInsertion = ({ start, end }: Span) => start === end;
  const inOrder = [...replacements].sort(
    (a, b) => a.start - b.start || Number(isInsertion(b)) - Number(isInsertion(a)) || b.end - a.end,
  );
  for (const { start, end, text: by } of inOrder) {
    if (start < at) continue;
    parts.push(text.slice(at, start), by);
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
