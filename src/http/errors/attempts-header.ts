import type { Attempt } from '../../domain/types.js';

/** The header lists at most this many; the log and the job have all. */
const MAX_ATTEMPTS = 20;

/**
 * `X-Upscale-Attempts`: a structured list (RFC 9651), one item for each attempt, oldest first:
 *
 *     realesr-general-x4v3;outcome=skipped;reason=not_installed;ms=0, tessera-lite-x4;provider=cpu;tile=512;outcome=served;ms=812
 *
 * `tile` is in input pixels; `reason` is one of the fallback reasons; absent values are left out.
 */
export function attemptsHeader(attempts: readonly Attempt[]): string {
  return attempts
    .slice(-MAX_ATTEMPTS)
    .map((attempt) =>
      Object.entries(parametersOf(attempt))
        .filter(([, value]) => value !== undefined)
        .reduce((text, [name, value]) => `${text};${name}=${value}`, item(attempt.model)),
    )
    .join(', ');
}

function parametersOf({ provider, tileSizePx, outcome, reason, ms }: Attempt) {
  return { provider, tile: tileSizePx, outcome, reason, ms: Math.round(ms) };
}

/** A token where the grammar allows one, else a string. */
function item(name: string): string {
  if (/^[a-zA-Z*][\w!#$%&'*+\-.^`|~:/]*$/.test(name)) return name;
  return `"${name.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
