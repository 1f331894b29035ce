import { readFileSync } from 'node:fs';

/** One mount as a process sees it (proc_pid_mountinfo(5)). */
export interface MountEntry {
  /** What of the file system is mounted: `/` for all of it. */
  root: string;
  /** Below the root of the process. */
  mountPoint: string;
  /** Of this mount, not of its file system: `ro`, `nosuid`, … */
  options: string[];
  /** `shared:N` when mounts here are passed on to its peers, `master:N` when they are received. */
  propagation: string[];
  fileSystem: string;
}

/** Mounts of a process in the order of their making: of two at one point, the later one is seen. */
export function readMountTable(pid: number | 'self'): MountEntry[] {
  return parseMountTable(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
}

/** The text of a `mountinfo` file. */
export function parseMountTable(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      return {
        root: unescaped(fields[3] ?? ''),
        mountPoint: unescaped(fields[4] ?? ''),
        options: (fields[5] ?? '').split(','),
        propagation: fields.slice(6, fields.indexOf('-', 6)),
        fileSystem: fields[fields.indexOf('-', 6) + 1] ?? '',
      };
    });
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
