import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { BerthError } from '@berth/kit';
import type { PublishedPort } from '../model.ts';

/** What one proxy is for. */
export interface ProxyWish {
  containerId: string;
  port: PublishedPort;
  /** Address of the container, IPv4 where it has one. */
  containerAddress: string;
}

/**
 * Starts socat in a session of its own, so that it outlives the engine; `listening` resolves when it accepts
 * connections and fails when it cannot. `name` is shown among its arguments.
 * Errors: unavailable (not installed), conflict (it could not listen).
 */
export function startSocat(wish: ProxyWish, name: string): { pid: number | undefined; listening: Promise<void> } {
  const program = findProgram();
  if (program === undefined) throw missing(wish.port);
  const { listen, connect } = socatAddresses(wish);
  const child = spawn(program, ['-d', '-d', `${NAME_OPTION}${name}`, ...patience(wish.port), listen, connect], {
    detached: true,
    env: {},
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.unref();
  return { pid: child.pid, listening: untilListening(child, wish.port) };
}

/** The two addresses that make socat a proxy for a wish; they tell a running one from others, too. */
export function socatAddresses({ port, containerAddress }: ProxyWish): { listen: string; connect: string } {
  const protocol = port.protocol.toUpperCase();
  // socat binds a UDP port anew for every client, and forgets ipv6only then: so it has both families from the start.
  const common = `bind=[${port.hostIp}],ipv6only=${port.protocol === 'udp' ? 0 : 1},reuseaddr,fork,su=nobody`;
  const backlog = port.protocol === 'udp' ? '' : ',backlog=4096';
  return {
    listen: `${protocol}6-LISTEN:${port.hostPort},${common}${backlog}`,
    connect: containerAddress.includes(':')
      ? `${protocol}6:[${containerAddress}]:${port.containerPort}`
      : `${protocol}4:${containerAddress}:${port.containerPort}`,
  };
}

/** Reads name and addresses back from the arguments of a process; undefined when it is not one of startSocat. */
export function parseSocatArguments(
  args: readonly string[],
): { name: string; listen: string; connect: string } | undefined {
  const name = args.find((arg) => arg.startsWith(NAME_OPTION))?.slice(NAME_OPTION.length);
  const [listen, connect] = args.slice(-2);
  return name !== undefined && listen !== undefined && connect !== undefined ? { name, listen, connect } : undefined;
}

/** socat shows this name in its messages. */
const NAME_OPTION = '-lp';

/** In seconds: an idle UDP client is forgotten as docker-proxy does; half-closed connections may stay so for a day (default 0.5 s). */
function patience(port: PublishedPort): string[] {
  return port.protocol === 'udp' ? ['-T', '90'] : ['-t', '86400'];
}

function untilListening(child: ChildProcess, port: PublishedPort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const place = `[${port.hostIp}]:${port.hostPort}/${port.protocol}`;
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-4096);
    if (said.includes('listening on')) resolve();
  });
  child.once('error', (cause) =>
    reject(new BerthError('unavailable', `failed to start the proxy of host port ${place}`, { cause })),
  );
  child.once('exit', () => {
    const last = said.trim().split('\n').at(-1);
    const reason = said.includes('Address already in use') ? 'address already in use' : last || 'no reason given';
    reject(new BerthError('conflict', `failed to bind host port ${place}: ${reason}`));
  });
  // The proxy stays; only its messages are no longer read, which it does not mind.
  return promise.finally(() => child.stderr?.destroy());
}

function findProgram(): string | undefined {
  return ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => `${directory}/socat`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(port: PublishedPort): BerthError {
  const place = `[${port.hostIp}]:${port.hostPort}/${port.protocol}`;
  return new BerthError('unavailable', `failed to publish host port ${place}: socat is not installed`, {
    hint: 'IPv6 ports are carried by socat. Install the package "socat", or publish on IPv4 only: -p 0.0.0.0:PORT:PORT.',
  });
}
