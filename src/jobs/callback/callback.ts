import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { setMaxListeners } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../domain/types.js';
import { type CallbackHosts, isPublicAddress } from './callback-hosts.js';

/** Waits between the tries. After the last try the callback is given up. */
const RETRY_DELAYS_MS: readonly number[] = [1000, 10_000, 60_000, 300_000];
const ANSWER_LIMIT_MS = 10_000;

export interface CallbackMessage {
  readonly url: string;
  readonly jobId: string;
  /** The same for every try, also after a restart, so that receivers recognise a repeated delivery. */
  readonly delivery: string;
  /** Sent as JSON. */
  readonly body: object;
}

/**
 * Webhooks: one signed POST for each ended job, with retries.
 *
 * `X-Tessera-Signature: t=<epoch seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of `<t>.<body>` with `CALLBACK_SECRET`.
 * `X-Tessera-Delivery` identifies the callback.
 */
export class Callbacks {
  readonly #closed = new AbortController();

  constructor(
    private readonly hosts: CallbackHosts,
    private readonly secret: string,
    private readonly log: Log,
    private readonly retryDelaysMs = RETRY_DELAYS_MS,
  ) {
    // Each callback that waits for its next try is a listener; many of them are no leak.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Resolves after a delivery or after the last try. @returns false when `close` ended the tries. */
  async deliver(message: CallbackMessage): Promise<boolean> {
    for (const waitMs of [0, ...this.retryDelaysMs]) {
      try {
        await delay(waitMs, undefined, { signal: this.#closed.signal });
        const status = await this.#post(message);
        if (status >= 200 && status < 300) return true;
        this.log.warn({ job: message.jobId, status }, 'a callback was not accepted');
      } catch (thrown) {
        if (this.#closed.signal.aborted) return false;
        this.log.warn({ job: message.jobId, err: thrown }, 'a callback did not arrive');
      }
    }
    return true;
  }

  close(): void {
    this.#closed.abort();
  }

  async #post(message: CallbackMessage): Promise<number> {
    const url = new URL(message.url);
    const { allowsPrivate } = this.hosts.check(message.url);
    const address = await resolve(url.hostname);
    if (!allowsPrivate && !isPublicAddress(address)) {
      throw new Error(`the address of ${url.hostname} is not a public one`);
    }
    const body = JSON.stringify(message.body);
    const seconds = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', this.secret).update(`${seconds}.${body}`).digest('hex');
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise<number>((settle, fail) => {
      const sent = request(
        url,
        {
          method: 'POST',
          agent: false,
          signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
          // The address that was checked is the one connected to: the name is not resolved again.
          lookup: (_hostname, options, done) => {
            const family = isIP(address);
            if (options.all) done(null, [{ address, family }]);
            else done(null, address, family);
          },
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'user-agent': 'tessera',
            'x-tessera-delivery': message.delivery,
            'x-tessera-signature': `t=${seconds},v1=${signature}`,
          },
        },
        (response) => {
          // A redirect is not followed: it counts as a failure, like every status but 2xx.
          settle(response.statusCode ?? 0);
          response.destroy();
        },
      );
      sent.on('error', fail);
      sent.end(body);
    });
  }
}

/** The first address of a host. @throws the system's error when there is none. */
async function resolve(hostname: string): Promise<string> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) ? literal : (await lookup(literal)).address;
}
