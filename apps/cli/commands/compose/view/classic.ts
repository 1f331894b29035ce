import type { Operation, Progress } from '@berth/compose';
import type { Compose } from '../compose.ts';
import type { ProgressView } from './progress.ts';

/** What one line is about: `Creating shop_web_1 ... done`. */
interface Line {
  text: string;
  /** The operation that ends it. */
  last: string;
}

/** Messages of docker-compose 1.29: a line when something begins, and again, or in place, when it is done. */
export function classicView({ context, ansi, dryRun }: Compose): ProgressView {
  const { err } = context;
  let lines = new Map<string, Line>();
  let order: string[] = [];
  const written: string[] = [];
  const width = () => Math.max(0, ...[...lines.values()].map(({ text }) => text.length));
  const write = (key: string, status: string) => {
    const { text } = lines.get(key) ?? { text: key };
    const line = `${dryRun ? 'DRY-RUN MODE - ' : ''}${text.padEnd(width())} ... ${status}`;
    const up = written.length - written.indexOf(key);
    if (status !== '' && ansi.err && err.isTerminal && written.includes(key)) {
      err.write(`\x1b[${up}A\x1b[2K\r${line}\r\x1b[${up}B`);
      return;
    }
    err.write(`${line}${ansi.err && err.isTerminal ? '\r\n' : '\n'}`);
    if (!written.includes(key)) written.push(key);
  };
  return {
    begin(operations) {
      lines = linesOf(operations);
      order = [...lines.keys()];
      written.length = 0;
    },
    progress(progress) {
      const { operation, done } = progress;
      const said = oneLine(progress);
      if (said !== undefined) {
        if (said) err.write(`${said}\n`);
        return;
      }
      const key = keyOf(operation);
      const line = key === undefined ? undefined : lines.get(key);
      if (!key || !line || !order.includes(key)) return;
      if (!done && !written.includes(key)) write(key, '');
      else if (progress.error !== undefined) write(key, color('error', 31, ansi.err && err.isTerminal));
      else if (done && operation.id === line.last) write(key, color('done', 32, ansi.err && err.isTerminal));
    },
    note(subject, word) {
      if (word === 'Running') err.write(`${subject.replace(/^Container /, '')} is up-to-date\n`);
    },
    end: () => undefined,
  };
}

function color(text: string, code: number, on: boolean): string {
  return on ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Networks, volumes and images have one line, at their beginning; '' is nothing, undefined: not of this kind. */
function oneLine({ operation, done, error }: Progress): string | undefined {
  const { kind } = operation;
  if (!/network|volume|image/.test(kind)) return undefined;
  if (done || error !== undefined) return '';
  if (kind === 'create-network') {
    const { Driver } = operation.body as { Driver?: string };
    const isDefault = operation.driver === undefined;
    return `Creating network ${JSON.stringify(operation.name)} with ${isDefault ? 'the default driver' : `driver ${JSON.stringify(Driver)}`}`;
  }
  if (kind === 'create-volume') {
    const driver = operation.driver === undefined ? 'default driver' : `driver ${JSON.stringify(operation.driver)}`;
    return `Creating volume ${JSON.stringify(operation.body.Name)} with ${driver}`;
  }
  if (kind === 'remove-network') return `Removing network ${operation.name}`;
  if (kind === 'remove-volume') return `Removing volume ${operation.name}`;
  if (kind === 'remove-image') return `Removing image ${operation.image}`;
  return '';
}

const VERBS: Partial<Record<Operation['kind'], string>> = {
  'create-container': 'Creating',
  'start-container': 'Starting',
  'restart-container': 'Restarting',
  'stop-container': 'Stopping',
  'kill-container': 'Killing',
  'pause-container': 'Pausing',
  'unpause-container': 'Unpausing',
  'remove-container': 'Removing',
};

/** Creating and starting are one line, stopping and removing two. What is silent has none. */
function keyOf(operation: Operation): string | undefined {
  if (operation.words[0] === '') return undefined;
  const phase = operation.kind === 'create-container' || operation.kind === 'start-container' ? 'make' : operation.kind;
  return VERBS[operation.kind] === undefined ? undefined : `${phase} ${operation.subject}`;
}

function linesOf(operations: readonly Operation[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const operation of operations) {
    const key = keyOf(operation);
    if (!key) continue;
    const name = operation.subject.replace(/^Container /, '');
    const verb = operation.words[0] === 'Recreate' ? 'Recreating' : VERBS[operation.kind];
    const present = lines.get(key);
    lines.set(key, { text: present?.text ?? `${verb} ${name}`, last: operation.id });
  }
  return lines;
}
