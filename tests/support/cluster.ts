import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Certificates, makeCertificates } from './certificates.ts';
import { eventually } from './containers.ts';
import { run } from './docker.ts';

const STORE_ADDRESS = '10.99.7.1';

/** Network namespaces as hosts, joined by a bridge in one more, in which a real etcd runs. */
export class Cluster {
  readonly hosts: readonly { name: string; address: string }[];
  readonly storeUrl = `etcd://${STORE_ADDRESS}:2379`;
  /** Where the store speaks TLS. */
  certificates: Certificates | undefined;
  readonly #middle: string;
  readonly #data = mkdtempSync(path.join(tmpdir(), 'berth-etcd-'));
  #etcd: ChildProcess | undefined;

  private constructor(id: string, count: number) {
    this.#middle = `bc${id}m`;
    this.hosts = Array.from({ length: count }, (_, index) => ({
      name: `bc${id}${index}`,
      address: `10.99.7.${index + 11}`,
    }));
  }

  /** `tls`: the store speaks TLS alone, and only with clients that have a certificate. */
  static async create(count: number, { tls = false } = {}): Promise<Cluster> {
    const cluster = new Cluster(Math.random().toString(16).slice(2, 8), count);
    if (tls) {
      mkdirSync(path.join(cluster.#data, 'tls'));
      cluster.certificates = makeCertificates(path.join(cluster.#data, 'tls'), [STORE_ADDRESS]);
    }
    await cluster.#build();
    await cluster.startStore();
    return cluster;
  }

  /** Command line that runs what follows on a host. */
  on(host: number): string[] {
    return ['nsenter', `--net=/run/netns/${this.hosts[host]!.name}`]; // "ip netns exec" would hide control groups
  }

  /** A program and its arguments, to run on a host. */
  commandOn(host: number, words: readonly string[]): [string, string[]] {
    const [program = '', ...before] = this.on(host);
    return [program, [...before, ...words]];
  }

  /** What a shell script prints that runs between the hosts, where the store is. */
  async inTheMiddle(script: string): Promise<string> {
    const { code, stdout, stderr } = await run('ip', ['netns', 'exec', this.#middle, 'bash', '-ec', script]);
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  }

  /** A link between the hosts that sends frames of a network to one of them, as another host of the cluster would. */
  async imitateMember(host: number, to: { vni: string; ip: string; mac: string; address: string }): Promise<void> {
    const remote = this.hosts[host]!.address;
    await this.inTheMiddle(`
      ip link add intruder type vxlan id ${to.vni} local 10.99.7.1 remote ${remote} dstport 4789
      ip address add ${to.address} dev intruder
      ip link set intruder up
      ip neigh replace ${to.ip} lladdr ${to.mac} dev intruder nud permanent
    `);
  }

  async startStore(): Promise<void> {
    const url = `${this.certificates ? 'https' : 'http'}://${STORE_ADDRESS}:2379`;
    const urls = ['--listen-client-urls', url, '--advertise-client-urls', url];
    const peers = ['--listen-peer-urls', 'http://127.0.0.1:2380', '--log-level', 'error'];
    const data = ['--data-dir', path.join(this.#data, 'store')];
    const { ca = '', serverCert = '', serverKey = '' } = this.certificates ?? {};
    const tls = ['--client-cert-auth', '--trusted-ca-file', ca, '--cert-file', serverCert, '--key-file', serverKey];
    const words = ['etcd', ...urls, ...peers, ...data, ...(this.certificates ? tls : [])];
    this.#etcd = spawn('ip', ['netns', 'exec', this.#middle, ...words], { stdio: 'ignore' });
    await eventually(async () => {
      const { ca = '', clientCert = '', clientKey = '' } = this.certificates ?? {};
      const secure = ['--cacert', ca, '--cert', clientCert, '--key', clientKey];
      const asked = ['curl', '-s', ...(this.certificates ? secure : []), `${url}/health`];
      const { code, stdout } = await run('ip', ['netns', 'exec', this.#middle, ...asked]);
      if (code !== 0 || !stdout.includes('true')) throw new Error('etcd is not healthy yet');
    });
  }

  /** kill -9; what it holds stays. */
  async killStore(): Promise<void> {
    const child = this.#etcd;
    this.#etcd = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL'); // ip has become etcd
    await ended;
  }

  async close(): Promise<void> {
    await this.killStore();
    for (const { name } of this.hosts) await run('ip', ['netns', 'del', name]);
    await run('ip', ['netns', 'del', this.#middle]);
    rmSync(this.#data, { recursive: true, force: true });
  }

  async #build(): Promise<void> {
    const ip = async (...args: string[]) => {
      const { code, stderr } = await run('ip', args);
      if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
    };
    const middle = this.#middle;
    await ip('netns', 'add', middle);
    await ip('-n', middle, 'link', 'set', 'lo', 'up');
    await ip('-n', middle, 'link', 'add', 'wire', 'type', 'bridge');
    await ip('-n', middle, 'address', 'add', '10.99.7.1/24', 'dev', 'wire');
    await ip('-n', middle, 'link', 'set', 'wire', 'up');
    for (const [index, { name, address }] of this.hosts.entries()) {
      await ip('netns', 'add', name);
      await ip('-n', name, 'link', 'set', 'lo', 'up');
      const port = `port${index}`;
      await ip(...['-n', middle, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'up0', 'netns', name]);
      await ip('-n', middle, 'link', 'set', port, 'master', 'wire', 'up');
      await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'up0');
      await ip('-n', name, 'link', 'set', 'up0', 'mtu', '1400', 'up');
      await ip('-n', name, 'route', 'add', 'default', 'via', '10.99.7.1');
    }
  }
}
