/** Longest file name of usual file systems, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;

/** Makes one ZIP file of all results, stored without compression, because pictures do not compress further. */
export async function zipResults(
  results: readonly { readonly name: string; readonly content: Blob }[],
): Promise<Blob> {
  const { downloadZip } = await import('../vendor/client-zip.js');
  const taken = new Set<string>();
  const files = results.map(({ name, content }) => ({
    name: freeName(name, taken),
    input: content,
    size: content.size,
    lastModified: new Date(),
  }));
  return downloadZip(files, { metadata: files }).blob();
}

/** The name, or the name with a number before its ending when it is taken. @param taken is updated. */
export function freeName(name: string, taken: Set<string>): string {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
    const mark = ` (${number})${ending}`;
    free = cutToBytes(stem, MAX_NAME_BYTES - mark.length) + mark;
  }
  taken.add(free.toLowerCase());
  return free;
}

/** Cuts a text to so many bytes of UTF-8, between grapheme clusters. */
function cutToBytes(text: string, maxBytes: number): string {
  const encoder = new TextEncoder();
  let bytes = 0;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    bytes += encoder.encode(segment).length;
    if (bytes > maxBytes) break;
    cut += segment;
  }
  return cut;
}
