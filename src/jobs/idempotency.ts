import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TesseraError } from '../domain/errors.js';
import type { UpscaleOptions } from '../domain/types.js';
import type { DurableOptions } from './job.js';

interface Known<J> {
  readonly digest: string;
  readonly job: J;
}

/** Which job an owner's idempotency key stands for. */
export class IdempotencyIndex<J> {
  readonly #known = new Map<string, Known<J>>();

  /** @throws TesseraError idempotency_conflict, when the key stands for other bytes or options. */
  find(terms: DurableOptions, digest: string): J | undefined {
    const known = this.#known.get(indexKey(terms));
    if (known === undefined || terms.idempotencyKey === undefined) return undefined;
    if (known.digest === digest) return known.job;
    throw new TesseraError(
      'idempotency_conflict',
      'This Idempotency-Key was used before with another image or other options; use a new key.',
      { details: { parameter: 'Idempotency-Key' } },
    );
  }

  add(terms: DurableOptions, digest: string, job: J): void {
    if (terms.idempotencyKey !== undefined) this.#known.set(indexKey(terms), { digest, job });
  }

  remove(terms: DurableOptions): void {
    this.#known.delete(indexKey(terms));
  }
}

/** SHA-256 of a source's bytes and the options that it came with. @returns hexadecimal digits. */
export async function requestDigest(sourcePath: string, options: UpscaleOptions): Promise<string> {
  const hash = createHash('sha256');
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify(sorted));
  await pipeline(createReadStream(sourcePath), hash);
  return hash.digest('hex');
}

function indexKey({ owner, idempotencyKey }: DurableOptions): string {
  return JSON.stringify([owner, idempotencyKey]);
}
