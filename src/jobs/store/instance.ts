import { randomBytes } from 'node:crypto';
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../../host/make-folder.js';

/** Who works in a folder: enough to tell a live process from a dead one whose number was given to another. */
export interface InstanceRecord {
  readonly pid: number;
  /** Boot and pid namespace (Linux), else the host's name: where the process number means something. */
  readonly system: string;
  /** Start of the process in clock ticks after boot; undefined where the system does not tell. */
  readonly startTicks?: string;
  /** It ended in good order and left jobs for whoever starts next. */
  readonly left?: true;
}

/** Folders of instances have this name, and no sweep touches any other. */
export const INSTANCE_NAME = /^instance-[0-9a-f]{32}$/;

const RECORD_FILE = 'instance.json';
const HEARTBEAT_FILE = 'heartbeat';
const HEARTBEAT_MS = 10_000;
/** Six beats missed. It only decides over instances in other containers and on other machines. */
export const HEARTBEAT_DEAD_MS = 60_000;

/**
 * This process's own folder under `TEMP_DIR`. Several instances may share `TEMP_DIR`, also from other containers and
 * machines: each works in its folder alone, and says in it who it is and that it lives.
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

  /** Creates the folder, 0700. @throws the system's error when `tempDir` cannot be written. */
  static async create(tempDir: string): Promise<Instance> {
    await makeFolder(tempDir);
    const instance = new Instance(tempDir, `instance-${randomBytes(16).toString('hex')}`);
    await instance.ensure();
    instance.#heart = setInterval(() => {
      // A folder that cannot be written is told by the next upload, in words a caller understands.
      instance.beat().catch(() => {});
    }, HEARTBEAT_MS);
    instance.#heart.unref();
    return instance;
  }

  /** Makes the folder, also after somebody's clean-up of temporary files took it. */
  async ensure(): Promise<void> {
    await makeFolder(this.folder, 0o700);
    await this.beat();
    await writeFile(join(this.folder, RECORD_FILE), JSON.stringify(await ownRecord()), { mode: 0o600 });
  }

  /** The file system sets the time, not this machine's clock: instances elsewhere compare with theirs. */
  async beat(): Promise<void> {
    await writeFile(join(this.folder, HEARTBEAT_FILE), '1', { mode: 0o600 });
  }

  /** Says that it lives, in a folder made anew where it was taken. @throws the system's error when it cannot be written. */
  async keep(): Promise<void> {
    try {
      await this.beat();
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      await this.ensure();
    }
  }

  /**
   * Whether the instance of another folder lives. On this system its process decides, elsewhere its heartbeat, against ours on the
   * same file system.
   */
  async isAlive(name: string): Promise<boolean> {
    const folder = join(this.tempDir, name);
    const record = await readRecord(folder);
    if (record?.left) return false;
    const own = await ownRecord();
    if (record !== undefined && record.system === own.system) return isRunning(record);
    await this.beat();
    const nowMs = await modifiedMs(join(this.folder, HEARTBEAT_FILE));
    const beatMs = (await modifiedMs(join(folder, HEARTBEAT_FILE))) ?? (await modifiedMs(folder));
    return nowMs === undefined || (beatMs !== undefined && nowMs - beatMs < HEARTBEAT_DEAD_MS);
  }

  /** Removes the folder with all that is in it. @throws the system's error. */
  async remove(): Promise<void> {
    clearInterval(this.#heart);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Leaves the folder to whoever starts next: it says that nobody works in it any more. @throws the system's error. */
  async leave(): Promise<void> {
    clearInterval(this.#heart);
    const record: InstanceRecord = { ...(await ownRecord()), left: true };
    await writeFile(join(this.folder, RECORD_FILE), JSON.stringify(record), { mode: 0o600 });
  }
}

/** Whether a call failed because the file or folder is not there, or what should hold it is a file. */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ENOTDIR'].includes(String(thrown.code));
}

async function ownRecord(): Promise<InstanceRecord> {
  const ticks = await startTicks(process.pid);
  return {
    pid: process.pid,
    system: await systemName(),
    ...(ticks === undefined ? {} : { startTicks: ticks }),
  };
}

/** undefined when there is none, or it is not one: then the age of the folder decides. */
async function readRecord(folder: string): Promise<InstanceRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8'));
    if (typeof record !== 'object' || record === null || !('pid' in record) || !('system' in record))
      return undefined;
    return record as InstanceRecord;
  } catch {
    return undefined;
  }
}

async function isRunning(record: InstanceRecord): Promise<boolean> {
  if (record.startTicks !== undefined) return (await startTicks(record.pid)) === record.startTicks;
  try {
    process.kill(record.pid, 0);
    return true;
  } catch (thrown) {
    // Not ours to signal is alive all the same.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** Process numbers mean something within one boot and one pid namespace; containers have their own. */
async function systemName(): Promise<string> {
  try {
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${bootId.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)), counted behind the command's name, which may hold blanks and brackets. */
async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not noticed.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
