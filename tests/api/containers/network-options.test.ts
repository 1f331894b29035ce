import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let the: Containers;
const SUBNET = '10.97.41.0/24';
const SUBNET6 = 'fd97:41::/64';

beforeAll(async () => {
  the = await startContainers();
  await make('own', {
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: SUBNET, IPRange: '10.97.41.128/25' }, { Subnet: SUBNET6 }] },
  });
  await make('second');
});
afterAll(() => the.engine.stop());

const make = async (Name: string, wish: object = {}) =>
  void (await the.ask('POST', '/networks/create', { Name, ...wish }));

/** Output of a script in a container on the network `own`, with one wish about it. */
const inOwn = (script: string, endpoint: object = {}, wish: Record<string, unknown> = {}) => {
  const { HostConfig, ...config } = wish;
  return the.sh(script, {
    HostConfig: { NetworkMode: 'own', ...(HostConfig as object) },
    NetworkingConfig: { EndpointsConfig: { own: endpoint } },
    ...config,
  });
};
const refused = async (wish: object) => {
  const created = await the.engine.request('POST', '/containers/create', {
    body: { Image: 'busybox:test', Cmd: ['true'], ...wish },
  });
  if (created.status >= 400) return `${created.status} ${created.json<{ message: string }>().message}`;
  const { Id } = created.json<{ Id: string }>();
  const sentence = await the.refusal('POST', `/containers/${Id}/start`);
  await the.remove(Id);
  return sentence;
};

test('--ip, --ip6: the addresses that were wished for, inside the range or not', async () => {
  const addresses = await inOwn('ip addr show eth0', {
    IPAMConfig: { IPv4Address: '10.97.41.7', IPv6Address: 'fd97:41::77' },
  });
  expect(addresses).toContain('inet 10.97.41.7/24');
  expect(addresses).toContain('inet6 fd97:41::77/64');
  // Without a wish: from the range.
  expect(await inOwn('ip -4 addr show eth0')).toMatch(/inet 10\.97\.41\.1(2[89]|[3-9]\d)\//);
});

test('--ip: refused where it is taken, elsewhere, or the network has no subnet of the user', async () => {
  const wish = (network: string, IPv4Address: string) => ({
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address } } } },
  });
  const id = await the.begin(['sleep', '100'], wish('own', '10.97.41.9'));
  expect(await refused(wish('own', '10.97.41.9'))).toMatch(
    /^403 failed to set up container networking: Address already in use/,
  );
  expect(await refused(wish('own', '10.97.42.9'))).toContain(
    'no configured subnet or ip-range contain the IP address 10.97.42.9',
  );
  expect(await refused(wish('second', '10.97.42.9'))).toContain(
    'user specified IP address is supported only when connecting to networks with user configured subnets',
  );
  expect(await refused(wish('bridge', '10.97.42.9'))).toContain(
    'user specified IP address is supported on user defined networks only',
  );
  await the.remove(id);
  // The address is free again.
  expect(await inOwn('ip -4 addr show eth0', { IPAMConfig: { IPv4Address: '10.97.41.9' } })).toContain('10.97.41.9/24');
});

test('--mac-address: the link has it, on the default bridge and elsewhere', async () => {
  expect(await inOwn('cat /sys/class/net/eth0/address', { MacAddress: '02:00:00:00:00:07' })).toBe('02:00:00:00:00:07');
  expect(await the.sh('cat /sys/class/net/eth0/address', { MacAddress: '92-d0-c6-0a-29-33' })).toBe(
    '92:d0:c6:0a:29:33',
  );
});

test('--link-local-ip: a further address of the link', async () => {
  const addresses = await inOwn('ip addr show eth0', {
    IPAMConfig: { LinkLocalIPs: ['169.254.34.68', 'fe80::34:68'] },
  });
  expect(addresses).toContain('inet 169.254.34.68/16');
  expect(addresses).toContain('inet6 fe80::34:68/64');
});

