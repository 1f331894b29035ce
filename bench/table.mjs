// @ts-check
import { ratio } from './measure.mjs';
import { CASES } from './run.mjs';

/** What each case times, in the table's own words. @type {Record<string, string>} */
const MEANING = {
  'cli-version': '`--version`: the client alone',
  ps: '`ps`',
  'ps-200': '`ps -a` with 200 containers',
  run: '`run --rm busybox true`',
  'run-nonet': 'the same with `--network none`',
  'run-publish': 'the same with a published port',
  'run-detached': '`run -d`',
  'rm-running': '`rm -f` of a running container',
  'stop-init': '`stop` of a container with `--init`',
  exec: '`exec` of `true`',
  'fleet-start-20': '20 x `run -d`, 8 at once',
  'logs-attached-1M': '`run` printing a million lines',
  'logs-read-1M': '`logs` of a million lines',
  'save-load-200MB': '`save` of an image with 200 MB to a file, and `load` of it',
  'build-cached-20': 'a build of 20 steps that are all known',
  'build-run-10': '10 new steps of `RUN`',
  'build-copy-5000': '5,000 files copied on a new step',
  'build-stages': 'two stages that sleep 2 s each, so that 2000 ms is the least',
  'cp-in-100MB': '`cp` of 100 MB into a container',
  'publish-throughput': 'download of 500 MB through a published port',
  'loopback-throughput': 'the same from the host itself (`--network host`): how far that is from plain loopback',
  'memory-idle': 'memory (PSS) of the engine with nothing running',
  'memory-per-container': 'memory added per running container with a port',
};

/** Goals of the first release, as "at least so many times better". @type {Record<string, number>} */
const GOALS = {
  run: 6,
  'run-nonet': 6,
  'run-publish': 6,
  'fleet-start-20': 6,
  exec: 4,
  'rm-running': 4,
  ps: 1,
  'memory-idle': 2,
  'memory-per-container': 4,
  'publish-throughput': 1,
  'logs-attached-1M': 3,
  'save-load-200MB': 2,
  'build-cached-20': 3,
  'build-run-10': 3,
  'build-copy-5000': 3,
};

/**
 * The page docs/benchmarks.md.
 *
 * @param {Record<string, Record<string, import('./measure.mjs').Outcome>>} report
 * @param {{ machine: string, versions: string[], runtimes: string[], date: Date }} facts
 * @returns {string}
 */
export function markdown(report, { machine, versions, runtimes, date }) {
  const rows = Object.entries(report).map(([name, outcomes]) => row(name, outcomes));
  const builds = Object.entries(report).filter(([, outcomes]) => outcomes['buildkit'] !== undefined);
  return `# Benchmarks

Written by \`npm run bench -- --write\` (see \`bench/README.md\`); every figure is from that one run.
${date.toISOString().slice(0, 10)}: ${machine}.
Versions: ${versions.join(', ')}. Runtime: ${runtimes.join(', ')}.

Medians. The first two columns are both spoken to with Docker's own client, so that they differ in the engine only; the
last is Berth's client on Berth's engine. "Times better" compares the first two; quote it rather than the times, which
belong to this machine.

| case | what | Debian's Docker | Berth | times better | goal | \`berth\` client |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
${builds.length > 0 ? buildTable(builds) : ''}`;
}

/** @param {[string, Record<string, import('./measure.mjs').Outcome>][]} builds */
function buildTable(builds) {
  const rows = builds.map(([name, outcomes]) => {
    const what = CASES[name];
    const times = what && ratio(what, outcomes['buildkit'], outcomes['berth']);
    const cells = [name, figure(outcomes['buildkit']), figure(outcomes['berth']), times?.toFixed(1) ?? '-'];
    return `| ${cells.join(' | ')} |`;
  });
  return `
The same builds by the BuildKit of Debian's Docker (\`DOCKER_BUILDKIT=1\`, its own client):

| case | BuildKit | Berth, with Docker's client | times better |
| --- | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

/**
 * @param {string} name
 * @param {Record<string, import('./measure.mjs').Outcome>} outcomes
 */
function row(name, outcomes) {
  const what = CASES[name];
  const times = what && ratio(what, outcomes['docker'], outcomes['berth']);
  const cells = [
    name,
    MEANING[name] ?? '',
    figure(outcomes['docker']),
    figure(outcomes['berth']),
    times === undefined ? '-' : times.toFixed(1),
    GOALS[name] ?? '-',
    figure(outcomes['berth-cli']),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @param {import('./measure.mjs').Outcome | undefined} outcome */
function figure(outcome) {
  if (outcome === undefined) return '-';
  if ('failed' in outcome) return 'failed';
  return `${outcome.median.toFixed(outcome.median < 20 ? 1 : 0)} ${outcome.unit}`;
}
