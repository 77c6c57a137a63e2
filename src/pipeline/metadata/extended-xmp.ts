import { createHash } from 'node:crypto';
import { type Attribute, type Element, everyElement, parseXml, type Replacement, replaced } from './xml.js';

/**
 * XMP that is too long for one segment of a JPEG: a first part with a digest, and a second part, whose digest it is
 * (XMP Specification, part 3, 1.1.3.1). Each property is in one of them.
 */
interface SplitXmp {
  readonly first: string;
  readonly second: Buffer;
  /** MD5 of the second part, 32 capital hexadecimal digits. */
  readonly digest: string;
}

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const NOTE = 'http://ns.adobe.com/xmp/note/';
/** The property that announces a second part. */
const EXTENDED = 'HasExtendedXMP';
/** Characters that the digest takes in the first part, with its namespace. */
const NOTE_LETTERS = 200;

/**
 * Joins a first part and the parts that it names.
 * @param parts by digest.
 * @returns undefined when a part is missing or unreadable.
 */
export function joinedXmp(first: string, parts: ReadonlyMap<string, string>): string | undefined {
  const roots = parseXml(first);
  if (roots === undefined) return undefined;
  const notes = notesOf(first, roots);
  if (notes.length === 0) return first;
  const rdf = rdfOf(roots);
  if (rdf?.content === undefined) return undefined;
  const replacements: Replacement[] = notes.map(({ start, end }) => ({ start, end, text: '' }));
  for (const { digest } of notes) {
    const second = parts.get(digest);
    const descriptions = second === undefined ? undefined : descriptionsOf(second);
    if (descriptions === undefined) return undefined;
    replacements.push({ start: rdf.content.end, end: rdf.content.end, text: descriptions });
  }
  return replaced(first, replacements);
}

function rdfOf(roots: readonly Element[]): Element | undefined {
  for (const element of everyElement(roots)) {
    if (element.namespace === RDF && element.local === 'RDF') return element;
  }
  return undefined;
}

function notesOf(text: string, roots: readonly Element[]): { start: number; end: number; digest: string }[] {
  const isNote = ({ namespace, local }: Element | Attribute) => namespace === NOTE && local === EXTENDED;
  return [...everyElement(roots)].flatMap((element) => {
    const named = element.attributes
      .filter(isNote)
      .map(({ start, end, value }) => ({ start, end, digest: text.slice(value.start, value.end).trim() }));
    const { start, end, content } = element;
    if (!isNote(element) || content === undefined) return named;
    return [...named, { start, end, digest: text.slice(content.start, content.end).trim() }];
  });
}

/** The descriptions of a second part, each with the namespaces declared around it. */
function descriptionsOf(second: string): string | undefined {
  const roots = parseXml(second);
  const rdf = roots === undefined ? undefined : rdfOf(roots);
  return rdf?.children
    .map((description) => {
      const { start, end, nameEnd } = description;
      const own = second.slice(nameEnd, description.content?.start ?? end);
      const missing = [...rdf.scope].filter(
        ([prefix]) => !new RegExp(`\\sxmlns${prefix && `:${prefix}`}\\s*=`).test(own),
      );
      return second.slice(start, nameEnd) + declarations(missing) + second.slice(nameEnd, end);
    })
    .join('');
}

function declarations(scope: Iterable<readonly [string, string]>): string {
  return [...scope].map(([prefix, namespace]) => ` xmlns${prefix && `:${prefix}`}="${namespace}"`).join('');
}

/** A property of a picture: an attribute of a description, or an element in it. */
interface Property {
  readonly description: Element;
  readonly spelling: Attribute | Element;
}

/**
 * Moves the longest properties to a second part until the first fits.
 * @param room bytes for the first part.
 * @returns undefined when that is impossible.
 */
export function splitXmp(text: string, room: number): SplitXmp | undefined {
  const roots = parseXml(text);
  const rdf = roots === undefined ? undefined : rdfOf(roots);
  if (rdf === undefined) return undefined;
  const properties = rdf.children
    .flatMap(propertiesOf)
    .sort((a, b) => lengthOf(text, b.spelling) - lengthOf(text, a.spelling));
  let surplus = Buffer.byteLength(text) + NOTE_LETTERS - room;
  const moved: Property[] = [];
  for (const property of properties) {
    if (surplus <= 0) break;
    moved.push(property);
    surplus -= lengthOf(text, property.spelling);
  }
  const [description] = rdf.children;
  if (surplus > 0 || description === undefined) return undefined;
  const second = Buffer.from(secondPart(text, moved));
  const digest = createHash('md5').update(second).digest('hex').toUpperCase();
  const note = ` xmlns:xmpNote="${NOTE}" xmpNote:${EXTENDED}="${digest}"`;
  const first = replaced(text, [
    {
      start: description.nameEnd,
      end: description.nameEnd,
      text: description.scope.get('xmpNote') === NOTE ? note.slice(note.indexOf(' xmpNote:')) : note,
    },
    ...moved.map(({ spelling: { start, end } }) => ({ start, end, text: '' })),
  ]);
  return { first, second, digest };
}

function lengthOf(text: string, { start, end }: Attribute | Element): number {
  return Buffer.byteLength(text.slice(start, end));
}

function propertiesOf(description: Element): Property[] {
  const { attributes, children } = description;
  const own = attributes.filter(({ namespace }) => namespace !== '' && namespace !== RDF);
  return [...own, ...children].map((spelling) => ({ description, spelling }));
}

function secondPart(text: string, moved: readonly Property[]): string {
  const byDescription = new Map<Element, Property[]>();
  for (const property of moved) {
    const others = byDescription.get(property.description) ?? [];
    byDescription.set(property.description, [...others, property]);
  }
  const descriptions = [...byDescription].map(([{ scope, attributes }, properties]) => {
    const about = attributes.find(({ namespace, local }) => namespace === RDF && local === 'about');
    const subject = about === undefined ? '""' : text.slice(about.value.start - 1, about.value.end + 1);
    const inner = new Map([...scope].filter(([prefix]) => prefix !== 'rdf'));
    const written = (isElement: boolean) =>
      properties
        .filter(({ spelling }) => 'children' in spelling === isElement)
        .map(({ spelling: { start, end } }) => text.slice(start, end))
        .join('');
    return `<rdf:Description rdf:about=${subject}${declarations(inner)}${written(false)}>${written(true)}</rdf:Description>`;
  });
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="${RDF}">${descriptions.join('')}</rdf:RDF></x:xmpmeta>`;
}
