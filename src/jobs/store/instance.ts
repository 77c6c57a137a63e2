import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../../domain/defined.js';
import { makeFolder } from '../../host/make-folder.js';
import { processFields, systemName } from '../../host/processes.js';

/** Identifies the process that owns an instance folder, also when its process number was reused. */
export interface InstanceRecord {
  readonly pid: number;
  /** Boot and pid namespace (Linux), else the host name: the scope in which process numbers are unique. */
  readonly system: string;
  /** Start of the process in clock ticks after boot; absent where the system does not report it. */
  readonly startTicks?: string;
  /** The instance stopped in good order and left its jobs to the next one. */
  readonly left?: true;
}

/** The names of instance folders. A sweep touches no other folder. */
export const INSTANCE_NAME = /^instance-[0-9a-f]{32}$/;

const RECORD_FILE = 'instance.json';
const HEARTBEAT_FILE = 'heartbeat';
const HEARTBEAT_MS = 10_000;
/** Six missed beats. Heartbeats decide only about instances in other containers and on other machines. */
export const HEARTBEAT_DEAD_MS = 60_000;

/**
 * The folder of this process under `TEMP_DIR`. Several instances may share `TEMP_DIR`, also from other containers and
 * machines. Each works only in its own folder, which holds a record of the process and a heartbeat.
 */
export class Instance {
  #heart: NodeJS.Timeout | undefined;

  private constructor(
    readonly tempDir: string,
    readonly name: string,
  ) {}

  get folder(): string {
    return join(this.tempDir, this.name);
  }

  /** Creates the folder, mode 0700. @throws the system's error when `tempDir` cannot be written. */
  static async create(tempDir: string): Promise<Instance> {
    await makeFolder(tempDir);
    const instance = new Instance(tempDir, `instance-${randomBytes(16).toString('hex')}`);
    await instance.ensure();
    // The next upload reports a folder that cannot be written.
    instance.#heart = setInterval(() => void instance.#beat().catch(() => {}), HEARTBEAT_MS).unref();
    return instance;
  }

  /** Creates the folder again if a cleaner of temporary files removed it. */
  async ensure(): Promise<void> {
    await makeFolder(this.folder, 0o700);
    await this.#beat();
    await this.#writeRecord({});
  }

  /** Writes the heartbeat, in a new folder if necessary. @throws the system's error when the folder cannot be written. */
  async keepAlive(): Promise<void> {
    await this.#beat().catch((thrown: unknown) => {
      if (!isMissing(thrown)) throw thrown;
      return this.ensure();
    });
  }

  /**
   * Whether the instance of another folder lives. On this system its process decides. Elsewhere its heartbeat decides, compared
   * with our own on the same file system, since clocks of machines differ.
   */
  async isAlive(name: string): Promise<boolean> {
    const folder = join(this.tempDir, name);
    const record = await readRecord(folder);
    if (record?.left) return false;
    if (record !== undefined && record.system === systemName()) return isRunning(record);
    await this.#beat();
    const nowMs = await modifiedMs(join(this.folder, HEARTBEAT_FILE));
    const beatMs = (await modifiedMs(join(folder, HEARTBEAT_FILE))) ?? (await modifiedMs(folder));
    return nowMs === undefined || (beatMs !== undefined && nowMs - beatMs < HEARTBEAT_DEAD_MS);
  }

  /** Removes the folder with its files. @throws the system's error. */
  async remove(): Promise<void> {
    clearInterval(this.#heart);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Leaves the folder to the next instance, marked as left. @throws the system's error. */
  async leave(): Promise<void> {
    clearInterval(this.#heart);
    await this.#writeRecord({ left: true });
  }

  /** The file system sets the time of the file. */
  async #beat(): Promise<void> {
    await writeFile(join(this.folder, HEARTBEAT_FILE), '1', { mode: 0o600 });
  }

  async #writeRecord(fields: Pick<InstanceRecord, 'left'>): Promise<void> {
    const startTicks = startTicksOf(process.pid);
    const record: InstanceRecord = {
      pid: process.pid,
      system: systemName(),
      ...defined({ startTicks }),
      ...fields,
    };
    await writeFile(join(this.folder, RECORD_FILE), JSON.stringify(record), { mode: 0o600 });
  }
}

/** Whether a call failed because a file or one of its parent folders does not exist. */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ENOTDIR'].includes(String(thrown.code));
}

/** undefined when there is no valid record; then the age of the folder decides. */
async function readRecord(folder: string): Promise<InstanceRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8')) as InstanceRecord | null;
    return record?.pid === undefined || record.system === undefined ? undefined : record;
  } catch {
    return undefined;
  }
}

function isRunning(record: InstanceRecord): boolean {
  if (record.startTicks !== undefined) return startTicksOf(record.pid) === record.startTicks;
  try {
    process.kill(record.pid, 0);
    return true;
  } catch (thrown) {
    // A process of another user is alive.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** Field 22 of `/proc/<pid>/stat`. */
function startTicksOf(pid: number): string | undefined {
  const fields = processFields(pid);
  // A zombie has ended, and waits only for its parent.
  return fields[0] === 'Z' ? undefined : fields[19];
}

async function modifiedMs(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}
