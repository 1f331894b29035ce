// @ts-check
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxImage, dockerArchive } from '../tests/support/images.ts';
import { build } from '../tools/build.mjs';
import { ensureDebianDocker } from '../tools/setup/debian-docker.mjs';
import { main, ROOT, step } from '../tools/setup/report.mjs';
import { mustRun } from '../tools/setup/run.mjs';
import { ensureTestPrograms } from '../tools/setup/test-programs.mjs';
import { scale } from './cases/scale.mjs';
import { parseEngine, timed } from './engine.mjs';
import { startBerth } from './engines/berth.mjs';
import { startDebianDocker } from './engines/debian-docker.mjs';
import { onPrivateHost } from './engines/private-host.mjs';

/** @typedef {import('./cases/scale.mjs').Figure} Figure */

const PAGE = join(ROOT, 'docs/scale.md');

/*
 * A thousand containers on Berth and on Debian's Docker, one engine after the other, each on a private host of its own.
 *   npm run bench:scale -- [--count 1000] [--running 200] [--write] [--engine name=x,cli=docker,host=unix:///…]
 * `--engine` measures one that runs already and has busybox:latest; `--write` writes docs/scale.md.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    running: { type: 'string', default: '200' },
    write: { type: 'boolean' },
    engine: { type: 'string' },
    inside: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const size = { count: Number(values.count), running: Number(values.running) };

await main(async () => {
  if (values.engine !== undefined) {
    await scale(parseEngine(values.engine), size);
    return;
  }
  if (values.inside !== undefined) return inside(values.inside, values.only ?? '', values.out ?? '');
  await step('Build', 'what is measured is what is shipped', build);
  await step("Debian's Docker", 'what it is compared with; fetched, not installed', ensureDebianDocker);
  await step("Docker's client", 'drives both', ensureTestPrograms);
  const self = /** @type {string} */ (process.argv[1]);
  const sizes = ['--count', values.count, '--running', values.running];
  /** @type {Record<string, Figure[]>} */
  const figures = {};
  for (const name of ['docker', 'berth']) {
    const out = join(ROOT, `.cache/scale-${name}.json`);
    const code = await onPrivateHost((scratch) => [
      ...[process.execPath, self, '--inside', scratch, '--only', name, '--out', out],
      ...sizes,
    ]);
    if (code !== 0) throw new Error(`the measurement of ${name} ended with ${code}`);
    figures[name] = (await import(out, { with: { type: 'json' } })).default;
  }
  const page = markdown(figures['docker'] ?? [], figures['berth'] ?? []);
  process.stdout.write(page);
  if (values.write) writeFileSync(PAGE, page);
});

/**
 * @param {string} scratch
 * @param {string} name
 * @param {string} out
 */
async function inside(scratch, name, out) {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  const engine = name === 'docker' ? await startDebianDocker(scratch) : (await startBerth(scratch)).engine;
  const archive = join(scratch, 'busybox.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
  timed(engine, ['load', '-q', '-i', archive]);
  writeFileSync(out, JSON.stringify(await scale(engine, size)));
}

/**
 * @param {Figure[]} docker
 * @param {Figure[]} berth
 */
function markdown(docker, berth) {
  const digits = (/** @type {Figure} */ { value, unit }) =>
    `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  const rows = docker.map((figure, index) => {
    const ours = /** @type {Figure} */ (berth[index]);
    const better = figure.unit === 'per s' ? ours.value / figure.value : figure.value / ours.value;
    return `| ${figure.what} | ${digits(figure)} | ${digits(ours)} | ${better.toFixed(1)} |`;
  });
  return `# A thousand containers

Written by \`npm run bench:scale -- --write\` (see \`bench/README.md\`); every figure is from that one run, without an error.
${new Date().toISOString().slice(0, 10)}: ${cpus().length} x ${cpus()[0]?.model.trim()}, Linux ${release()}.

One engine after the other, each on a private host. Times of the API are those of all requests together; \`ps\` is Docker's own
client on both. Memory is that of all processes of an engine, monitors of containers included. Quote ratios:
times belong to the machine and to what else it does meanwhile.

| what | Debian's Docker | Berth | times better |
| --- | ---: | ---: | ---: |
${rows.join('\n')}
`;
}
