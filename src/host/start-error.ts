import type { Config } from '../config/config.js';

/** A reason why the service cannot start although its settings are well-formed: a sentence for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The error of a failed `listen`, in words where it is the system's. */
export function listenError(error: unknown, { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  return new StartError(
    `Cannot listen on HOST ${HOST}, PORT ${PORT}: ${LISTEN_REASONS[code] ?? 'the system refuses it'} (${code}).`,
    {
      cause: error,
    },
  );
}

/** The error of the first write to `TEMP_DIR`, in words where it is the system's. */
export function tempDirError(error: unknown, { TEMP_DIR }: Pick<Config, 'TEMP_DIR'>): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  return new StartError(
    `TEMP_DIR ${TEMP_DIR} cannot be written: ${FOLDER_REASONS[code] ?? 'the system refuses it'} (${code}).`,
    { cause: error },
  );
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; end it, or choose another PORT',
  EACCES: 'this user may not; choose a PORT from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; 0.0.0.0 stands for all that it has',
  ENOTFOUND: 'no address is known for that name; 0.0.0.0 stands for all that this machine has',
};

const FOLDER_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'its file system is read-only',
  ENOENT: 'there can be no such folder',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
};

/** The code of a system call's error. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return String(error.code);
}
