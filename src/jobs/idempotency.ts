import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TesseraError } from '../domain/errors.js';
import type { UpscaleOptions } from '../domain/types.js';
import type { DurableOptions } from './job.js';

/** The job of each idempotency key of each owner. */
export class IdempotencyIndex<J> {
  readonly #entries = new Map<string, { readonly digest: string; readonly job: J }>();

  /** @throws TesseraError idempotency_conflict when the key was used with other bytes or options. */
  find(durable: DurableOptions, digest: string): J | undefined {
    const entry = this.#entries.get(indexKey(durable));
    if (entry === undefined || entry.digest === digest) return entry?.job;
    throw new TesseraError(
      'idempotency_conflict',
      'This Idempotency-Key was used before with another image or other options; use a new key.',
      { details: { parameter: 'Idempotency-Key' } },
    );
  }

  add(durable: DurableOptions, digest: string, job: J): void {
    this.#entries.set(indexKey(durable), { digest, job });
  }

  remove(durable: DurableOptions): void {
    this.#entries.delete(indexKey(durable));
  }
}

/** SHA-256 of the options and the source's bytes, in hexadecimal digits. */
export async function requestDigest(sourcePath: string, options: UpscaleOptions): Promise<string> {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify(sorted));
  await pipeline(createReadStream(sourcePath), hash);
  return hash.digest('hex');
}

function indexKey({ owner, idempotencyKey }: DurableOptions): string {
  return JSON.stringify([owner, idempotencyKey]);
}
