import { execFile } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError, errnoOf } from '@berth/kit';
import type { RegisteredRuntime } from '../../config.ts';
import { sealProgram } from '../../linux/sealed-program.ts';

const run = promisify(execFile);

/** One OCI runtime program as found on this host. */
export interface OciRuntime {
  /** `crun`, `runc`, or another registered name. */
  name: string;
  /** Where the program is installed. */
  path: string;
  /** What is executed: a sealed copy of crun and runc, which would make one themselves, the installed program of others. */
  program: string;
  version: string;
  /** As it was told. */
  registered: RegisteredRuntime;
  /** Arguments that come before all others. */
  args: readonly string[];
  /** The runtime's own state (`--root`). */
  stateRoot: string;
  /** `crun` keeps its compiled seccomp filter beside its state and takes one by annotation. */
  reusesSeccomp: boolean;
  /** How the container's first process waits for `start`; undefined: only the program itself can start it. */
  fifo: 'crun' | 'runc' | undefined;
}

/**
 * Looks a runtime up by name, or by what it is registered as. Errors: unavailable when the program cannot be run; never
 * not-found, which clients take for a missing image.
 */
export async function findRuntime(
  name: string,
  stateRoot: string,
  registered: RegisteredRuntime = { path: name, runtimeArgs: [] },
): Promise<OciRuntime> {
  const { runtimeArgs: args } = registered;
  try {
    const { stdout } = await run(registered.path, [...args, '--version'], { timeout: 10_000 });
    const version = /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
    const kind = /^(crun|runc)\b/.exec(stdout)?.[1];
    const fifo = kind === 'crun' || kind === 'runc' ? kind : undefined;
    const path = onPath(registered.path);
    return {
      name,
      path,
      program: fifo ? sealed(path) : path,
      version,
      registered,
      args,
      stateRoot,
      reusesSeccomp: kind === 'crun',
      fifo,
    };
  } catch (cause) {
    const known = name === 'crun' || name === 'runc';
    throw new BerthError('unavailable', `the OCI runtime "${name}" cannot be run on this host`, {
      cause,
      hint: known ? `Install it (on Debian: apt-get install ${name}).` : `It is registered as ${registered.path}.`,
    });
  }
}

/** The path of a program that is given by name. Errors: ENOENT. */
function onPath(name: string): string {
  if (name.includes('/')) return name;
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return join(directory, name);
    } catch {
      // not here
    }
  }
  throw Object.assign(new Error(`${name}: not found on the PATH`), { code: 'ENOENT' });
}

/** One copy for each program, kept for as long as this process lives. */
function sealed(path: string): string {
  let copy = copies.get(path);
  if (copy === undefined) {
    copy = sealProgram(path);
    copies.set(path, copy);
  }
  return copy;
}
const copies = new Map<string, string>();

/**
 * Lets a created container run. The fast way is what the runtime's own `start` does at its core: opening the FIFO that
 * the first process waits on; the program itself is the fallback.
 */
export async function startCreated(runtime: OciRuntime, id: string): Promise<void> {
  const fifo = join(runtime.stateRoot, id, 'exec.fifo');
  try {
    if (runtime.fifo === 'crun') return openForCrun(fifo);
    if (runtime.fifo === 'runc') return await openForRunc(fifo);
  } catch {
    // a version that does it otherwise: its own command knows
  }
  await runRuntime(runtime, ['start', id]);
}

function openForCrun(fifo: string): void {
  const fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    unlinkSync(fifo);
    writeSync(fd, '0');
  } finally {
    closeSync(fd);
  }
}

async function openForRunc(fifo: string): Promise<void> {
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const byte = Buffer.alloc(1);
    for (let tries = 0; tries < 200; tries++) {
      try {
        if (readSync(fd, byte) === 1) {
          unlinkSync(fifo);
          return;
        }
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN') throw error;
      }
      await new Promise((next) => setTimeout(next, tries < 20 ? 0 : 2)); // the process opens its end a moment later
    }
    throw new Error(`${fifo}: the first process did not come to its start line`);
  } finally {
    closeSync(fd);
  }
}

/** Runs a command of the runtime. Errors: internal with the runtime's own words. */
export async function runRuntime(runtime: OciRuntime, args: string[]): Promise<string> {
  try {
    const { stdout } = await run(runtime.program, [...runtime.args, '--root', runtime.stateRoot, ...args], {
      timeout: 60_000,
      maxBuffer: 1 << 20,
    });
    return stdout;
  } catch (cause) {
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new BerthError('internal', `OCI runtime ${runtime.name} ${args[0]} failed: ${stderr || 'no output'}`, {
      cause,
    });
  }
}

/** Forgets a container whose processes have ended: what `delete` does to the runtime's state, without a process. */
export function deleteState(runtime: OciRuntime, id: string): void {
  rmSync(join(runtime.stateRoot, id), { recursive: true, force: true });
}

/** The compiled seccomp filter that crun left for a created container, or undefined. */
export async function compiledSeccomp(runtime: OciRuntime, id: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(runtime.stateRoot, id, 'seccomp.bpf'));
  } catch {
    return undefined; // this build of crun keeps none
  }
}
