import type { ValueSpec } from '../options/value-spec.js';

/** One setting. `default: 0` with "0 = …" in the description means: chosen from the machine. */
export type Setting = ValueSpec & {
  readonly default: number | string | boolean | readonly string[];
  /** true: an empty text means the default. */
  readonly emptyIsDefault?: boolean;
  /** One line for docs/configuration.md and `.env.example`. */
  readonly description: string;
};
