import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { clientProgram } from '../../support/client.ts';
import { type CommandResult, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { dockerArchive } from '../../support/images.ts';
import { enterOwnNetwork } from '../../support/network-namespace.ts';
import { standIns } from './stand-ins.ts';

/** A reader at a terminal: an engine with the handbook's images, a client, an empty working directory. */
export interface Session {
  engine: TestEngine;
  /** Where the reader is, as in `$(pwd)`. */
  directory: string;
  /** Runs a line as printed in the handbook, through a shell, with `docker` meaning the client under test. */
  type(line: string): Promise<CommandResult>;
  /** The same at a terminal; `keys` are typed when their prompt has appeared. Everything shown comes back. */
  terminal(line: string, keys: { after: RegExp; press: string }[]): Promise<CommandResult>;
  /** Starts a line that does not end by itself and leaves it running. */
  begin(line: string): { interrupt(): void; ended: Promise<CommandResult>; output(): string };
  end(): Promise<void>;
}

/**
 * Everything happens in a network namespace of its own: the ports that the handbook names are free there. `images` are
 * those that are there; the handbook's when nothing is said. `args` are further flags of the engine.
 */
export async function openSession(
  client: 'berth' | 'docker',
  images = standIns(),
  args: string[] = [],
): Promise<Session> {
  await enterOwnNetwork();
  const engine = await startTestEngine({ args });
  const folder = mkdtempSync(join(tmpdir(), 'berth-handbook-'));
  const directory = join(folder, 'the-zone');
  const programs = join(folder, 'bin');
  for (const path of [directory, programs]) mkdirSync(path);
  symlinkSync(clientProgram(client), join(programs, client));
  const end = async () => {
    try {
      await engine.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  try {
    const loaded = await engine.request('POST', '/images/load?quiet=1', {
      body: dockerArchive(images),
      headers: { 'content-type': 'application/x-tar' },
    });
    if (loaded.status !== 200 || loaded.text.includes('"error"'))
      throw new Error(`the stand-in images were not loaded: ${loaded.status} ${loaded.text}`);
  } catch (error) {
    await end();
    throw error;
  }
  const environment = {
    DOCKER_HOST: engine.host,
    DOCKER_CLI_HINTS: 'false',
    HOME: folder,
    PATH: `${programs}${delimiter}${process.env['PATH']}`,
    TERM: 'xterm',
  };
  const real = (line: string) => line.replace(/\bdocker (?=\w)/g, `${client} `);
  const options = { cwd: directory, env: environment };
  return {
    engine,
    directory,
    type: (line) => run('sh', ['-c', real(line)], options),
    terminal: (line, keys) => atTerminal(real(line), keys, options),
    begin: (line) => inBackground(real(line), options),
    end,
  };
}

interface Place {
  cwd: string;
  env: Record<string, string>;
}

function inBackground(line: string, { cwd, env }: Place): ReturnType<Session['begin']> {
  const child = spawn('sh', ['-c', `exec ${line}`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const shown = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (shown.stderr += text));
  const ended = new Promise<CommandResult>((resolve) =>
    child.on('close', (code) => resolve({ code: code ?? -1, ...shown })),
  );
  return { ended, interrupt: () => void child.kill('SIGINT'), output: () => shown.stdout + shown.stderr };
}

/** `script` gives the command a terminal of its own. */
function atTerminal(
  line: string,
  keys: { after: RegExp; press: string }[],
  { cwd, env }: Place,
): Promise<CommandResult> {
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd,
    env: { ...process.env, ...env },
  });
  const waiting = [...keys];
  let shown = '';
  let from = 0;
  const look = () => {
    const next = waiting[0];
    const found = next?.after.exec(shown.slice(from));
    if (next === undefined || !found) return;
    from = shown.length;
    waiting.shift();
    child.stdin.write(next.press);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    look();
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(
          `the terminal session did not end; still to press: ${waiting.map(({ press }) => JSON.stringify(press))}; shown:\n${shown}`,
        ),
      );
    }, 30_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ code: code ?? -1, stdout: plain(shown), stderr: '' });
    });
  });
}

/** Without the terminal's control sequences and carriage returns. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is taken out
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
}
