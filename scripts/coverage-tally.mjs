/**
 * Adds up what many processes ran of the same files, from the reports that Node writes into NODE_V8_COVERAGE
 * (https://nodejs.org/api/cli.html#node_v8_coveragedir). A line, block or function counts as run when any process ran it.
 */

/** Lines of which nothing can be run: empty, a comment, or no more than the end of a block. */
const NOTHING_TO_RUN = /^\s*($|\/\/|\/?\*|[\])};,]+$)/;

class FileTally {
  /** @param {string} text the file as Node ran it. */
  constructor(text) {
    this.text = text;
    /** 1 for every character that some process ran. */
    this.run = new Uint8Array(text.length);
    /** Functions and blocks by their first and last character, with the place of the first. */
    this.functions = new Map();
    this.blocks = new Map();
  }

  /** @param functions of one script in one process: each with its own range, then those of its blocks. */
  add(functions) {
    const ranges = [];
    for (const { ranges: own } of functions) {
      for (const [index, range] of own.entries()) {
        const { startOffset, endOffset, count } = range;
        ranges.push(range);
        const key = `${startOffset}-${endOffset}`;
        // The first of all functions is the module itself.
        if (startOffset === 0 && index === 0) continue;
        if (index > 0) this.blocks.set(key, startOffset);
        else this.functions.set(key, count > 0 || this.functions.get(key) === true);
      }
    }
    // The outer ones first: what is within says more.
    ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    const here = new Uint8Array(this.text.length);
    for (const { startOffset, endOffset, count } of ranges)
      here.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    for (let place = 0; place < here.length; place += 1) this.run[place] |= here[place];
  }

  /** @returns {{ lines: number[], blocks: number[], functions: number[] }} how many were run, and how many there are. */
  counts() {
    const lines = [0, 0];
    let start = 0;
    for (const line of this.text.split('\n')) {
      if (!NOTHING_TO_RUN.test(line)) {
        const first = start + line.search(/\S/);
        lines[1] += 1;
        if (this.run.subarray(first, start + line.trimEnd().length).every((isRun) => isRun === 1))
          lines[0] += 1;
      }
      start += line.length + 1;
    }
    const blocks = [...this.blocks.values()];
    const functions = [...this.functions.values()];
    return {
      lines,
      blocks: [blocks.filter((place) => this.run[place] === 1).length, blocks.length],
      functions: [functions.filter((isRun) => isRun).length, functions.length],
    };
  }
}

export class Tally {
  /** @param {ReadonlyMap<string, string>} texts of all files that count, by their URL. */
  constructor(texts) {
    this.files = new Map([...texts].map(([url, text]) => [url, new FileTally(text)]));
  }

  /** @param {{ result: { url: string, functions: object[] }[] }} report of one process. */
  add({ result }) {
    for (const { url, functions } of result) this.files.get(url)?.add(functions);
  }

  /** @returns {{ url: string, lines: number[], blocks: number[], functions: number[] }[]} files with something to run. */
  counts() {
    return [...this.files]
      .map(([url, file]) => ({ url, ...file.counts() }))
      .filter(({ lines }) => lines[1] > 0);
  }
}
