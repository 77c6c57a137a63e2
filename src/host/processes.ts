import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The scope in which process numbers are unique: on Linux one boot and one pid namespace, so that two containers on one folder differ;
 * elsewhere the host's name.
 */
export function systemName(): string {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${bootId.trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/**
 * The fields of `/proc/<pid>/stat` (proc(5)) from the third on: those behind the command's name, which may contain spaces and brackets.
 * Empty where the system has no such file.
 */
export function processFields(pid: number | undefined): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
