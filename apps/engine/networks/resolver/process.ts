import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { makePipe, readPipe } from '../../linux/descriptor.ts';
import { signalProcess } from '../../linux/pidfd.ts';
import { identifyProcess, isRunning } from '../../linux/process.ts';
import { spawnProcess } from '../../linux/spawn.ts';

const SCRIPT = new URL('./serve-names.ts', import.meta.url).pathname;

/** Starts the resolver in a session of its own; resolves when it listens. Errors: unavailable, with what it said. */
export async function startResolver(socketPath: string, build: string, logPath: string): Promise<void> {
  const log = openSync(logPath, 'w', 0o600);
  const ready = makePipe();
  try {
    spawnProcess(process.execPath, [...FLAGS, SCRIPT, socketPath, build], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', UV_THREADPOOL_SIZE: '1', NODE_NO_WARNINGS: '1' },
      descriptors: ['null', 'null', log, ready.write],
      newSession: true,
    });
  } finally {
    closeSync(log);
    closeSync(ready.write);
  }
  let said = '';
  for await (const data of readPipe(ready.read)) said += String(data);
  if (said.startsWith('ready')) return;
  throw new BerthError('unavailable', `the resolver of container names did not start: ${lastLine(logPath)}`, {
    hint: `Its messages are in ${logPath}.`,
  });
}

/** Ends every resolver that serves this socket, by its arguments: one that does not answer must not stay. */
export async function killResolvers(socketPath: string): Promise<void> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const args = argumentsOf(pid);
    if (!args.includes(socketPath) || !args.some((arg) => /\/serve-names\.(ts|mjs)$/.test(arg))) continue;
    const identity = identifyProcess(pid);
    if (!identity) continue;
    signalProcess(pid, SIGKILL, () => isRunning(identity));
    for (let tries = 0; tries < 500 && isRunning(identity); tries++) await new Promise((next) => setTimeout(next, 2));
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // ended meanwhile
  }
}

function lastLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').at(-1) || 'it said nothing';
  } catch {
    return 'it said nothing';
  }
}

const SIGKILL = 9;
/** It holds little: a small heap is collected in less than a millisecond. */
const FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=128', '--v8-pool-size=0', '--expose-gc'];
