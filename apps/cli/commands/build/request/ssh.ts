import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineClient, joinAgent } from '@berth/client';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';

const HEAD = 8;
const FRAME_MAX = 256 * 1024;
const START_TIMEOUT_MS = 10_000;

/** Agents that a build may use. */
export interface SshAgents {
  ids: string[];
  /** Joins them to a build session; the connections end with the build. */
  join(client: EngineClient, session: string): Promise<void>;
  /** Ends connections and the agents that were started for keys. */
  close(): void;
}

/** Reads `--ssh ID[=SOCKET|KEY[,KEY]]`. Keys get an agent of their own (`ssh-agent`, `ssh-add`). Throws CliError. */
export async function openAgents(texts: readonly string[], { env }: Pick<Context, 'env'>): Promise<SshAgents> {
  const sockets = new Map<string, string>();
  const closers: (() => void)[] = [];
  const close = () => {
    for (const one of closers.splice(0)) one();
  };
  try {
    for (const text of texts) {
      const equals = text.indexOf('=');
      const id = equals < 0 ? text : text.slice(0, equals);
      const paths =
        equals < 0
          ? []
          : text
              .slice(equals + 1)
              .split(',')
              .filter((path) => path !== '');
      if (id === '') throw new CliError(`invalid value for --ssh: ${JSON.stringify(text)}`);
      const [first] = paths;
      if (first === undefined) sockets.set(id, agentOf(env));
      else if (paths.length === 1 && isSocket(first)) sockets.set(id, first);
      else {
        const agent = await startAgent(paths);
        closers.push(agent.close);
        sockets.set(id, agent.socket);
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    ids: [...sockets.keys()],
    async join(client, session) {
      for (const [id, socket] of sockets) closers.push(await forward(client, { session, id, socket }));
    },
    close,
  };
}

function agentOf(env: Context['env']): string {
  if (env.SSH_AUTH_SOCK) return env.SSH_AUTH_SOCK;
  throw new CliError('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
}

function isSocket(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CliError(`stat ${path}: no such file or directory`);
  return stat.isSocket();
}

/** Carries frames between the engine and connections to an agent here. See the engine's `AgentLink`. */
async function forward(
  client: EngineClient,
  { session, id, socket }: { session: string; id: string; socket: string },
): Promise<() => void> {
  const { connect } = await import('node:net');
  const link = await joinAgent(client, session, id);
  const open = new Map<number, Socket>();
  let rest: Buffer = Buffer.alloc(0);
  const send = (number: number, data: Buffer) => {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(number, 0);
    head.writeUInt32BE(data.length, 4);
    void link.send(Buffer.concat([head, data])).catch(() => undefined);
  };
  const socketOf = (number: number): Socket => {
    const found = open.get(number);
    if (found) return found;
    const made = connect(socket);
    open.set(number, made);
    made.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += FRAME_MAX) send(number, data.subarray(at, at + FRAME_MAX));
    });
    made.on('error', () => undefined);
    made.once('close', () => {
      if (open.delete(number)) send(number, Buffer.alloc(0));
    });
    return made;
  };
  const over = () => {
    for (const one of open.values()) one.destroy();
    open.clear();
  };
  link
    .receive((chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEAD && rest.length >= HEAD + rest.readUInt32BE(4)) {
        const [number, length] = [rest.readUInt32BE(0), rest.readUInt32BE(4)];
        const data = Buffer.from(rest.subarray(HEAD, HEAD + length));
        rest = rest.subarray(HEAD + length);
        if (length > 0) socketOf(number).write(data);
        else {
          const ended = open.get(number);
          open.delete(number);
          ended?.end();
        }
      }
    })
    .then(over, over);
  return () => {
    over();
    link.destroy();
  };
}

/** An agent that has these keys and nothing else. */
async function startAgent(keys: readonly string[]): Promise<{ socket: string; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-build-ssh-'));
  const socket = join(folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    agent.once('error', () => reject(new CliError('keys for --ssh need ssh-agent, which is not installed here')));
  });
  const close = () => {
    agent.kill();
    // The agent removes it too: a folder whose file goes while it is being removed may stay.
    rmSync(socket, { force: true });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([failed, untilThere(socket)]);
    await Promise.race([failed, addKeys(socket, keys)]);
  } catch (error) {
    close();
    throw error;
  }
  return { socket, close };
}

async function untilThere(path: string): Promise<void> {
  for (const start = Date.now(); Date.now() - start < START_TIMEOUT_MS; ) {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new CliError('ssh-agent did not start');
}

function addKeys(socket: string, keys: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' };
    const child = execFile('ssh-add', ['--', ...keys], { env }, (error, _stdout, stderr) => {
      if (error) reject(new CliError(`failed to parse the keys of --ssh: ${stderr.trim() || error.message}`));
      else resolve();
    });
    child.stdin?.end();
  });
}
