/** The exit codes of `tessera`, which its help lists. */
export const EXIT = {
  /** Every picture is done, or skipped on request. */
  done: 0,
  /** At least one picture failed; the others are done. */
  someFailed: 1,
  /** The arguments or the configuration are wrong; nothing was done. */
  usage: 2,
  /** The engine could not be started, or the service could not be reached; nothing was done. */
  unavailable: 3,
  /** 128 + number of the signal, as shells expect. */
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;
