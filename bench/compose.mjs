// @ts-check
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxImage, dockerArchive } from '../tests/support/images.ts';
import { tutorialImages } from '../tests/support/tutorial-images.ts';
import { build } from '../tools/build.mjs';
import { ensureDebianDocker } from '../tools/setup/debian-docker.mjs';
import { ensureDebianPackages } from '../tools/setup/debian-packages.mjs';
import { main, ROOT, step } from '../tools/setup/report.mjs';
import { mustRun } from '../tools/setup/run.mjs';
import { ensureTestPrograms } from '../tools/setup/test-programs.mjs';
import { timed } from './engine.mjs';
import { startBerth } from './engines/berth.mjs';
import { startDebianDocker } from './engines/debian-docker.mjs';
import { onPrivateHost } from './engines/private-host.mjs';

/*
 * `up` of ten services, from images that are there: our Compose on our engine, and on Debian's Docker, beside Debian's
 * docker-compose 1.29.2 on Debian's Docker; on a private host that vanishes with this program.
 *   npm run bench:compose -- [--rounds 5]
 * With --check FOLDER: runs our Compose from sources against Debian's Docker alone, with the projects of that folder, and
 * prints what came out as JSON.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string' }, inside: { type: 'string' }, check: { type: 'string' } },
});

/** Two services that others need, and eight that need both. */
const TEN = {
  services: Object.fromEntries(
    Array.from({ length: 10 }, (_, at) => [
      `s${at}`,
      {
        image: 'busybox',
        command: 'sleep 10000',
        stop_grace_period: '0s',
        ...(at > 1 && { depends_on: ['s0', 's1'] }),
      },
    ]),
  ),
};

await main(async () => {
  if (values.inside !== undefined)
    return values.check === undefined ? measure(values.inside) : check(values.inside, values.check);
  if (values.check === undefined) await step('Build', 'what is measured is what is shipped', build);
  await step("Debian's Docker", 'what it is compared with; fetched, not installed', ensureDebianDocker);
  await step("Docker's client", 'loads images', ensureTestPrograms);
  if (values.check === undefined)
    await step('docker-compose', 'what it is compared with', () =>
      ensureDebianPackages({ 'docker-compose': 'the other side' }),
    );
  process.exitCode = await onPrivateHost((scratch) => [
    process.execPath,
    ...process.argv.slice(1),
    '--inside',
    scratch,
  ]);
});

/** @param {string} scratch */
async function measure(scratch) {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  const docker = await startDebianDocker(scratch);
  const berth = await startBerth(scratch);
  const archive = join(scratch, 'busybox.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
  for (const engine of [docker, berth.engine]) timed(engine, ['load', '-q', '-i', archive]);
  const folder = join(scratch, 'ten');
  mkdirSync(folder);
  writeFileSync(join(folder, 'docker-compose.yml'), JSON.stringify({ version: '3.8', ...TEN }));
  const ours = join(ROOT, 'dist/bin/berth');
  /** @type {[string, string, string[]][]} */
  const sides = [
    ['docker-compose 1.29.2 on Docker', docker.host ?? '', ['/usr/bin/docker-compose']],
    ['berth compose on Docker', docker.host ?? '', [ours, 'compose']],
    ['berth compose on Berth', berth.client.host ?? '', [ours, 'compose']],
  ];
  /** @type {Map<string, { up: number[], again: number[], down: number[] }>} */
  const times = new Map(sides.map(([name]) => [name, { up: [], again: [], down: [] }]));
  for (let round = 0; round < Number(values.rounds ?? 5); round++) {
    for (const [name, host, command] of sides) {
      const run = (/** @type {string[]} */ ...words) => elapsed(() => call(command, words, folder, host));
      const kept = times.get(name);
      kept?.up.push(run('up', '-d'));
      kept?.again.push(run('up', '-d'));
      kept?.down.push(run('down', '-t', '0'));
    }
  }
  const base = median(times.get(sides[0]?.[0] ?? '')?.up ?? []);
  process.stdout.write('| | up, ms | times as fast | up again, ms | down, ms |\n| --- | --- | --- | --- | --- |\n');
  for (const [name, { up, again, down }] of times)
    process.stdout.write(
      `| ${name} | ${median(up).toFixed(0)} | ${(base / median(up)).toFixed(1)} | ${median(again).toFixed(0)} | ${median(down).toFixed(0)} |\n`,
    );
}

/**
 * @param {string[]} command
 * @param {string[]} words
 * @param {string} cwd
 * @param {string} host
 */
function call([program = '', ...first], words, cwd, host, env = {}) {
  return execFileSync(program, [...first, ...words], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DOCKER_HOST: host, NO_COLOR: '1', PYTHONWARNINGS: 'ignore', ...env },
  });
}

/** @param {() => void} act */
function elapsed(act) {
  const before = performance.now();
  act();
  return performance.now() - before;
}

/** @param {number[]} list */
function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

/**
 * @param {string} scratch
 * @param {string} projects a folder with `commands.json`: a list of `{ program, project, words }`
 */
async function check(scratch, projects) {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  const docker = await startDebianDocker(scratch);
  const archive = join(scratch, 'images.tar');
  writeFileSync(archive, tutorialImages());
  timed(docker, ['load', '-q', '-i', archive]);
  const { default: commands } = await import(join(projects, 'commands.json'), { with: { type: 'json' } });
  const results = [];
  for (const { program, project, words } of commands) {
    const line = program === 'docker-compose' ? words : ['compose', ...words];
    try {
      const out = call(
        [process.execPath, join(ROOT, 'apps/cli/main.ts')],
        line,
        join(projects, project),
        docker.host ?? '',
        {
          BERTH_PROGRAM_NAME: program,
        },
      );
      results.push({ program, project, words, code: 0, out });
    } catch (error) {
      const { status, stdout, stderr } = /** @type {{ status: number, stdout: string, stderr: string }} */ (error);
      results.push({ program, project, words, code: status, out: `${stdout}${stderr}` });
    }
  }
  writeFileSync(join(projects, 'results.json'), JSON.stringify(results, null, 1));
}
