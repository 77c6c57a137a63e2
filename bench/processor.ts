import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Processor {
  /** As the system names it. */
  readonly name: string;
  /** The widest instructions for integer networks that a program may use here. */
  readonly instructions: 'AVX-512 with VNNI' | 'AVX-VNNI' | 'AVX-512' | 'AVX2' | 'unknown';
  /** Whether `bench/only-avx2.c` hides newer instructions. */
  readonly hidden: boolean;
}

/** What this machine computes with: int8 networks take two to three times as long without VNNI, so no figure stands without it. */
export function processor(): Processor {
  const name = (cpus()[0]?.model ?? 'unknown processor').trim();
  const hidden = process.env.LD_PRELOAD?.includes('only-avx2') ?? false;
  const has = (flag: string) => new RegExp(`^flags\\b.*\\b${flag}\\b`, 'm').test(cpuInfo());
  if (hidden) return { name, hidden, instructions: 'AVX2' };
  if (has('avx512_vnni')) return { name, hidden, instructions: 'AVX-512 with VNNI' };
  if (has('avx_vnni')) return { name, hidden, instructions: 'AVX-VNNI' };
  if (has('avx512f')) return { name, hidden, instructions: 'AVX-512' };
  return { name, hidden, instructions: has('avx2') ? 'AVX2' : 'unknown' };
}

/** Linux alone lists them in a file. */
function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
