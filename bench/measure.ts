/** Timing and arithmetic for the benchmarks: medians of paired runs, because shared machines drift. */

export interface Paired {
  readonly aMs: number;
  readonly bMs: number;
  /** Median of the pairwise ratios a/b. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  readonly pairs: number;
}

/** The p-quantile (0..1) of unsorted values, nearest rank. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Runs a and b in turn, A B, B A, …, after one warm-up of each; both answer with their milliseconds. */
export async function paired(
  pairs: number,
  a: () => Promise<number>,
  b: () => Promise<number>,
): Promise<Paired> {
  await a();
  await b();
  const as: number[] = [];
  const bs: number[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 0) {
      as.push(await a());
      bs.push(await b());
    } else {
      bs.push(await b());
      as.push(await a());
    }
  }
  const ratios = as.map((value, i) => value / (bs[i] ?? Number.NaN));
  return {
    aMs: median(as),
    bMs: median(bs),
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    pairs,
  };
}

/** A GitHub-flavoured Markdown table. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
