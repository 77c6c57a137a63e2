import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * Variables that may hold secrets. Only the server process needs them: processes that decode strangers' images or run
 * strangers' networks get none.
 */
const SECRET_VARIABLES: readonly string[] = [
  'API_KEYS',
  'CALLBACK_SECRET',
  // The command line's key for another service.
  'TESSERA_API_KEY',
  // Addresses may hold a name and a password.
  'MODELS_MIRROR',
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
];

/** @returns a copy of an environment for a process that needs no secrets. */
export function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const rest = { ...environment };
  for (const name of SECRET_VARIABLES) delete rest[name];
  return rest;
}

/**
 * Removes the secrets from this process's environment after the configuration was read. Any process of the same user
 * can read the environment that a process was started with in `/proc/<pid>/environ`, and a picture may have taken
 * over an engine. The proxies' addresses stay in `process.env`, where downloads look for them. Where the block cannot
 * be written, and on other systems, only `process.env` changes.
 */
export function hideSecrets(): void {
  for (const name of SECRET_VARIABLES) {
    const value = process.env[name];
    if (value === undefined) continue;
    delete process.env[name];
    // Setting the variable again stores it outside of the block that is about to be overwritten.
    if (name.toUpperCase().endsWith('_PROXY')) process.env[name] = value;
  }
  try {
    overwriteSecrets();
  } catch {
    // No /proc, or one that is closed even to the process itself. docs/operations.md tells what stays readable.
  }
}

/**
 * Overwrites the values in the block that the process was started with, which the kernel shows in its present state.
 * Linux only.
 */
function overwriteSecrets(): void {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[ENV_START]);
  const block = readFileSync('/proc/self/environ');
  const memory = openSync('/proc/self/mem', 'r+');
  try {
    for (let from = 0; from < block.length; ) {
      const end = block.indexOf(0, from);
      const to = end < 0 ? block.length : end;
      const [name = ''] = block.toString('utf8', from, to).split('=', 1);
      const value = from + Buffer.byteLength(name) + 1;
      if (SECRET_VARIABLES.includes(name) && value < to) {
        writeSync(memory, Buffer.alloc(to - value), 0, to - value, start + value);
      }
      from = to + 1;
    }
  } finally {
    closeSync(memory);
  }
}

/** Value of `env_start`, field 50 of `/proc/<pid>/stat` (proc(5)), counted after the command's name, which is field 2. */
const ENV_START = 47;
