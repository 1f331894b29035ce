import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { releaseResidentMemory } from './linux/resident-memory.ts';

const LOOK_EVERY_MS = 500;
/** CPU time within one look that counts as idle: timers and a few requests. */
const IDLE_MS = 5;
/** CPU time since the last release from which on a release is worth its few milliseconds. */
const WORTH_MS = 200;

/**
 * Gives memory back whenever the engine has worked and then been idle for a while: start-up code, garbage and caches
 * of a busy time are not what a waiting engine should hold. Returns how to stop.
 */
export function releaseWhenIdle(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  let before = cpuTimeMs();
  let sinceRelease = WORTH_MS;
  const timer = setInterval(() => {
    const now = cpuTimeMs();
    const used = now - before;
    sinceRelease += used;
    before = now;
    if (used > IDLE_MS || sinceRelease < WORTH_MS) return;
    collect();
    releaseResidentMemory();
    before = cpuTimeMs();
    sinceRelease = 0;
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
