import { expect, test } from 'vitest';
import type { NamedSandbox } from './protocol.ts';
import { Zones } from './zones.ts';

function sandbox(
  id: string,
  networks: Record<string, { ipv4?: string; ipv6?: string; names?: string[]; links?: string[] }>,
): NamedSandbox {
  return {
    ...{ id, namespacePath: '', udpPort: 0, tcpPort: 0, dns: [], outside: true },
    networks: Object.entries(networks).map(([name, { ipv4 = '', ipv6 = '', names = [id], links = [] }]) => ({
      ...{ networkId: `id-${name}`, networkName: name, ipv4, ipv6, names, links },
    })),
  };
}

test('names are those of the networks that one is in, in their order, without regard to case', () => {
  const zones = new Zones();
  const asker = sandbox('asker', { front: { ipv4: '10.0.0.9' }, back: { ipv4: '10.0.1.9' } });
  zones.set(asker);
  zones.set(sandbox('Web', { front: { ipv4: '10.0.0.1', ipv6: 'fd00::1', names: ['Web', 'www'] } }));
  zones.set(sandbox('db', { back: { ipv4: '10.0.1.2' }, secret: { ipv4: '10.0.2.2', names: ['vault'] } }));
  zones.set(sandbox('other', { back: { ipv4: '10.0.1.3', names: ['web'] } }));
  const four = (name: string) => zones.lookUp(asker, name)?.map(({ ipv4 }) => ipv4);
  expect(four('web')).toEqual(['10.0.0.1']);
  expect(four('WWW.')).toEqual(['10.0.0.1']);
  expect(four('web.back')).toEqual(['10.0.1.3']);
  expect(four('db')).toEqual(['10.0.1.2']);
  expect(four('vault')).toBeUndefined();
  expect(four('vault.secret')).toBeUndefined();
  expect(zones.nameOf(asker, 'fd00::1')).toBe('Web.front');
  expect(zones.nameOf(asker, '10.0.2.2')).toBeUndefined();
});

test('several of one name take turns at being first; who leaves is forgotten, whose place is taken too', () => {
  const zones = new Zones();
  const all = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const members = all.map((ipv4, index) => sandbox(`m${index}`, { net: { ipv4, names: [`m${index}`, 'all'] } }));
  for (const member of members) zones.set(member);
  const ask = () => zones.lookUp(members[0]!, 'all')?.map(({ ipv4 }) => ipv4) ?? [];
  const answers = [ask(), ask(), ask()];
  for (const answer of answers) expect(answer.toSorted()).toEqual(all);
  expect(answers.map(([first]) => first).sort()).toEqual(all);
  zones.set(sandbox('m1', { net: { ipv4: '10.0.0.8', names: ['m1'] } })); // renamed, and somewhere else
  zones.delete('m2');
  expect(ask()).toEqual(['10.0.0.1']);
  expect(zones.nameOf(members[0]!, '10.0.0.2')).toBeUndefined();
  zones.delete('m0');
  zones.delete('m1');
  expect(zones.size).toBe(0);
});

test('links are names that only one container knows others by', () => {
  const zones = new Zones();
  const app = sandbox('app', { net: { ipv4: '10.0.0.1', links: ['db:store', 'cache'] } });
  zones.set(app);
  zones.set(sandbox('db', { net: { ipv4: '10.0.0.2' } }));
  zones.set(sandbox('cache', { net: { ipv4: '10.0.0.3' } }));
  expect(zones.lookUp(app, 'store')).toEqual([{ ipv4: '10.0.0.2', ipv6: '' }]);
  expect(zones.lookUp(app, 'cache')).toEqual([{ ipv4: '10.0.0.3', ipv6: '' }]);
  expect(zones.lookUp(zones.get('db')!, 'store')).toBeUndefined();
});
