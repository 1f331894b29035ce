// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxImage, dockerArchive } from '../tests/support/images.ts';
import { build } from '../tools/build.mjs';
import { ensureDebianDocker } from '../tools/setup/debian-docker.mjs';
import { main, ROOT, step } from '../tools/setup/report.mjs';
import { mustRun } from '../tools/setup/run.mjs';
import { ensureTestPrograms } from '../tools/setup/test-programs.mjs';
import { timed } from './engine.mjs';
import { startBerth } from './engines/berth.mjs';
import { startDebianDocker, withBuildKit } from './engines/debian-docker.mjs';
import { onPrivateHost } from './engines/private-host.mjs';
import { startRegistry } from './engines/registry.mjs';
import { CASES, runCases } from './run.mjs';
import { markdown } from './table.mjs';

const TABLE = join(ROOT, 'docs/benchmarks.md');
/** What this version can do on both sides; --cases chooses others. */
const DEFAULT_CASES =
  'cli-version,ps,ps-200,run,run-nonet,run-publish,run-detached,rm-running,stop-init,exec,fleet-start-20,logs-attached-1M,logs-read-1M,publish-throughput,loopback-throughput,save-load-200MB,build-cached-20,build-run-10,build-copy-5000,build-stages,memory-idle,memory-per-container';

/*
 * Berth and Debian's Docker side by side on a private host of namespaces that vanishes with this program.
 *   npm run bench -- [--cases run,exec] [--rounds 15] [--runtime runc] [--json FILE] [--write]
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    rounds: { type: 'string' },
    runtime: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean' },
    inside: { type: 'string' },
  },
});

await main(async () => {
  if (values.inside !== undefined) return compare(values.inside);
  await step('Build', 'what is measured is what is shipped', build);
  await step("Debian's Docker", 'what it is compared with; fetched, not installed', ensureDebianDocker);
  await step("Docker's client", 'drives both', ensureTestPrograms);
  process.exitCode = await onPrivateHost((scratch) => [
    process.execPath,
    ...process.argv.slice(1),
    '--inside',
    scratch,
  ]);
});

/** @param {string} scratch */
async function compare(scratch) {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  const docker = await startDebianDocker(scratch);
  const berth = await startBerth(scratch, values.runtime === undefined ? {} : { runtime: values.runtime });
  const archive = join(scratch, 'busybox.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
  for (const engine of [docker, berth.engine]) timed(engine, ['load', '-q', '-i', archive]);
  const cases = (values.cases ?? DEFAULT_CASES).split(',');
  const registry = cases.some((name) => CASES[name]?.needsRegistry) ? await startRegistry(scratch) : undefined;
  const report = await runCases([docker, berth.engine, berth.client, withBuildKit(docker)], {
    cases,
    rounds: Number(values.rounds ?? 15),
    ...(registry === undefined ? {} : { registry }),
  });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
  if (values.write) writeFileSync(TABLE, markdown(report, facts([docker, berth.engine])));
}

/** @param {import('./engine.mjs').Engine[]} engines */
function facts(engines) {
  /** @param {string[]} args */
  const asked = (...args) => engines.map((engine) => `${engine.name}: ${timed(engine, args).output}`);
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Linux ${release()}, ${distribution()}`,
    versions: asked('version', '--format', '{{.Server.Version}}'),
    runtimes: asked('info', '--format', '{{.DefaultRuntime}}'),
    date: new Date(),
  };
}

function distribution() {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown distribution';
}
