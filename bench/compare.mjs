// @ts-check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxImage, dockerArchive } from '../tests/support/images.ts';
import { main, ROOT } from '../tools/setup/report.mjs';
import { mustRun, run } from '../tools/setup/run.mjs';
import { ensureTestPrograms } from '../tools/setup/test-programs.mjs';
import { timed } from './engine.mjs';
import { startBerth } from './engines/berth.mjs';
import { startDebianDocker } from './engines/debian-docker.mjs';
import { runCases } from './run.mjs';
import { markdown } from './table.mjs';

const TABLE = join(ROOT, 'docs/benchmarks.md');
/** What this version can do on both sides; --cases chooses others. */
const DEFAULT_CASES =
  'cli-version,ps,ps-200,run,run-nonet,run-publish,run-detached,rm-running,stop-init,exec,fleet-start-20,logs-attached-1M,logs-read-1M,publish-throughput,memory-idle,memory-per-container';

/*
 * Berth and Debian's Docker side by side, both private: own roots and sockets, inside network and mount namespaces that
 * vanish with this program, so that the host's links, rules and mounts stay as they are.
 *   npm run bench -- [--cases run,exec] [--rounds 15] [--runtime runc] [--write]
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    rounds: { type: 'string' },
    runtime: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean' },
    inside: { type: 'boolean' },
  },
});

await main(async () => {
  if (values.inside) return compare();
  const again = ['--net', '--mount', process.execPath, ...process.argv.slice(1), '--inside'];
  const ran = await run('unshare', again, { show: true });
  process.exitCode = ran.code;
});

async function compare() {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  await ensureTestPrograms();
  const scratch = mkdtempSync(join(tmpdir(), 'berth-versus-'));
  const stops = [];
  try {
    const docker = await startDebianDocker(scratch);
    stops.push(docker.stop);
    const berth = await startBerth(scratch, values.runtime === undefined ? {} : { runtime: values.runtime });
    stops.push(berth.stop);
    const archive = join(scratch, 'busybox.tar');
    writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
    for (const { engine } of [docker, berth]) timed(engine, ['load', '-q', '-i', archive]);
    const cases = (values.cases ?? DEFAULT_CASES).split(',');
    const report = await runCases([docker.engine, berth.engine, berth.client], {
      cases,
      rounds: Number(values.rounds ?? 15),
    });
    const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Linux ${release()}, ${distribution()}`;
    const versions = [docker, berth].map(
      ({ engine }) => `${engine.name} ${timed(engine, ['version', '--format', '{{.Server.Version}}']).output}`,
    );
    const runtimes = [docker, berth].map(
      ({ engine }) => `${engine.name}: ${timed(engine, ['info', '--format', '{{.DefaultRuntime}}']).output}`,
    );
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
    if (values.write) writeFileSync(TABLE, markdown(report, { machine, versions, runtimes, date: new Date() }));
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function distribution() {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown distribution';
}
