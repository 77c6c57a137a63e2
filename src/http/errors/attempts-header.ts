import type { Attempt } from '../../domain/types.js';

/** Limit of attempts in the header. The log and the job have all of them. */
const MAX_ATTEMPTS = 20;

/**
 * `X-Upscale-Attempts`: a structured list (RFC 9651), one item for each attempt, oldest first:
 *
 *     realesr-general-x4v3;outcome=skipped;reason=not_installed;ms=0, tessera-lite-x4;provider=cpu;tile=512;outcome=served;ms=812
 *
 * `provider` and `tile` (input pixels) are left out where there is none; `reason` is one of the fallback reasons.
 */
export function attemptsHeader(attempts: readonly Attempt[]): string {
  return attempts
    .slice(-MAX_ATTEMPTS)
    .map((attempt) =>
      [
        item(attempt.model),
        attempt.provider === undefined ? '' : `;provider=${attempt.provider}`,
        attempt.tileSizePx === undefined ? '' : `;tile=${attempt.tileSizePx}`,
        `;outcome=${attempt.outcome}`,
        attempt.reason === undefined ? '' : `;reason=${attempt.reason}`,
        `;ms=${Math.round(attempt.ms)}`,
      ].join(''),
    )
    .join(', ');
}

/** Writes a token where the grammar allows one, else a string. */
function item(name: string): string {
  if (/^[a-zA-Z*][\w!#$%&'*+\-.^`|~:/]*$/.test(name)) return name;
  return `"${name.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
