/** So many at a time, first come first served: uploads, event streams, decoding of thumbnails. */
export class Slots {
  /** @type {Array<() => void>} */
  #waiting = [];
  #free;

  /** @param {number} count */
  constructor(count) {
    this.#free = count;
  }

  /** @returns {boolean} true when a slot was free and is now taken. */
  tryTake() {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /**
   * Waits for a slot.
   * @param {AbortSignal} signal
   * @throws the signal's reason when it is aborted first; then no slot is held.
   */
  async take(signal) {
    signal.throwIfAborted();
    if (this.tryTake()) return;
    await /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          this.#waiting = this.#waiting.filter((waiter) => waiter !== enter);
          reject(signal.reason);
        };
        this.#waiting.push(enter);
        signal.addEventListener('abort', leave, { once: true });
      })
    );
  }

  /** Gives the slot to who waits longest. */
  release() {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>} rejects with the signal's reason when it is aborted first.
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal.addEventListener('abort', leave, { once: true });
  });
}
