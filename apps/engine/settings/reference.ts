import { DEFAULT_CONFIG, type EngineConfig } from '../config.ts';
import { FOREIGN, GROUPS, settingOf } from './table/index.ts';

/** docs/reference/daemon-json.md: every setting, from the table that the engine itself reads. */
export function referencePage(): string {
  const groups = GROUPS.map(({ title, settings }) => {
    const rows = (Object.keys(settings) as (keyof EngineConfig)[]).map(row).sort();
    return `## ${title}\n${HEAD}\n${rows.join('\n')}\n`;
  });
  return `${INTRODUCTION}\n${groups.join('\n')}\n${foreignSection()}`;
}

const INTRODUCTION = `# Settings of the engine

This page is written by \`npm run daemon-json\` from the table that the engine reads (\`apps/engine/settings/table\`).

The engine is told what to do by flags of \`berth daemon\` and by a file, \`/etc/berth/daemon.json\` unless
\`--config-file\` names another. Keys are those of Docker's \`daemon.json\`, and some of our own. Both are checked as a
whole before anything begins: unknown keys, keys that stand there twice, wrong types and values are errors which say file,
line, key, what was found and what is accepted. A setting that both a flag and the file name is an error too, but for
\`runtimes\`, which add up. \`berth daemon --validate\` checks without starting anything.

\`kill -HUP\` (\`systemctl reload berth\`) makes the engine read the file again. What has *yes* under *reload* takes effect
then, all of it or, when the file has an error, nothing. Other changes are named in the log: they need a restart
(\`berth daemon restart\`; containers go on).

Under *status*, *works* means that it has the effect that Docker describes; otherwise only the default is taken, for the reason
given.
`;

const HEAD = '| key | flag | type | default | reload | what | status |\n| --- | --- | --- | --- | --- | --- | --- |';

function row(field: keyof EngineConfig): string {
  const { key, flag, short, kind, summary, reload, refused } = settingOf(field);
  const cells = [
    `\`${key}\``,
    `\`--${flag}\`${short === undefined ? '' : `, \`-${short}\``}`,
    kind.type,
    defaultCell(DEFAULT_CONFIG[field]),
    reload ? 'yes' : '',
    summary.replaceAll('|', '\\|'),
    refused === undefined ? 'works' : `refused: ${refused}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function defaultCell(value: EngineConfig[keyof EngineConfig]): string {
  const empty = value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
  return empty ? '' : `\`${JSON.stringify(value)}\``;
}

function foreignSection(): string {
  const rows = FOREIGN.map(({ key, flag, holds, why }) => {
    const taken = holds.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
    return `| \`${key}\` | ${flag === undefined ? '' : `\`--${flag}\``} | ${taken} | ${why} |`;
  });
  return `## Settings of Docker that are no choice here
They are taken with the value that holds anyway, and refused with any other.

| key | flag | taken | because |
| --- | --- | --- | --- |
${rows.sort().join('\n')}
`;
}
