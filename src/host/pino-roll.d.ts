declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  /** A rotating file. pino-roll ships no types. */
  export interface RollingFile extends EventEmitter {
    write(line: string): boolean;
    flushSync(): void;
    end(): void;
  }

  export default function roll(options: {
    readonly file: string;
    readonly size?: string;
    readonly limit?: { readonly count: number };
  }): Promise<RollingFile>;
}
