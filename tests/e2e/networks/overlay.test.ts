import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { type Containers, eventually, IMAGE, startContainers } from '../../support/containers.ts';
import { docker, run } from '../../support/docker.ts';

/** Two engines on two hosts with a key-value store between them, driven by Docker's own client. */
describe('networks over several hosts', () => {
  let cluster: Cluster;
  const engines: Containers[] = [];

  const startOn = (host: number) =>
    startContainers({
      through: cluster.on(host),
      args: ['--cluster-store', cluster.storeUrl, '--cluster-advertise', 'up0'],
    });
  const on = async (host: number, ...args: string[]) => {
    const { code, stdout, stderr } = await docker(engines[host]!.engine, args);
    if (code !== 0) throw new Error(`docker ${args.join(' ')} on host ${host}: ${code} ${stderr}`);
    return stdout.trim();
  };
  const until = (host: number, holds: (text: string) => boolean, ...args: string[]) =>
    eventually(async () => {
      const text = await on(host, ...args);
      if (!holds(text)) throw new Error(`${args.join(' ')}: ${text}`);
    });

  beforeAll(async () => {
    cluster = await Cluster.create(2);
    engines.push(await startOn(0), await startOn(1));
    await on(0, 'network', 'create', '-d', 'overlay', '--subnet', '10.77.0.0/24', 'span');
    await until(1, (text) => text.includes('span'), 'network', 'ls');
  });
  afterAll(async () => {
    const clear = async (host: number) => {
      const ids = await on(host, 'ps', '-aq');
      if (ids) await on(host, 'rm', '-f', ...ids.split('\n'));
    };
    const cleared = await Promise.allSettled([...engines.keys()].map(clear));
    const stopped = await Promise.allSettled(engines.map(({ engine }) => engine.stop()));
    await cluster?.close();
    for (const one of [...cleared, ...stopped]) if (one.status === 'rejected') throw one.reason;
  });

  test('a network made on one host is there on the other, with the same id, number and addresses', async () => {
    const form = '{{.Id}} {{.Scope}} {{.Driver}} {{(index .IPAM.Config 0).Subnet}}';
    const here = await on(0, 'network', 'inspect', 'span', '-f', form);
    expect(here).toMatch(/^[0-9a-f]{64} global overlay 10\.77\.0\.0\/24$/);
    expect(await on(1, 'network', 'inspect', 'span', '-f', form)).toBe(here);
    expect(await on(1, 'network', 'ls', '-q', '--no-trunc', '--filter', 'scope=global')).toBe(here.slice(0, 64));
  });

  test('containers of both hosts find each other by name and alias and reach each other, with full packets', async () => {
    await on(
      0,
      'run',
      '-d',
      '--name',
      'aa',
      '--network',
      'span',
      '--network-alias',
      'left',
      IMAGE,
      'httpd',
      '-f',
      '-h',
      '/bin',
    );
    await on(
      1,
      'run',
      '-d',
      '--name',
      'bb',
      '--network',
      'span',
      '--network-alias',
      'right',
      IMAGE,
      'httpd',
      '-f',
      '-h',
      '/bin',
    );
    for (const [host, from, names] of [
      [0, 'aa', ['bb', 'right', 'bb.span']],
      [1, 'bb', ['aa', 'left', 'aa.span']],
    ] as const) {
      for (const name of names) await until(host, () => true, 'exec', from, 'ping', '-c', '1', '-W', '2', name);
    }
    // 1400 bytes of the uplink less 50 of the tunnel; ping's 28 bytes of headers.
    await on(0, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', '-s', '1322', 'bb');
    expect(await on(0, 'exec', 'aa', 'cat', '/sys/class/net/eth0/mtu')).toBe('1350');
    const sum = await on(0, 'exec', 'aa', 'md5sum', '/bin/busybox');
    const there = await on(1, 'exec', 'bb', 'sh', '-c', 'wget -qO- http://aa/busybox | md5sum');
    expect(there.split(' ')[0]).toBe(sum.split(' ')[0]);
    const address = (host: number, name: string) =>
      on(host, 'inspect', name, '-f', '{{.NetworkSettings.Networks.span.IPAddress}}');
    expect(await address(0, 'aa')).not.toBe(await address(1, 'bb'));
  });

  test('they leave by the host that they are on', async () => {
    expect(await on(1, 'exec', 'bb', 'ping', '-c', '1', '-W', '2', '10.99.7.1')).toContain('1 packets received');
    expect(await on(0, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', '10.99.7.1')).toContain('1 packets received');
  });

  test('an address that a container of the other host has is refused, and none is given twice', async () => {
    const taken = await on(1, 'inspect', 'bb', '-f', '{{.NetworkSettings.Networks.span.IPAddress}}');
    const refused = await docker(engines[0]!.engine, [
      'run',
      '--rm',
      '--network',
      'span',
      '--ip',
      taken,
      IMAGE,
      'true',
    ]);
    expect(refused.stderr).toContain('Address already in use');
    const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
    await Promise.all(
      names.map((name, index) =>
        on(index % 2, 'run', '-d', '--name', name, '--network', 'span', IMAGE, 'sleep', '1000'),
      ),
    );
    const form = '{{.NetworkSettings.Networks.span.IPAddress}}';
    const addresses = await Promise.all(names.map((name, index) => on(index % 2, 'inspect', name, '-f', form)));
    expect(new Set([...addresses, taken]).size).toBe(13);
    for (const host of [0, 1]) await on(host, 'rm', '-f', ...names.filter((_, index) => index % 2 === host));
  });

  test('what is removed or renamed on one host is forgotten on the other', async () => {
    await on(1, 'run', '-d', '--name', 'short', '--network', 'span', IMAGE, 'sleep', '1000');
    await until(0, (text) => text.includes('Address'), 'exec', 'aa', 'nslookup', '-type=a', 'short');
    await on(1, 'rename', 'short', 'other');
    await until(0, () => true, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'other');
    await on(1, 'rm', '-f', 'other');
    await eventually(async () => {
      const { code } = await docker(engines[0]!.engine, ['exec', 'aa', 'ping', '-c', '1', '-W', '1', 'other']);
      if (code === 0) throw new Error('the name is still known');
    });
  });

  test('a host that is none of the cluster gets no frame in', async () => {
    const at = (form: string) => on(0, 'inspect', 'aa', '-f', `{{.NetworkSettings.Networks.span.${form}}}`);
    const [ip, mac] = [await at('IPAddress'), await at('MacAddress')];
    const links = await run(...cluster.commandOn(0, ['ip', '-d', 'link', 'show', 'type', 'vxlan']));
    const vni = /vxlan id (\d+)/.exec(links.stdout)?.[1] ?? '';
    await cluster.imitateMember(0, { vni, ip, mac, address: '10.77.0.200/24' });
    const received = async () => {
      const count = async () => Number(await on(0, 'exec', 'aa', 'cat', '/sys/class/net/eth0/statistics/rx_packets'));
      const before = await count();
      const sent = "ip -s link show intruder | awk '/TX/ { getline; print $2 }'";
      const frames = `for round in {1..100}; do echo hello > /dev/udp/${ip}/9999; done`;
      const [first, second] = (await cluster.inTheMiddle(`${sent}; ${frames}; ${sent}`)).trim().split('\n').map(Number);
      expect(second! - first!).toBeGreaterThanOrEqual(100);
      return (await count()) - before;
    };
    expect(await received()).toBeLessThan(50);
    // The same frames come in from who is let in: it is the rule that kept them out.
    const rule = ['nft', 'add', 'element', 'inet', engines[0]!.engine.nftTable, 'vteps', '{ 10.99.7.1 }'];
    await run(...cluster.commandOn(0, rule));
    expect(await received()).toBeGreaterThanOrEqual(100);
  });

  test('without the store containers go on, names too, also after both engines were killed; new ones are refused', async () => {
    await cluster.killStore();
    await on(0, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'bb');
    for (const { engine } of engines) await engine.kill();
    for (const { engine } of engines) await engine.start();
    await on(0, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'bb');
    await on(1, 'exec', 'bb', 'ping', '-c', '1', '-W', '2', 'left');
    const refused = await docker(engines[0]!.engine, ['run', '--rm', '--network', 'span', IMAGE, 'true']);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(`the cluster store ${cluster.storeUrl} was not reached yet`);
    await cluster.startStore();
    await until(0, () => true, 'run', '--rm', '--network', 'span', IMAGE, 'ping', '-c', '1', '-W', '2', 'bb');
  });

  test('a container that ended while its engine was down gives its address back', async () => {
    const id = await on(1, 'run', '-d', '--name', 'gone', '--network', 'span', IMAGE, 'sleep', '1000');
    await until(0, () => true, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'gone');
    const pid = Number(await on(1, 'inspect', id, '-f', '{{.State.Pid}}'));
    await engines[1]!.engine.kill();
    process.kill(pid, 'SIGKILL');
    await engines[1]!.engine.start();
    await eventually(async () => {
      const { code } = await docker(engines[0]!.engine, ['exec', 'aa', 'ping', '-c', '1', '-W', '1', 'gone']);
      if (code === 0) throw new Error('the name is still known');
    });
  });

  test('connect and disconnect of running containers', async () => {
    await on(1, 'run', '-d', '--name', 'late', IMAGE, 'sleep', '1000');
    await on(1, 'network', 'connect', 'span', 'late');
    await until(0, () => true, 'exec', 'aa', 'ping', '-c', '1', '-W', '2', 'late');
    await on(1, 'network', 'disconnect', 'span', 'late');
    await eventually(async () => {
      const { code } = await docker(engines[0]!.engine, ['exec', 'aa', 'ping', '-c', '1', '-W', '1', 'late']);
      if (code === 0) throw new Error('the name is still known');
    });
  });

  test('a network is removed when no host has containers in it, and everywhere', async () => {
    const refused = await docker(engines[0]!.engine, ['network', 'rm', 'span']);
    expect(refused.stderr).toContain('has active endpoints');
    await on(0, 'rm', '-f', 'aa');
    const still = await docker(engines[0]!.engine, ['network', 'rm', 'span']);
    expect(still.stderr).toContain(`name:"bb" host:${cluster.hosts[1]!.address}`);
    await on(1, 'rm', '-f', 'bb', 'late', 'gone');
    await on(0, 'network', 'rm', 'span');
    await until(1, (text) => !text.includes('span'), 'network', 'ls');
  });

  test('IPv6 and internal ones', async () => {
    await on(
      1,
      'network',
      'create',
      '-d',
      'overlay',
      '--internal',
      '--ipv6',
      '--subnet',
      '10.78.0.0/24',
      '--subnet',
      'fd78::/64',
      'six',
    );
    await until(0, (text) => text.includes('six'), 'network', 'ls');
    await on(0, 'run', '-d', '--name', 'xx', '--network', 'six', IMAGE, 'sleep', '1000');
    await on(1, 'run', '-d', '--name', 'yy', '--network', 'six', IMAGE, 'sleep', '1000');
    await until(0, () => true, 'exec', 'xx', 'ping', '-6', '-c', '1', '-W', '2', 'yy');
    await until(1, () => true, 'exec', 'yy', 'ping', '-c', '1', '-W', '2', 'xx');
    const out = await docker(engines[0]!.engine, ['exec', 'xx', 'ping', '-c', '1', '-W', '1', '10.99.7.1']);
    expect(out.code).not.toBe(0);
  });
});

test('without a cluster store there are no networks over several hosts, and it is said why', async () => {
  const containers = await startContainers();
  try {
    const { code, stderr } = await docker(containers.engine, ['network', 'create', '-d', 'overlay', 'span']);
    expect(code).toBe(1);
    expect(stderr).toContain('networks over several hosts need a cluster store, and none is configured');
    const encrypted = await docker(containers.engine, [
      'network',
      'create',
      '-d',
      'overlay',
      '-o',
      'encrypted',
      'span',
    ]);
    expect(encrypted.stderr).toContain('encrypted overlay networks are not supported');
  } finally {
    await containers.engine.stop();
  }
});
