import { DEFAULT_CONFIG, type EngineConfig } from '../config.ts';
import { DEFAULT_CONFIG_FILE } from './config-file.ts';
import { GROUPS, settingOf } from './table/index.ts';

/** The engine's help: all flags below their headings. */
export function usage(): string {
  const sections = GROUPS.map(({ title, settings }) => ({
    title,
    lines: (Object.keys(settings) as (keyof EngineConfig)[])
      .filter((field) => settingOf(field).refused === undefined)
      .map(flagLine)
      .sort(byFlag),
  }));
  const own = [
    { left: '      --config-file FILE', summary: `Settings as JSON (default "${DEFAULT_CONFIG_FILE}")` },
    { left: '  -h, --help', summary: 'Print this' },
    { left: '      --validate', summary: 'Check all settings, say "configuration OK", and end' },
    { left: '  -v, --version', summary: 'Print the version' },
  ];
  const all = [{ title: 'Options', lines: own }, ...sections];
  const width = Math.max(...all.flatMap(({ lines }) => lines.map(({ left }) => left.length))) + 3;
  const print = ({ left, summary }: Line) => `${left.padEnd(width)}${summary}`;
  const text = all.map(({ title, lines }) => `${title}:\n${lines.map(print).join('\n')}\n`).join('\n');
  return `Usage:  berth daemon [OPTIONS]

The container engine, in the foreground. Each option can stand in the configuration file as well, a SIGHUP makes the
engine read it again: docs/reference/daemon-json.md.

${text}`;
}

interface Line {
  left: string;
  summary: string;
}

function flagLine(field: keyof EngineConfig): Line {
  const { flag, short, kind, summary } = settingOf(field);
  const name = kind.many && kind.placeholder !== '' ? `${kind.placeholder} …` : kind.placeholder;
  const left = `  ${short === undefined ? '   ' : `-${short},`} --${flag}${name === '' ? '' : ` ${name}`}`;
  const standard = defaultText(field);
  return { left, summary: standard === '' ? summary : `${summary} (default ${standard})` };
}

/** The default as the help shows it; '' when the summary says it or it is nothing. */
function defaultText(field: keyof EngineConfig): string {
  const value = DEFAULT_CONFIG[field];
  if (field === 'hosts' || field === 'pidFile') return '';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return String(value);
  if (value === true) return 'true';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string') && value.length > 0)
    return value.join(', ');
  return '';
}

function byFlag(a: Line, b: Line): number {
  return a.left.slice(6) < b.left.slice(6) ? -1 : 1;
}
