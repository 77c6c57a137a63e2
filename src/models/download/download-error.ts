import { connectionReason, systemCode, systemReason } from '../../host/system-reason.js';
import { messageOf } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';

/** Why a download failed. `network` may pass by itself; the others need the operator. */
export type DownloadProblem =
  | 'network'
  | 'refused'
  | 'wrong_bytes'
  | 'disk_full'
  | 'not_writable'
  | 'no_source'
  | 'aborted';

/** The message is for users; the cause for the log. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  constructor(
    readonly problem: DownloadProblem,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** @returns anything thrown by a download as a DownloadError. */
  static from(thrown: unknown, entry: ModelEntry, signal: AbortSignal): DownloadError {
    if (thrown instanceof DownloadError) return thrown;
    const { name } = entry;
    const cause = { cause: thrown };
    if (signal.aborted) return new DownloadError('aborted', `The download of ${name} was stopped.`, cause);
    const code = systemCode(thrown);
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return new DownloadError('disk_full', `The disk is full: ${name} needs ${entry.bytes} bytes.`, cause);
    if (code !== undefined && NOT_WRITABLE.has(code))
      return new DownloadError(
        'not_writable',
        `The models folder cannot be written: ${systemReason(thrown)}.`,
        cause,
      );
    if (thrown instanceof Interruption)
      return new DownloadError('network', `${name} could not be downloaded: ${thrown.message}.`, cause);
    return new DownloadError('refused', `${name} could not be downloaded: ${reasonOf(thrown)}.`, cause);
  }
}

/** A failure that may not happen again at the next attempt. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
}

const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR']);
/** Errors of the file system; any other error of a download comes from the network. */
const OF_THE_DISK = new Set([...NOT_WRITABLE, 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EISDIR', 'EMFILE']);

/** @returns what was thrown as an Interruption; undefined when another attempt would fail too. */
export function interruption(thrown: unknown, signal: AbortSignal): Interruption | undefined {
  if (signal.aborted || thrown instanceof DownloadError) return undefined;
  if (thrown instanceof Interruption) return thrown;
  const code = systemCode(thrown);
  if (code !== undefined && OF_THE_DISK.has(code)) return undefined;
  return new Interruption(reasonOf(thrown), { cause: thrown });
}

/** @returns a clause without a full stop. fetch throws "fetch failed" or "terminated", with the reason as the cause. */
function reasonOf(thrown: unknown): string {
  const inner = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const known = connectionReason(inner) ?? systemReason(inner);
  if (known !== undefined) return known;
  const said = messageOf(inner) || messageOf(thrown);
  return said.replace(/\.$/, '') || 'the connection failed';
}