test('--network, --net: several at once, each with its link; gw-priority decides about the way out', async () => {
  const gateway = (await the.ask('GET', '/networks/second')).json<{ IPAM: { Config: { Gateway: string }[] } }>().IPAM
    .Config[0]!.Gateway;
  const both = (priority: number) =>
    the.sh('ip route | grep default; ls /sys/class/net', {
      HostConfig: { NetworkMode: 'own' },
      NetworkingConfig: { EndpointsConfig: { own: {}, second: { GwPriority: priority } } },
    });
  expect(await both(0)).toMatch(/^default via 10\.97\.41\.128 dev eth0 \neth0\neth1\nlo$/);
  expect(await both(1)).toBe(`default via ${gateway} dev eth1 \neth0\neth1\nlo`);
});

test('--network: driver options of an endpoint set its sysctls and the name of its link', async () => {
  const DriverOpts = {
    'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.ifname.hop_limit=33',
    'com.docker.network.endpoint.ifname': 'lan0',
  };
  expect(
    await inOwn('cd /proc/sys/net; cat ipv4/conf/lan0/log_martians ipv6/conf/lan0/hop_limit', { DriverOpts }),
  ).toBe('1\n33');
  const wrong = { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.eth0.log_martians=1' } };
  expect(
    await refused({ HostConfig: { NetworkMode: 'own' }, NetworkingConfig: { EndpointsConfig: { own: wrong } } }),
  ).toContain(
    "400 invalid config for network own: invalid endpoint settings:\nunrecognised network interface sysctl 'net.ipv4.conf.eth0.log_martians=1'",
  );
});

test('--network container:NAME: the same network, hostname and files', async () => {
  const first = await the.begin(
    ['sh', '-c', 'nc -l -p 4000 -e echo shared & sleep 1000'],
    { HostConfig: { NetworkMode: 'own' }, Hostname: 'owner' },
    'owner',
  );
  const mode = { HostConfig: { NetworkMode: 'container:owner' } };
  expect(await the.sh('hostname; ip -o link; cat /etc/hosts /etc/resolv.conf; nc 127.0.0.1 4000', mode)).toBe(
    `owner\n${(await the.exec(first, ['ip', '-o', 'link'])).stdout}${(await the.exec(first, ['cat', '/etc/hosts', '/etc/resolv.conf'])).stdout}shared`,
  );
  const joining = await the.begin(['sleep', '1000'], mode);
  expect((await the.exec(joining, ['env'])).stdout).toContain('HOSTNAME=owner\n');
  expect(await the.inspect(joining)).toMatchObject({ Config: { Hostname: 'owner' } });
  await the.remove(joining);
  expect(await refused({ ...mode, Hostname: 'x' })).toBe('400 conflicting options: hostname and the network mode');
  const id = await the.create(['true'], mode);
  expect(await the.refusal('POST', '/networks/own/connect', { Container: id })).toMatch(
    /^400 container sharing network namespace with another container/,
  );
  await the.remove(first);
  expect(await the.refusal('POST', `/containers/${id}/start`)).toMatch(
    /^409 joining network namespace of container: No such container: [0-9a-f]{64}/,
  );
  await the.remove(id);
});

test('--network none, host: loopback alone; all that the host has', async () => {
  expect(await the.sh('ls /sys/class/net', { HostConfig: { NetworkMode: 'none' } })).toBe('lo');
  expect(await the.sh('ls /sys/class/net', { HostConfig: { NetworkMode: 'host' } })).toContain(the.engine.bridge);
  const { stdout } = await the.run(['ls', '/sys/class/net'], { NetworkDisabled: true });
  expect(stdout).toBe('lo\n');
});

test('--link: variables and hosts entries of the linked container on the default bridge', async () => {
  const db = await the.begin(
    ['sleep', '1000'],
    { Env: ['SECRET=x', 'PATH=/bin'], ExposedPorts: { '5432/tcp': {}, '53/udp': {} } },
    'db-one',
  );
  const { IPAddress } = (await the.inspect(db)).NetworkSettings;
  const id = await the.create(
    ['sh', '-c', 'env | grep ^STORE_ | sort; cat /etc/hosts; ping -c1 -W5 store >/dev/null && echo reached'],
    { HostConfig: { Links: ['db-one:store'] } },
    'linking',
  );
  expect((await the.inspect(id)).HostConfig['Links']).toEqual(['/db-one:/linking/store']);
  await the.start(id);
  expect(await the.wait(id)).toBe(0);
  const { stdout } = await the.logs(id);
  expect(stdout).toContain(
    [
      'STORE_ENV_SECRET=x',
      'STORE_NAME=/linking/store',
      `STORE_PORT=tcp://${IPAddress}:5432`,
      `STORE_PORT_53_UDP=udp://${IPAddress}:53`,
      `STORE_PORT_53_UDP_ADDR=${IPAddress}`,
      'STORE_PORT_53_UDP_PORT=53',
      'STORE_PORT_53_UDP_PROTO=udp',
      `STORE_PORT_5432_TCP=tcp://${IPAddress}:5432`,
    ].join('\n'),
  );
  expect(stdout).toContain(`${IPAddress}\tstore ${db.slice(0, 12)} db-one\n`);
  expect(stdout).toContain('reached');
  await the.ask('POST', `/containers/${db}/kill`);
  await the.wait(db);
  expect(await the.refusal('POST', `/containers/${id}/start`)).toMatch(
    /^409 Cannot link to a non running container: \/db-one AS \/linking\/store/,
  );
  expect(await refused({ HostConfig: { Links: ['nobody:x'] } })).toBe(
    '400 could not get container for nobody: No such container: nobody',
  );
  await the.remove(id);
  await the.remove(db);
});

test('--link: exec has the variables too, as long as the other container runs', async () => {
  const store = await the.begin(['sleep', '1000'], { ExposedPorts: { '5432/tcp': {} } }, 'exec-store');
  const id = await the.begin(['sleep', '1000'], { HostConfig: { Links: ['exec-store:store'] } });
  const variable = async () => (await the.exec(id, ['sh', '-c', 'echo $STORE_PORT'])).stdout.trim();
  expect(await variable()).toBe(`tcp://${(await the.inspect(store)).NetworkSettings.IPAddress}:5432`);
  await the.remove(store);
  expect(await variable()).toBe('');
  await the.remove(id);
});

test('--link: the hosts entry follows a container that is started again; rm --link takes it away', async () => {
  const cache = await the.begin(['sleep', '1000'], {}, 'cache');
  const user = await the.begin(['sleep', '1000'], { HostConfig: { Links: ['cache:fast'] } }, 'user-of-it');
  const entry = async () => /^(\S+)\tfast .*$/m.exec((await the.exec(user, ['cat', '/etc/hosts'])).stdout)?.[1];
  const address = async () => (await the.inspect(cache)).NetworkSettings.IPAddress;
  expect(await entry()).toBe(await address());
  await the.ask('POST', `/containers/${cache}/restart?t=0`);
  expect(await entry()).toBe(await address());
  expect(await the.refusal('DELETE', '/containers/cache?link=1')).toMatch(
    /^409 Conflict, cannot remove the default link name/,
  );
  await the.ask('DELETE', `/containers/${encodeURIComponent('/user-of-it/fast')}?link=1`);
  expect(await entry()).toBeUndefined();
  expect((await the.inspect(user)).HostConfig['Links']).toBeNull();
  expect((await the.inspect(cache)).State.Running).toBe(true);
  for (const id of [user, cache]) await the.remove(id);
});

test('--dns, --dns-search, --dns-option: what resolv.conf says on the default bridge', async () => {
  const HostConfig = { Dns: ['192.0.2.53', '2001:db8::53'], DnsSearch: ['a.test', 'b.test'], DnsOptions: ['ndots:3'] };
  expect(await the.sh('cat /etc/resolv.conf', { HostConfig })).toBe(
    'nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch a.test b.test\noptions ndots:3',
  );
});

test('--add-host, --hostname, --domainname: names in /etc/hosts and of the system', async () => {
  const wish = {
    Hostname: 'box',
    Domainname: 'corp.test',
    HostConfig: { ExtraHosts: ['far:192.0.2.7', 'six:2001:db8::7', 'host:host-gateway'] },
  };
  const { Gateway } = (await the.inspect(await the.create(['true'], wish))).NetworkSettings;
  expect(Gateway).toBe('');
  const hosts = await the.sh('cat /etc/hosts; hostname; cat /proc/sys/kernel/domainname', wish);
  expect(hosts).toMatch(/\tbox\.corp\.test box\n/);
  expect(hosts).toContain('192.0.2.7\tfar\n2001:db8::7\tsix\n');
  expect(hosts).toMatch(new RegExp(`^${the.engine.bip.split('/')[0]}\thost$`, 'm'));
  expect(hosts.endsWith('box\ncorp.test')).toBe(true);
});

test('--sysctl: settings of the network namespace', async () => {
  expect(
    await inOwn(
      'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/conf/eth0/rp_filter',
      {},
      {
        HostConfig: { Sysctls: { 'net.ipv4.ip_default_ttl': '77', 'net.ipv4.conf.eth0.rp_filter': '2' } },
      },
    ),
  ).toBe('77\n2');
});

test('--publish: to a container on a network of a user, in IPv4 and IPv6; the port moves with its way out', async () => {
  const server = ['sh', '-c', 'while true; do echo hello | nc -l -p 80; done'];
  const ports = { HostConfig: { NetworkMode: 'second', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } } };
  const id = await the.begin(server, ports, 'published');
  const portOf = async () =>
    (await the.ask('GET', `/containers/${id}/json`)).json<{
      NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[]> };
    }>().NetworkSettings.Ports['80/tcp']!;
  const [four, six] = await portOf();
  expect([four!.HostIp, six!.HostIp, six!.HostPort]).toEqual(['0.0.0.0', '::', four!.HostPort]);
  const ask = async (host: string) => {
    const { connect } = await import('node:net');
    return new Promise<string>((resolve) => {
      const socket = connect({ host, port: Number(four!.HostPort) });
      let said = '';
      socket.on('data', (data) => (said += data));
      socket.on('close', () => resolve(said));
      socket.on('error', () => resolve('refused'));
      socket.setTimeout(2000, () => socket.destroy());
    });
  };
  const everywhere = () =>
    eventually(async () => expect([await ask('127.0.0.1'), await ask('::1')]).toEqual(['hello\n', 'hello\n']));
  await everywhere();
  // `own` comes first by its name and has IPv6: ports lead there now, with the same numbers.
  await the.ask('POST', '/networks/own/connect', { Container: id });
  expect(await portOf()).toEqual([four, six]);
  await everywhere();
  await the.ask('POST', '/networks/own/disconnect', { Container: id });
  await everywhere();
  expect(
    await refused({
      HostConfig: { NetworkMode: 'own', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: four!.HostPort }] } },
    }),
  ).toMatch(
    new RegExp(`Bind for 0\\.0\\.0\\.0:${four!.HostPort} failed: port is already allocated(.|\n)*Container published `),
  );
  await the.remove(id);
});

test('--publish: a port that a program of the host has is refused with its name', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sentence = await refused({
    HostConfig: { NetworkMode: 'own', PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
  });
  expect(sentence).toContain(`failed to bind host port 127.0.0.1:${port}/tcp: address already in use`);
  expect(sentence).toContain(`Process ${process.pid} (`);
  server.close();
});

test('--expose, --publish-all: every exposed port, also of ranges and other protocols, gets a port of the host', async () => {
  const wish = {
    ExposedPorts: { '7000-7002/tcp': {}, '53/udp': {}, '9/sctp': {} },
    HostConfig: { NetworkMode: 'own', PublishAllPorts: true },
  };
  const id = await the.begin(['sleep', '100'], wish);
  const { Ports } = (await the.ask('GET', `/containers/${id}/json`)).json<{
    NetworkSettings: { Ports: Record<string, { HostIp: string }[]> };
  }>().NetworkSettings;
  expect(Object.keys(Ports).sort()).toEqual(['53/udp', '7000/tcp', '7001/tcp', '7002/tcp', '9/sctp']);
  expect(Object.values(Ports).every((bindings) => bindings.length >= 1)).toBe(true);
  await the.remove(id);
});
