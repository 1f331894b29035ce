import { readFileSync } from 'node:fs';
import { type LoadOptions, loadProject, type Project, type Style } from '@berth/compose';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Arity, FlagSpec, Parsed } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import type { LiveArea } from './view/screen.ts';

export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';

/** What a command of Compose gets. */
export interface Compose {
  readonly context: Context;
  /** The flags before the command. */
  readonly flags: FlagValues;
  /** Of names: `classic` under the name docker-compose, and with `--compatibility`. */
  readonly style: Style;
  /** Called as docker-compose: its words, and what it does otherwise. */
  readonly classic: boolean;
  /** How the user called it: `berth compose`, `docker-compose`. */
  readonly program: string;
  readonly dryRun: boolean;
  /** `--progress`, COMPOSE_PROGRESS: how what is done is shown. */
  readonly progress: ProgressMode;
  /** Calls to one engine at a time: `--parallel`, COMPOSE_PARALLEL_LIMIT; Infinity without a limit, undefined when nobody has said. */
  readonly parallel: number | undefined;
  /** Where progress changes in place; what `context` writes meanwhile goes above it. */
  readonly area: LiveArea;
  /** Colours and movements of the cursor, on stdout and on stderr. */
  readonly ansi: { out: boolean; err: boolean };
}

/** A command of Compose, in a file of its own; see `Command`. */
export interface ComposeCommand {
  usage: string;
  description?: string;
  flags: readonly FlagSpec[];
  args: Arity;
  interspersed?: boolean;
  run(compose: Compose, parsed: Parsed): Promise<number>;
}

/** What the flags before the command say about loading. */
export function loadOptions(compose: Compose): LoadOptions {
  const { context, flags, classic } = compose;
  return {
    files: flags.list('file'),
    cwd: process.cwd(),
    env: context.env,
    envFiles: flags.list('env-file'),
    projectName: flags.string('project-name'),
    projectDirectory: flags.string('project-directory') || flags.string('workdir'),
    profiles: flags.list('profile'),
    readStdin: () => readAll(context),
    onWarning(text) {
      if (!classic) warn(compose, text);
      // To docker-compose a version was what every file has.
      else if (!text.includes('`version` is obsolete')) context.err.write(`WARNING: ${text}\n`);
    },
  };
}

/** A warning on stderr. See `log`. */
export function warn(compose: Compose, text: string): void {
  log(compose, 'warning', text);
}

const LEVELS = { warning: { word: 'WARN', color: 33 }, debug: { word: 'DEBU', color: 37 } };

/** A line on stderr beside what is done; JSON where that is JSON too. */
export function log({ context: { err }, progress }: Compose, level: keyof typeof LEVELS, text: string): void {
  const { word, color } = LEVELS[level];
  if (progress === 'json') err.write(`${JSON.stringify({ level, msg: text, time: new Date().toISOString() })}\n`);
  else err.write(`${err.colors ? `\x1b[${color}m${word}\x1b[0m` : word}[0000] ${text}\n`);
}

/** `-f -`: all of stdin. */
function readAll(context: Context): string {
  return readFileSync(context.in.fd, 'utf8');
}

/** The project of the files. `named` are services that a command was given; they are there, or it ends here. */
export function openProject(
  compose: Compose,
  named: readonly string[] = [],
  further: Partial<LoadOptions> = {},
): Project {
  const project = loadProject({ ...loadOptions(compose), named, ...further });
  if (Object.keys(project.services).length === 0 && Object.keys(project.disabled).length === 0 && named.length === 0)
    return project;
  for (const name of named) if (!project.services[name]) throw new CliError(`no such service: ${name}`);
  return project;
}

/**
 * The project of the files, or one known by its name alone where there are none: enough for what looks at containers.
 * Throws when there is neither.
 */
export function projectOrName(compose: Compose, named: readonly string[] = []): Project {
  try {
    // Containers of services whose profile is not active are looked at all the same.
    return openProject(compose, named, { profiles: ['*'] });
  } catch (error) {
    const name = compose.flags.string('project-name') || compose.context.env.COMPOSE_PROJECT_NAME;
    if (!name || !isBerthError(error, 'not-found') || compose.flags.list('file').length) throw error;
    return emptyProject(name);
  }
}

function emptyProject(name: string): Project {
  return {
    name,
    workingDir: process.cwd(),
    files: [],
    envFiles: [],
    services: {},
    disabled: {},
    networks: {},
    volumes: {},
    secrets: {},
    configs: {},
    models: {},
    extensions: {},
    variables: new Map(),
    tree: { kind: 'map', source: { file: '', line: 0, column: 0 }, entries: new Map() },
  };
}
