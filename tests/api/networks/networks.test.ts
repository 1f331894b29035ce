import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';

interface Network {
  Id: string;
  Name: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  Internal: boolean;
  IPAM: { Driver: string; Config: { Subnet: string; Gateway: string; IPRange?: string }[] };
  Containers: Record<string, { Name: string; IPv4Address: string; EndpointID: string; MacAddress: string }>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

let the: Containers;
beforeAll(async () => {
  the = await startContainers();
});
afterAll(() => the.engine.stop());

const make = async (Name: string, wish: object = {}) =>
  (await the.ask('POST', '/networks/create', { Name, ...wish })).json<{ Id: string }>().Id;
const look = async (name: string) => (await the.ask('GET', `/networks/${name}`)).json<Network>();
/** A refusal without the hint below its sentence. */
const refused = async (...request: Parameters<Containers['refusal']>) =>
  (await the.refusal(...request)).replace(/\n[^\n]*\.$/, '');
const remove = (name: string) => the.ask('DELETE', `/networks/${name}`);
const sleeper = (name: string, network: string, wish: object = {}) =>
  the.begin(['sleep', '1000'], { HostConfig: { NetworkMode: network }, ...wish }, name);

test('made, shown, joined by two containers that reach each other, left, removed', async () => {
  const id = await make('skynet', { Labels: { a: 'b' } });
  const network = await look('skynet');
  expect(network).toMatchObject({
    ...{ Id: id, Name: 'skynet', Driver: 'bridge', EnableIPv4: true, EnableIPv6: false, Internal: false },
    ...{ Labels: { a: 'b' }, Options: {}, Containers: {} },
  });
  const one = await sleeper('one', 'skynet');
  const two = await sleeper('two', id);
  const { Containers } = await look('skynet');
  expect(Object.keys(Containers).sort()).toEqual([one, two].sort());
  const address = Containers[two]!.IPv4Address.split('/')[0]!;
  expect((await the.exec(one, ['ping', '-c1', '-W5', address])).code).toBe(0);
  expect(await refused('DELETE', '/networks/skynet')).toMatch(
    /^403 error while removing network: network skynet has active endpoints \(name:"one" id:"[0-9a-f]{12}", name:"two" id:"[0-9a-f]{12}"\)$/,
  );
  await the.remove(one);
  await the.remove(two);
  await remove('skynet');
  expect(await refused('GET', '/networks/skynet')).toBe('404 network skynet not found');
});

describe('refusals, in the words that Docker has for them', () => {
  const cases: [string, object, string][] = [
    ['predefined', { Name: 'bridge' }, '403 operation is not permitted on predefined bridge network '],
    [
      'no subnet',
      { Name: 'x', IPAM: { Config: [{ Subnet: 'x' }] } },
      '400 invalid network config:\ninvalid subnet x: invalid CIDR block notation',
    ],
    [
      'host bits, range and gateway elsewhere',
      { Name: 'x', IPAM: { Config: [{ Subnet: '10.9.8.7/24', IPRange: '10.9.9.0/28', Gateway: '10.9.7.1' }] } },
      "400 invalid network config:\ninvalid subnet 10.9.8.7/24: it should be 10.9.8.0/24\ninvalid ip-range 10.9.9.0/28: parent subnet 10.9.8.0/24 doesn't contain ip-range\ninvalid gateway 10.9.7.1: parent subnet 10.9.8.0/24 doesn't contain this address",
    ],
    ['unknown driver', { Name: 'x', Driver: 'nope' }, '404 plugin "nope" not found'],
    [
      'overlay without a cluster store',
      { Name: 'x', Driver: 'overlay' },
      '403 networks over several hosts need a cluster store, and none is configured',
    ],
    [
      'a network of a swarm',
      { Name: 'x', Driver: 'overlay', Scope: 'swarm' },
      '403 This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    ],
    ['neither family', { Name: 'x', EnableIPv4: false }, '400 IPv4 or IPv6 must be enabled'],
    [
      'unknown gateway mode',
      { Name: 'x', Options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'no' } },
      '400 unknown gateway mode no\nOption com.docker.network.bridge.gateway_mode_ipv4',
    ],
    [
      'an option that is not read',
      { Name: 'x', Options: { 'com.docker.network.host_ipv4': '192.0.2.1' } },
      '501 driver option com.docker.network.host_ipv4 is not supported by networks of driver bridge',
    ],
  ];
  test.each(cases)('%s', async (_, body, sentence) => {
    expect(await refused('POST', '/networks/create', body)).toBe(sentence);
  });

  test('a name that is taken, a subnet that is taken', async () => {
    await make('twice');
    expect(await refused('POST', '/networks/create', { Name: 'twice' })).toBe(
      '409 network with name twice already exists',
    );
    const { IPAM } = await look('twice');
    const body = { Name: 'other', IPAM: { Config: [{ Subnet: IPAM.Config[0]!.Subnet }] } };
    expect(await refused('POST', '/networks/create', body)).toBe(
      '403 invalid pool request: Pool overlaps with other one on this address space',
    );
    await remove('twice');
  });

  test('networks that do not exist are found out at the start', async () => {
    const id = await the.create(['true'], { HostConfig: { NetworkMode: 'nowhere' } });
    expect(await refused('POST', `/containers/${id}/start`)).toBe(
      '404 failed to set up container networking: network nowhere not found',
    );
    expect(await refused('POST', `/networks/nowhere/connect`, { Container: id })).toBe('404 network nowhere not found');
    expect(await refused('POST', `/networks/nowhere/connect`, { Container: 'nobody' })).toBe(
      '404 No such container: nobody',
    );
    expect(await refused('DELETE', `/networks/host`)).toBe('403 host is a pre-defined network and cannot be removed');
    await the.remove(id);
  });
});

describe('connect and disconnect', () => {
  interface Shown {
    NetworkSettings: {
      Networks: Record<
        string,
        {
          IPAddress: string;
          Gateway: string;
          EndpointID: string;
          Aliases: string[] | null;
          DNSNames: string[] | null;
          GwPriority: number;
        }
      >;
    };
  }
  const networksOf = async (id: string) =>
    (await the.ask('GET', `/containers/${id}/json`)).json<Shown>().NetworkSettings.Networks;
  const inside = async (id: string, script: string) => (await the.exec(id, ['sh', '-c', script])).stdout.trim();

  test('a running container joins and leaves a network; its routes and hosts file follow', async () => {
    await make('aaa');
    const id = await sleeper('moving', 'bridge');
    const before = await inside(id, 'cat /etc/hosts; ip route');
    await the.ask('POST', '/networks/aaa/connect', { Container: 'moving', EndpointConfig: { Aliases: ['here'] } });
    const { aaa, bridge } = await networksOf(id);
    expect(aaa).toMatchObject({ Aliases: ['here'], DNSNames: ['moving', 'here', id.slice(0, 12)] });
    expect(await inside(id, 'ip -4 addr show eth1')).toContain(aaa!.IPAddress);
    expect(await inside(id, 'cat /etc/hosts')).toContain(`${aaa!.IPAddress}\t${id.slice(0, 12)}`);
    // The first by its name is the way out, where none has priority.
    expect(await inside(id, 'ip route show default')).toContain(`via ${aaa!.Gateway} `);
    expect(Object.keys((await look('aaa')).Containers)).toEqual([id]);
    expect(await refused('POST', '/networks/aaa/connect', { Container: id })).toBe(
      '403 endpoint with name moving already exists in network aaa',
    );
    await the.ask('POST', '/networks/aaa/disconnect', { Container: id });
    expect(await inside(id, 'cat /etc/hosts; ip route')).toBe(before);
    expect(await networksOf(id)).toEqual({ bridge });
    expect((await look('aaa')).Containers).toEqual({});
    expect(await refused('POST', '/networks/aaa/disconnect', { Container: id })).toMatch(
      /^409 container [0-9a-f]{64} is not connected to network aaa$/,
    );
    await the.remove(id);
    await remove('aaa');
  });

  test('a container that renamed its links (NET_ADMIN) is cut off all the same', async () => {
    await make('left');
    const id = await the.begin(['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge', CapAdd: ['NET_ADMIN'] } });
    await the.ask('POST', '/networks/left/connect', { Container: id });
    const { left } = await networksOf(id);
    const rename = (from: string, to: string) =>
      `ip link set ${from} down; ip link set ${from} name ${to}; ip link set ${to} up`;
    await inside(id, `${rename('eth1', 'hidden')}; ${rename('eth0', 'kept')}; ip link add eth1 type dummy`);
    expect(await inside(id, 'ip -4 addr show hidden')).toContain(left!.IPAddress);
    expect(await inside(id, `ping -c1 -W2 ${left!.Gateway}`)).toContain('1 packets received');
    await the.ask('POST', '/networks/left/disconnect', { Container: id });
    expect(await inside(id, 'ip addr')).not.toMatch(new RegExp(`hidden|${left!.IPAddress}/`));
    expect(await inside(id, 'ip link')).toMatch(/kept/);
    expect(Object.keys(await networksOf(id))).toEqual(['bridge']);
    await the.remove(id);
    await remove('left');
  });

  test('priority decides about the way out, also of networks that come later', async () => {
    await make('zzz');
    const id = await sleeper('prior', 'bridge');
    await the.ask('POST', '/networks/zzz/connect', { Container: id, EndpointConfig: { GwPriority: 5 } });
    const { zzz } = await networksOf(id);
    expect(zzz!.GwPriority).toBe(5);
    expect(await inside(id, 'ip route show default')).toContain(`via ${zzz!.Gateway} `);
    await the.remove(id);
    await remove('zzz');
  });

  test('a stopped container is in its networks from the next start on; what it leaves it does not join', async () => {
    await make('later');
    const id = await the.create(['sleep', '1000'], {}, 'still');
    await the.ask('POST', '/networks/later/connect', { Container: id });
    await the.ask('POST', '/networks/bridge/disconnect', { Container: id });
    expect(Object.keys(await networksOf(id))).toEqual(['later']);
    await the.start(id);
    expect(Object.keys(await networksOf(id))).toEqual(['later']);
    expect(await inside(id, 'ip -o link | wc -l')).toBe('2');
    await the.remove(id);
    await remove('later');
  });

  test('a container that left its last network starts with loopback alone, and may join one again', async () => {
    const id = await the.create(['sleep', '1000'], { HostConfig: { PortBindings: { '80/tcp': [{}] } } }, 'alone');
    await the.ask('POST', '/networks/bridge/disconnect', { Container: id });
    await the.start(id);
    expect(await networksOf(id)).toEqual({});
    expect(await inside(id, 'ls /sys/class/net')).toBe('lo');
    await the.ask('POST', '/networks/bridge/connect', { Container: id });
    expect(Object.keys(await networksOf(id))).toEqual(['bridge']);
    expect((await the.ask('GET', `/containers/${id}/json`)).json()).toMatchObject({
      NetworkSettings: {
        Ports: { '80/tcp': expect.arrayContaining([expect.objectContaining({ HostIp: '0.0.0.0' })]) },
      },
    });
    await the.remove(id);
  });

  test('endpoints that are given at create are all there are; the mode may be among them or left out', async () => {
    const given = await make('given');
    for (const NetworkMode of [undefined, 'default', 'given', given]) {
      const id = await the.create(['sleep', '1000'], {
        HostConfig: { NetworkMode },
        NetworkingConfig: { EndpointsConfig: { given: {} } },
      });
      expect(Object.keys(await networksOf(id))).toEqual(['given']);
      await the.start(id);
      expect(Object.keys(await networksOf(id))).toEqual(['given']);
      await the.remove(id);
    }
    expect(
      await refused('POST', '/containers/create', {
        Image: 'busybox:test',
        MacAddress: '02:42:00:00:00:07',
        NetworkingConfig: { EndpointsConfig: { given: {} } },
      }),
    ).toMatch(/^400 if a container-wide MAC address is supplied, HostConfig.NetworkMode must match/);
    await remove('given');
  });

  test('NetworkDisabled holds with a network by its id, and after a connection while it is stopped', async () => {
    const id = await make('unwanted');
    const byId = await the.create(['sleep', '1000'], { NetworkDisabled: true, HostConfig: { NetworkMode: id } });
    const connected = await the.create(['sleep', '1000'], { NetworkDisabled: true });
    await the.ask('POST', '/networks/unwanted/connect', { Container: connected });
    for (const one of [byId, connected]) {
      await the.start(one);
      expect(await inside(one, 'ls /sys/class/net')).toBe('lo');
      await the.remove(one);
    }
    await remove('unwanted');
  });

  test('what fails half-way leaves nothing in the container', async () => {
    await make('half', { IPAM: { Config: [{ Subnet: '10.97.77.0/29' }] } });
    const id = await sleeper('unlucky', 'bridge');
    const before = await inside(id, 'ip addr; ip route; cat /etc/hosts');
    const DriverOpts = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nosuch=1' };
    for (let times = 0; times < 6; times++)
      expect(
        await refused('POST', '/networks/half/connect', { Container: id, EndpointConfig: { DriverOpts } }),
      ).toMatch(/^400 cannot set sysctl/);
    expect(await inside(id, 'ip addr; ip route; cat /etc/hosts')).toBe(before);
    expect((await look('half')).Containers).toEqual({});
    // All of its five addresses are there still.
    await the.ask('POST', '/networks/half/connect', { Container: id });
    await the.remove(id);
    await remove('half');
  });

  test('host and none go with nothing else', async () => {
    const host = await the.create(['true'], { HostConfig: { NetworkMode: 'host' } });
    const none = await the.create(['true'], { HostConfig: { NetworkMode: 'none' } });
    await make('any');
    expect(await refused('POST', '/networks/any/connect', { Container: host })).toMatch(
      /^400 container sharing network namespace/,
    );
    expect(await refused('POST', '/networks/any/connect', { Container: none })).toMatch(
      /^400 container cannot be connected to multiple networks/,
    );
    expect(await refused('POST', '/networks/host/connect', { Container: none })).toMatch(
      /^400 cannot connect container to host network/,
    );
    await remove('any');
  });
});

test('prune takes networks that no container is in, be it only at its next start', async () => {
  await make('unused', { Labels: { keep: 'no' } });
  await make('kept', { Labels: { keep: 'yes' } });
  await make('wanted');
  const id = await the.create(['true'], { HostConfig: { NetworkMode: 'wanted' } });
  const pruned = async (filters: object) =>
    (await the.ask('POST', `/networks/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`)).json<{
      NetworksDeleted: string[] | null;
    }>().NetworksDeleted;
  expect(await pruned({ 'label!': ['keep=yes'] })).toEqual(['unused']);
  expect(await pruned({ until: ['1h'] })).toBeNull();
  expect(await pruned({})).toEqual(['kept']);
  await the.remove(id);
  expect(await pruned({})).toEqual(['wanted']);
});
