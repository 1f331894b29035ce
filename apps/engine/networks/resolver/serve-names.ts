import { chmodSync, closeSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { releaseResidentMemory } from '../../linux/resident-memory.ts';
import { answer, MAX_MESSAGE, PLAIN_UDP } from './answer.ts';
import { type Handle, type Listener, listen } from './listen.ts';
import { Outside } from './outside.ts';
import { Lines, type NamedSandbox, type Reply, type Request } from './protocol.ts';
import { HostServers } from './servers.ts';
import { Zones } from './zones.ts';

/**
 * A process of its own that answers names of containers, one for all containers of an engine. It outlives the engine,
 * which tells it by a socket who there is; what it was told it keeps until it is told otherwise.
 *
 *   serve-names.ts SOCKET BUILD
 *
 * Says on descriptor 3 that it listens. Ends when it is told to, and by itself when it has served nobody for a while.
 */
const [socketPath = '', build = ''] = process.argv.slice(2);
const zones = new Zones();
const listeners = new Map<string, Listener>();
const outside = new Outside(new HostServers());
const engines = new Set<Socket>();
let idle: NodeJS.Timeout | undefined;

function handler(id: string): Handle {
  return (message, protocol) => {
    const sandbox = zones.get(id);
    if (!sandbox) return undefined;
    const verdict = answer(zones, sandbox, message, protocol === 'udp' ? PLAIN_UDP : MAX_MESSAGE);
    switch (verdict.kind) {
      case 'reply':
        return verdict.message;
      case 'outside':
        return outside.ask(sandbox, message, protocol).then((reply) => reply ?? verdict.refusal);
      case 'drop':
        return undefined;
    }
  };
}

function set(sandbox: NamedSandbox): Pick<Reply, 'udpPort' | 'tcpPort'> {
  if (sandbox.namespacePath === '') {
    zones.set(sandbox);
    return { udpPort: 0, tcpPort: 0 };
  }
  let listener = listeners.get(sandbox.id);
  if (!listener) {
    listener = listen(sandbox.namespacePath, { udp: sandbox.udpPort, tcp: sandbox.tcpPort }, handler(sandbox.id));
    listeners.set(sandbox.id, listener);
  }
  zones.set(sandbox);
  return { udpPort: listener.udpPort, tcpPort: listener.tcpPort };
}

function drop(id: string): void {
  listeners.get(id)?.close();
  listeners.delete(id);
  zones.delete(id);
}

function obey(request: Request): Reply {
  const { number } = request;
  switch (request.verb) {
    case 'hello':
      return { number, pid: process.pid, build };
    case 'set':
      return { number, ...set(request.sandbox) };
    case 'drop':
      drop(request.id);
      return { number };
    case 'keep': {
      const kept = new Set(request.ids);
      for (const id of zones.ids()) if (!kept.has(id)) drop(id);
      return { number };
    }
    case 'end':
      setImmediate(end);
      return { number };
  }
}

function converse(engine: Socket): void {
  engines.add(engine);
  const lines = new Lines();
  engine.setEncoding('utf8');
  engine.on('error', () => undefined);
  engine.on('close', () => {
    engines.delete(engine);
    watchIdle();
  });
  engine.on('data', (text: string) => {
    for (const line of lines.push(text)) {
      const request = JSON.parse(line) as Request;
      let reply: Reply;
      try {
        reply = obey(request);
      } catch (error) {
        reply = { number: request.number, error: error instanceof Error ? error.message : String(error) };
      }
      engine.write(`${JSON.stringify(reply)}\n`);
    }
    watchIdle();
  });
}

/** Without anybody to serve it waits a while, longer as long as there is an engine that may want it soon. */
function watchIdle(): void {
  clearTimeout(idle);
  idle = zones.size > 0 ? undefined : setTimeout(end, engines.size > 0 ? IDLE_MS : LONELY_MS);
}

function end(): void {
  rmSync(socketPath, { force: true });
  process.exit(0);
}

/** Gives memory back after a busy time, the start among them: what waits for questions should hold little. */
function releaseMemory(): void {
  let before = process.cpuUsage();
  let owed = Number.POSITIVE_INFINITY;
  setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const used = (user + system) / 1000;
    owed += used;
    if (used > QUIET_MS || owed < WORTH_MS) return;
    owed = 0;
    globalThis.gc?.();
    releaseResidentMemory();
    before = process.cpuUsage();
  }, LOOK_EVERY_MS).unref();
}

/**
 * A mistake about one query must not take the names of all containers along. Only from the start on: one that cannot
 * start should end. Says it a limited number of times, for a container may be able to repeat it.
 */
function surviveMistakes(): void {
  let left = MAX_COMPLAINTS;
  process.on('uncaughtException', (error) => {
    if (left-- <= 0) return;
    try {
      writeSync(2, `goes on after: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    } catch {
      // a full disk; going on matters more
    }
  });
}

/** CPU time within one look that counts as quiet, and that since the last release which makes another one worth it. */
const QUIET_MS = 5;
const WORTH_MS = 100;
const LOOK_EVERY_MS = 1000;
const MAX_COMPLAINTS = 100;
const IDLE_MS = 600_000;
const LONELY_MS = 3000;

try {
  writeFileSync('/proc/self/oom_score_adj', '-900');
} catch {
  // a host that does not let us; then it is as likely to be killed as others
}
process.umask(0o077);
rmSync(socketPath, { force: true });
const server = createServer(converse);
server.listen(socketPath, () => {
  chmodSync(socketPath, 0o600);
  writeSync(3, 'ready\n');
  closeSync(3);
  watchIdle();
  releaseMemory();
  surviveMistakes();
});
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
