import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineClient } from '@berth/client';
import { clientHere } from './client-here.ts';
import { type CommandOptions, type CommandResult, run } from './docker.ts';

const MAIN = path.resolve(import.meta.dirname, '../../apps/cli/main.ts');

/** A folder with a Compose project of its own; its name is the project's. */
export interface ProjectFolder extends Disposable {
  folder: string;
  name: string;
  write(file: string, text: string): void;
}

/** Makes a project's folder. `name` is unique enough for an engine of a test's own. */
export function projectFolder(name: string, files: Record<string, string>): ProjectFolder {
  const root = mkdtempSync(path.join(tmpdir(), 'berth-compose-'));
  const folder = path.join(root, name);
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  return { folder, name, write, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

export interface ComposeOptions extends CommandOptions {
  /** `docker-compose` for the classic names and messages. */
  program?: 'berth' | 'docker' | 'docker-compose';
}

/** Runs our Compose against an engine, in a project's folder; `args` begin with the command or flags before it. */
export function compose(
  engine: { host: string },
  project: { folder: string },
  args: string[],
  options: ComposeOptions = {},
): Promise<CommandResult> {
  const { program = 'berth', env, ...rest } = options;
  const words = program === 'docker-compose' ? args : ['compose', ...args];
  return run(process.execPath, [MAIN, ...words], {
    cwd: project.folder,
    ...rest,
    env: { DOCKER_HOST: engine.host, BERTH_PROGRAM_NAME: program, NO_COLOR: '1', ...env },
  });
}

/** The same, and an error with everything that was said when it ended with another code than 0. */
export async function composeOk(
  engine: { host: string },
  project: { folder: string },
  args: string[],
  options: ComposeOptions = {},
): Promise<CommandResult> {
  const result = await compose(engine, project, args, options);
  if (result.code !== 0)
    throw new Error(`compose ${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`);
  return result;
}

/** The same in this process, for tests of very many calls: what was said, and the exit code. Files are named by `-f`. */
export async function composeHere(
  engine: { host: string },
  project: { folder: string },
  args: string[],
  options: { program?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const { program = 'berth', env } = options;
  const { folder } = project;
  return clientHere(['compose', '--project-directory', folder, ...args], {
    ...{ programName: program, host: engine.host, folder, env, stdin: 0 },
    // One client for all calls: each keeps its connections, and this process does not end between calls.
    adapt: (context) => Object.create(context, { client: { value: sharedClient(engine.host) } }) as typeof context,
  });
}

const clients = new Map<string, EngineClient>();

function sharedClient(host: string): EngineClient {
  const client = clients.get(host) ?? new EngineClient({ host });
  clients.set(host, client);
  return client;
}
