import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { engineProgram } from '../../support/daemon.ts';
import { run } from '../../support/docker.ts';

/** Settings of the engine for the default bridge and for new networks, seen from containers and in the kernel. */
interface Network {
  EnableIPv6: boolean;
  Options: Record<string, string>;
  IPAM: {
    Config: { Subnet: string; IPRange?: string; Gateway: string; AuxiliaryAddresses?: Record<string, string> }[];
  };
}

const look = async (c: Containers, name: string) => (await c.ask('GET', `/networks/${name}`)).json<Network>();
const beginning = (bip: string) => bip.split('.').slice(0, 3).join('.');

/** Where port 80 of a new container is published when nothing is said. */
async function publishedBy(c: Containers): Promise<{ HostIp: string; HostPort: string }[]> {
  const id = await c.create(['sleep', '600'], {
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } },
  });
  await c.start(id);
  const { NetworkSettings } = (await c.ask('GET', `/containers/${id}/json`)).json<{
    NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[]> };
  }>();
  return NetworkSettings.Ports['80/tcp'] ?? [];
}

describe('the default bridge', () => {
  let c: Containers;
  let net: string;
  beforeAll(async () => {
    c = await startContainers({
      config: ({ bip }) => ({
        'fixed-cidr': `${beginning(bip)}.128/25`,
        'default-gateway': `${beginning(bip)}.7`,
        mtu: 1380,
        icc: false,
        'ip-masq': false,
        ip: '127.0.0.2',
        'host-gateway-ips': ['192.0.2.1', '2001:db8::1'],
        'default-network-opts': {
          bridge: {
            'com.docker.network.driver.mtu': '1300',
            'com.docker.network.bridge.host_binding_ipv4': '127.0.0.3',
          },
        },
      }),
    });
    net = beginning(c.engine.bip);
  });
  afterAll(() => c.engine.stop());
  const sh = async (script: string, HostConfig: Record<string, unknown> = {}) =>
    (await c.run(['sh', '-c', script], { HostConfig })).stdout;

  test('fixed-cidr: addresses of that part', async () => {
    const { IPAM } = await look(c, 'bridge');
    expect(IPAM.Config[0]).toMatchObject({
      Subnet: `${net}.0/24`,
      IPRange: `${net}.128/25`,
      AuxiliaryAddresses: { DefaultGatewayIPv4: `${net}.7` },
    });
    const address = (await sh("ip -4 -o address show eth0 | awk '{ print $4 }'")).trim();
    expect(address.endsWith('/24')).toBe(true);
    expect(Number(/\.(\d+)\//.exec(address)?.[1])).toBeGreaterThanOrEqual(128);
  });

  test('default-gateway: the way out', async () => {
    expect(await sh('ip route show default')).toContain(`default via ${net}.7 `);
  });

  test('mtu', async () => {
    expect(await sh('cat /sys/class/net/eth0/mtu')).toBe('1380\n');
    expect((await look(c, 'bridge')).Options).toMatchObject({
      'com.docker.network.driver.mtu': '1380',
      'com.docker.network.bridge.enable_icc': 'false',
      'com.docker.network.bridge.enable_ip_masquerade': 'false',
      'com.docker.network.bridge.host_binding_ipv4': '127.0.0.2',
    });
  });

  test('icc: containers do not reach each other', async () => {
    const server = await c.create(['sleep', '600']);
    await c.start(server);
    const { IPAddress } = (await c.inspect(server)).NetworkSettings;
    const ping = async (address: string) => (await c.run(['ping', '-c1', '-W2', address])).code;
    expect([await ping(IPAddress), await ping(`${net}.1`)]).toEqual([1, 0]);
  });

  test('ip-masq: no rule gives traffic of this bridge the address of the host', async () => {
    const rules = (await run('nft', ['list', 'table', 'inet', c.engine.nftTable])).stdout;
    expect(rules).not.toMatch(new RegExp(`${net}\\.0/24[^\\n]*masquerade`));
  });

  test('ip: ports go to that address alone', async () => {
    expect(await publishedBy(c)).toEqual([{ HostIp: '127.0.0.2', HostPort: expect.stringMatching(/^\d+$/) }]);
  });

  test('host-gateway-ips: what host-gateway stands for', async () => {
    const hosts = await sh('cat /etc/hosts', { ExtraHosts: ['outside:host-gateway'] });
    expect(hosts).toContain('192.0.2.1\toutside\n2001:db8::1\toutside\n');
  });

  test('default-network-opts: of new networks of that driver, below their own options', async () => {
    await c.ask('POST', '/networks/create', {
      Name: 'made',
      Options: { 'com.docker.network.bridge.host_binding_ipv4': '127.0.0.4' },
    });
    expect((await look(c, 'made')).Options).toEqual({
      'com.docker.network.driver.mtu': '1300',
      'com.docker.network.bridge.host_binding_ipv4': '127.0.0.4',
    });
    expect(await sh('cat /sys/class/net/eth0/mtu', { NetworkMode: 'made' })).toBe('1300\n');
    await c.ask('DELETE', '/networks/made');
  });
});

describe('the default bridge with ipv6', () => {
  let c: Containers;
  beforeAll(async () => {
    c = await startContainers({
      config: ({ bip }) => {
        const part = bip.split('.').slice(1, 3).join(':');
        return { ipv6: true, bip6: `fd77:${part}::5/64`, 'fixed-cidr-v6': `fd77:${part}:0:8000::/65` };
      },
    });
  });
  afterAll(() => c.engine.stop());

  test('ipv6, bip6, fixed-cidr-v6: containers have addresses of that part and reach the bridge', async () => {
    const network = await look(c, 'bridge');
    expect(network.EnableIPv6).toBe(true);
    const { Gateway, IPRange } = network.IPAM.Config[1]!;
    expect(Gateway).toMatch(/^fd77:.*::5$/);
    expect(IPRange).toMatch(/:8000::\/65$/);
    const { stdout, code } = await c.run(['sh', '-c', `ip -6 -o address show eth0; ping -6 -c1 -W5 ${Gateway}`]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/inet6 fd77:[0-9a-f:]*:8000:[0-9a-f:]*\/64/)]);
  });
});

test('userland-proxy: without it containers of IPv4 alone have no IPv6 ports, which a program would carry', async () => {
  const families = async (settings: object) => {
    const c = await startContainers({ config: { ...settings } });
    try {
      return (await publishedBy(c)).map(({ HostIp }) => HostIp);
    } finally {
      await c.engine.stop();
    }
  };
  expect(await families({})).toEqual(['0.0.0.0', '::']);
  expect(await families({ 'userland-proxy': false })).toEqual(['0.0.0.0']);
});

test('what does not fit together is refused', async () => {
  const check = async (...flags: string[]) =>
    (await engineProgram('--config-file', '/dev/null', '--validate', ...flags)).stderr;
  expect(await check('--bip6', 'fd00::1/64')).toContain('"bip6" needs "ipv6": true');
  expect(await check('--host-gateway-ip', '192.0.2.1', '--host-gateway-ip', '192.0.2.2')).toContain(
    'at most one address',
  );
});
