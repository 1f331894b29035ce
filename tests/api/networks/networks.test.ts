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
      'overlay',
      { Name: 'x', Driver: 'overlay' },
      '403 This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    ],
    ['neither family', { Name: 'x', EnableIPv4: false }, '400 IPv4 or IPv6 must be enabled'],
    [
      'unknown gateway mode',
      { Name: 'x', Options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'no' } },
      '400 unknown gateway mode no\nOption com.docker.network.bridge.gateway_mode_ipv4',
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
