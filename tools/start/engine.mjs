// @ts-check
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../setup/command-link.mjs';
import { askEngine, SOCKET } from '../setup/engine-api.mjs';
import { ROOT, SetupError } from '../setup/report.mjs';
import { mustRun } from '../setup/run.mjs';

/**
 * Has the engine of this build listening at the default socket. One of another build is restarted: containers outlive it.
 *
 * @param {string} build identity of the engine in dist/
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function ensureEngine(build) {
  const answering = (await askEngine('/_ping')) !== undefined;
  const running = answering ? runningEngine() : undefined;
  if (running !== undefined && running.program === join(ROOT, 'dist/builds', build, 'node')) {
    return { said: `runs already (process ${running.pid}), this build`, value: undefined };
  }
  const verb = answering ? 'restart' : 'start';
  await mustRun(`${verb} the engine`, PROGRAM, ['daemon', verb], {
    timeout: 60_000,
    hint: 'Its log is /var/log/berth/engine.log; `berth daemon` runs it in the foreground.',
  });
  const started = runningEngine();
  if (started === undefined || (await askEngine('/_ping')) === undefined) {
    throw new SetupError(
      `The engine was started and does not answer at ${SOCKET}.`,
      'Its log is /var/log/berth/engine.log.',
    );
  }
  const why = running === undefined ? '' : `, instead of ${running.program}; containers went on`;
  return { said: `${verb}ed (process ${started.pid})${why}`, value: undefined };
}

/**
 * The engine with the default roots, found among the processes.
 * @returns {{ pid: number, program: string } | undefined}
 */
export function runningEngine() {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const isEngine =
        /\/engine\/main\.(mjs|ts)$/.test(words[1] ?? '') && !words.some((word) => /^--(exec|data)-root/.test(word));
      if (isEngine) return { pid: Number(pid), program: readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '') };
    } catch {
      // the process ended while we looked
    }
  }
  return undefined;
}
