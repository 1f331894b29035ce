import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PortWish, Sandbox, SandboxNetworking, SandboxRequest } from '../../../../apps/engine/networks/model.ts';
import type { Engine } from './engine.ts';
import type { Peer } from './peer.ts';
import { Remote } from './rpc.ts';

const exec = promisify(execFile);

export interface Container {
  containerId: string;
  containerName: string;
  sandbox: Sandbox;
}

/**
 * A host and a neighbour outside, both network namespaces joined by one link. The machine's own network is never
 * touched.
 */
export class World {
  readonly id = randomBytes(3).toString('hex');
  readonly root = mkdtempSync(path.join(tmpdir(), 'berth-net-'));
  readonly hostAddress = '192.168.213.1';
  readonly hostAddress6 = 'fd13::1';
  readonly outsideAddress = '192.168.213.2';
  /** Names as their link names have at most 15 letters. */
  readonly config = { dataRoot: this.root, execRoot: this.root, bridge: `tb${this.id}`, nftTable: `test-${this.id}` };
  readonly #peers: Remote<Peer>[] = [];
  readonly #engines: Remote<Engine>[] = [];
  host!: Remote<Peer>;
  outside!: Remote<Peer>;

  static async create(): Promise<World> {
    const world = new World();
    const [host, outside] = [world.#name('host'), world.#name('out')];
    await exec('ip', ['netns', 'add', host]);
    await exec('ip', ['netns', 'add', outside]);
    await exec('ip', [
      '-n',
      host,
      'link',
      'add',
      'up0',
      'mtu',
      '1400',
      'type',
      'veth',
      'peer',
      'name',
      'up0',
      'netns',
      outside,
    ]);
    for (const [name, v4, v6] of [
      [host, world.hostAddress, world.hostAddress6],
      [outside, world.outsideAddress, 'fd13::2'],
    ] as const) {
      await exec('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
      await exec('ip', ['-n', name, 'link', 'set', 'up0', 'mtu', '1400', 'up']);
      await exec('ip', ['-n', name, 'address', 'add', `${v4}/24`, 'dev', 'up0']);
      await exec('ip', ['-n', name, 'address', 'add', `${v6}/64`, 'dev', 'up0', 'nodad']);
    }
    await exec('ip', ['-n', host, 'route', 'add', 'default', 'via', world.outsideAddress]);
    // The neighbour is an attacker: it knows where the containers' addresses are.
    await exec('ip', ['-n', outside, 'route', 'add', '172.16.0.0/12', 'via', world.hostAddress]);
    world.host = await world.peer(world.#path('host'));
    world.outside = await world.peer(world.#path('out'));
    return world;
  }

  /** Runs a program in the host's namespace. */
  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await exec('nsenter', [`--net=${this.#path('host')}`, program, ...args]);
    return stdout;
  }

  async runOutside(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await exec('nsenter', [`--net=${this.#path('out')}`, program, ...args]);
    return stdout;
  }

  async engine(config: object = {}): Promise<Remote<Engine>> {
    const text = JSON.stringify({ ...this.config, ...config });
    const engine = await Remote.start<Engine>(this.#path('host'), new URL('./engine.ts', import.meta.url), [text]);
    this.#engines.push(engine);
    return engine;
  }

  async peer(namespacePath: string): Promise<Remote<Peer>> {
    const peer = await Remote.start<Peer>(namespacePath, new URL('./peer.ts', import.meta.url));
    this.#peers.push(peer);
    return peer;
  }

  async open(
    engine: Remote<Engine>,
    containerName: string,
    ports: PortWish[] = [],
    mode = 'bridge',
    networking?: Partial<SandboxNetworking>,
  ): Promise<Container> {
    const containerId = randomBytes(32).toString('hex');
    const request: SandboxRequest = { containerId, containerName, mode, ports, macAddress: undefined };
    if (networking) request.networking = { endpoints: [], dns: [], linked: [], ...networking };
    return { containerId, containerName, sandbox: await engine.call('open', request) };
  }

  /** A container on networks of users, in this order. */
  join(engine: Remote<Engine>, name: string, networks: string[], ports: PortWish[] = []): Promise<Container> {
    const endpoints = networks.map((network) => ({ network, wish: {}, dnsNames: [name] }));
    return this.open(engine, name, ports, networks[0], { endpoints });
  }

  /** What of an engine stands in the host, apart from what every engine has. */
  async left(): Promise<{ ports: string[]; elements: string[]; namespaces: string[]; proxies: string[] }> {
    const links = JSON.parse((await this.run('ip', '-j', 'link', 'show', 'master', this.config.bridge)) || '[]') as {
      ifname?: string;
    }[];
    const { nftables } = JSON.parse(await this.run('nft', '-j', 'list', 'table', 'inet', this.config.nftTable)) as {
      nftables: { map?: { elem?: unknown[] } }[];
    };
    return {
      ports: links.flatMap((link) => link.ifname ?? []),
      elements: nftables.flatMap(({ map }) => map?.elem ?? []).map((element) => JSON.stringify(element)),
      namespaces: readdirSync(`${this.root}/ns`),
      proxies: this.#processes().map(({ command }) => command),
    };
  }

  /** Waits until the kernel has cleared closed namespaces up, which it does on its own time. */
  async leftAtLast(): Promise<Awaited<ReturnType<World['left']>>> {
    for (const end = Date.now() + 5000; ; await delay(20)) {
      const left = await this.left();
      if (Date.now() > end || Object.values(left).every((list) => list.length === 0)) return left;
    }
  }

  /** The listening processes of published IPv6 ports. */
  proxies(): { pid: number; command: string }[] {
    return this.#processes().filter(({ pid }) => groupOf(pid) === pid);
  }

  /** Those, and the ones that serve single connections. */
  #processes(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), command: commandOf(name) }))
      .filter(({ command }) => command.startsWith('/usr/bin/socat') && command.includes(this.root));
  }

  /** Processes that answer names. */
  resolvers(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), command: commandOf(name) }))
      .filter(({ command }) => command.includes('serve-names') && command.includes(this.root));
  }

  async close(): Promise<void> {
    for (const remote of [...this.#peers, ...this.#engines]) await remote.kill();
    for (const { pid } of [...this.#processes(), ...this.resolvers()]) killQuietly(pid);
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((point) => point.startsWith(`${this.root}/`)))
      await exec('umount', ['-l', mount]);
    for (const end of ['host', 'out']) await exec('ip', ['netns', 'delete', this.#name(end)]);
    rmSync(this.root, { recursive: true });
  }

  #name(end: string): string {
    return `berth-${this.id}-${end}`;
  }

  #path(end: string): string {
    return `/run/netns/${this.#name(end)}`;
  }
}

/** A wish for one port. Host port 0 leaves the choice. */
export function publish(hostPort: number, containerPort: number, more: Partial<PortWish> = {}): PortWish {
  return { hostPort, hostPortEnd: hostPort, containerPort, protocol: 'tcp', hostIp: '', ...more };
}

/** Process group, field 5 of /proc/PID/stat; 0 when the process has ended. */
function groupOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return 0;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended by itself
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // ended meanwhile
  }
}
