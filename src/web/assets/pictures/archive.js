/** What a name may take in usual file systems, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;

/**
 * One ZIP of all results. Pictures do not compress further, so they are stored as they are.
 * @param {readonly { name: string, content: Blob }[]} results
 * @returns {Promise<Blob>}
 */
export async function zipResults(results) {
  const { downloadZip } = await import('../vendor/client-zip.js');
  /** @type {Set<string>} */
  const taken = new Set();
  const files = results.map(({ name, content }) => ({
    name: freeName(name, taken),
    input: content,
    size: content.size,
  }));
  return downloadZip(
    files.map((file) => ({ ...file, lastModified: new Date() })),
    { metadata: files },
  ).blob();
}

/**
 * @param {string} name
 * @param {Set<string>} taken updated.
 * @returns {string} the name, with a number before the ending when it is taken.
 */
export function freeName(name, taken) {
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

/**
 * @param {string} text
 * @param {number} maxBytes of UTF-8.
 * @returns {string} the longest beginning that takes no more and ends where a character ends.
 */
function cutToBytes(text, maxBytes) {
  const encoder = new TextEncoder();
  let bytes = 0;
  let end = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    bytes += encoder.encode(segment).length;
    if (bytes > maxBytes) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/**
 * @param {Blob} content
 * @param {string} name
 */
export function saveAs(content, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has the blob by then; a minute is for slow disks asking where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
