import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let the: Containers;
beforeAll(async () => {
  the = await startContainers();
});
afterAll(() => the.engine.stop());

const make = async (Name: string, wish: object = {}) =>
  void (await the.ask('POST', '/networks/create', { Name, ...wish }));
const remove = (name: string) => the.ask('DELETE', `/networks/${name}`);
const gatewayOf = async (name: string) =>
  (await the.ask('GET', `/networks/${name}`)).json<{ IPAM: { Config: { Gateway: string }[] } }>().IPAM.Config[0]!
    .Gateway;

/** A container that sleeps in a network. */
function sleeper(name: string | undefined, network: string, endpoint: object = {}, wish: Record<string, unknown> = {}) {
  const { HostConfig, ...config } = wish;
  return the.begin(
    ['sleep', '1000'],
    {
      HostConfig: { NetworkMode: network, ...(HostConfig as object) },
      NetworkingConfig: { EndpointsConfig: { [network]: endpoint } },
      ...config,
    },
    name,
  );
}

interface Shown {
  NetworkSettings: { Networks: Record<string, { IPAddress: string; GlobalIPv6Address: string }> };
}
const addressOf = async (id: string, network: string) =>
  (await the.ask('GET', `/containers/${id}/json`)).json<Shown>().NetworkSettings.Networks[network]!;

/** Addresses of a name as a container sees it; the exit code of nslookup where there are none. */
async function lookUp(id: string, name: string, type = 'a'): Promise<string[] | number> {
  const { code, stdout } = await the.exec(
    id,
    type === 'PTR' ? ['nslookup', name] : ['nslookup', `-type=${type}`, name],
  );
  const found = [...stdout.matchAll(/^(?:Address: (\S+)|.*name = (\S+))$/gm)].map(([, a, n]) => a ?? n!);
  return found.length > 0 ? found.sort() : code;
}

const resolvers = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(the.engine.execRoot) && line.includes('serve-names');
      } catch {
        return false;
      }
    })
    .map(Number);

test('--network-alias, --hostname, --name: containers find each other by name, alias, short id and hostname, also later ones', async () => {
  await make('front');
  const web = await sleeper('web', 'front', { Aliases: ['www', 'Site'] }, { Hostname: 'webhost' });
  const { IPAddress } = await addressOf(web, 'front');
  const asker = await sleeper('asker', 'front');
  for (const name of ['web', 'www', 'site', 'WEB', web.slice(0, 12), 'webhost', 'web.front', 'www.front'])
    expect(await lookUp(asker, name), name).toEqual([IPAddress]);
  expect(await lookUp(web, 'web')).toEqual([IPAddress]);
  expect((await the.exec(asker, ['ping', '-c1', '-W5', 'www'])).code).toBe(0);
  // Known, but without an IPv6 address: an empty answer, and nobody outside is asked.
  expect((await the.exec(asker, ['nslookup', '-type=aaaa', 'web'])).stdout).not.toMatch(/NXDOMAIN|SERVFAIL/);
  const later = await sleeper('later', 'front');
  expect(await lookUp(asker, 'later')).toEqual([(await addressOf(later, 'front')).IPAddress]);
  await the.ask('POST', '/containers/later/rename?name=renamed');
  expect(await lookUp(asker, 'renamed')).toEqual([(await addressOf(later, 'front')).IPAddress]);
  expect(await lookUp(asker, 'later')).toBe(1);
  await the.remove(later);
  expect(await lookUp(asker, 'renamed')).toBe(1);
  expect(await lookUp(asker, IPAddress, 'PTR')).toEqual(['web.front']);
  expect((await the.exec(asker, ['cat', '/etc/resolv.conf'])).stdout).toMatch(
    /^nameserver 127\.0\.0\.11\n(.*\n)*options .*ndots:0/m,
  );
  await the.remove(web);
  await the.remove(asker);
  await remove('front');
});

test('several of one name take turns, in IPv4 and IPv6', async () => {
  await make('both', { EnableIPv6: true });
  const ids = [];
  for (const name of ['one', 'two', 'three']) ids.push(await sleeper(name, 'both', { Aliases: ['all'] }));
  const addresses = await Promise.all(ids.map((id) => addressOf(id, 'both')));
  expect(await lookUp(ids[0]!, 'all')).toEqual(addresses.map((a) => a.IPAddress).sort());
  expect(await lookUp(ids[0]!, 'all', 'aaaa')).toEqual(addresses.map((a) => a.GlobalIPv6Address).sort());
  const firsts = new Set<string>();
  for (let i = 0; i < 6; i++) {
    const { stdout } = await the.exec(ids[0]!, ['nslookup', '-type=a', 'all']);
    firsts.add(/^Address: (\S+)$/m.exec(stdout.slice(stdout.indexOf('Name')))![1]!);
  }
  expect(firsts.size).toBeGreaterThan(1);
  expect(await lookUp(ids[0]!, addresses[1]!.GlobalIPv6Address, 'PTR')).toEqual(['two.both']);
  expect((await the.exec(ids[0]!, ['ping', '-6', '-c1', '-W5', 'two'])).code).toBe(0);
  for (const id of ids) await the.remove(id);
  await remove('both');
});

test('names are those of the networks that a container is in', async () => {
  await make('left');
  await make('right');
  const left = await sleeper('inleft', 'left');
  const right = await sleeper('inright', 'right');
  expect(await lookUp(left, 'inright')).toBe(1);
  await the.ask('POST', '/networks/right/connect', { Container: left, EndpointConfig: { Aliases: ['guest'] } });
  expect(await lookUp(left, 'inright')).toEqual([(await addressOf(right, 'right')).IPAddress]);
  expect(await lookUp(right, 'guest')).toEqual([(await addressOf(left, 'right')).IPAddress]);
  await the.ask('POST', '/networks/right/disconnect', { Container: left });
  expect(await lookUp(left, 'inright')).toBe(1);
  expect(await lookUp(right, 'guest')).toBe(1);
  // From the default bridge too, whose containers have no names by themselves.
  const plain = await the.begin(['sleep', '1000'], {}, 'plain');
  expect((await the.exec(plain, ['cat', '/etc/resolv.conf'])).stdout).not.toContain('127.0.0.11');
  await the.ask('POST', '/networks/left/connect', { Container: plain });
  expect(await lookUp(plain, 'inleft')).toEqual([(await addressOf(left, 'left')).IPAddress]);
  for (const id of [left, right, plain]) await the.remove(id);
  await remove('left');
  await remove('right');
});

test('--link on a network of a user: an alias that only this container knows', async () => {
  await make('linked');
  const db = await sleeper('db', 'linked');
  const app = await sleeper('app', 'linked', { Links: ['db:database'] });
  const other = await sleeper('other', 'linked');
  expect(await lookUp(app, 'database')).toEqual([(await addressOf(db, 'linked')).IPAddress]);
  expect(await lookUp(other, 'database')).toBe(1);
  for (const id of [db, app, other]) await the.remove(id);
  await remove('linked');
});

describe('outside', () => {
  /** A name server of the test's own on an address of the host; counts what it is asked. */
  async function serveNames(address: string) {
    const asked: string[] = [];
    const reply = (message: Buffer) => {
      const { id, questions } = decode(message);
      const [question] = questions!;
      asked.push(`${question!.type} ${question!.name}`);
      return encode({
        ...{ type: 'response', id: id!, flags: 0x180, questions: questions! },
        answers: question!.type === 'A' ? [{ type: 'A', name: question!.name, ttl: 5, data: '192.0.2.99' }] : [],
      });
    };
    const udp = createSocket('udp4');
    udp.on('message', (message, { port, address: from }) => udp.send(reply(message), port, from));
    await new Promise<void>((resolve) => udp.bind(53, address, resolve));
    const tcp = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const answer = reply(Buffer.from(data).subarray(2));
        socket.end(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 255), answer]));
      });
    });
    await new Promise<void>((resolve) => tcp.listen(53, address, resolve));
    return {
      asked,
      close: () => {
        udp.close();
        tcp.close();
      },
    };
  }

  test('--dns: the servers of a container are asked for what no network has; over UDP and TCP', async () => {
    await make('world');
    const gateway = await gatewayOf('world');
    const server = await serveNames(gateway);
    const id = await sleeper(
      'asks',
      'world',
      {},
      { HostConfig: { Dns: [gateway], DnsSearch: ['corp.test'], DnsOptions: ['timeout:3'] } },
    );
    expect((await the.exec(id, ['cat', '/etc/resolv.conf'])).stdout).toBe(
      'nameserver 127.0.0.11\nsearch corp.test\noptions timeout:3 ndots:0\n',
    );
    expect(await lookUp(id, 'some.where')).toEqual(['192.0.2.99']);
    expect(await lookUp(id, 'asks.')).toEqual([(await addressOf(id, 'world')).IPAddress]);
    // A query over TCP, by hand: length, id, flags, counts, name "over.tcp", type A, class IN.
    const query = encode({ type: 'query', id: 7, flags: 0x100, questions: [{ type: 'A', name: 'over.tcp' }] });
    const octal = [...Buffer.of(0, query.length), ...query]
      .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
      .join('');
    const { stdout } = await the.exec(id, [
      'sh',
      '-c',
      `(printf '${octal}'; sleep 1) | nc 127.0.0.11 53 | od -An -tx1 | tr -d ' \n'`,
    ]);
    expect(stdout).toContain('c0000263');
    expect(server.asked).toContain('A some.where');
    expect(server.asked).toContain('A over.tcp');
    expect(server.asked).not.toContain('A asks');
    server.close();
    await the.remove(id);
    await remove('world');
  });

  test('an application has port 53 of its own container to itself', async () => {
    await make('fiftythree');
    const id = await sleeper('dnsmasq', 'fiftythree');
    const { code } = await the.exec(id, [
      'sh',
      '-c',
      'nc -lu -p 53 & nc -l -p 53 & sleep 0.2; kill -0 %1 && kill -0 %2',
    ]);
    expect(code).toBe(0);
    await the.remove(id);
    await remove('fiftythree');
  });
});

describe('the process that answers', () => {
  test('answers while no engine runs, and is taken over by the next one', async () => {
    await make('lasting');
    const id = await sleeper('lasts', 'lasting');
    const before = resolvers();
    expect(before).toHaveLength(1);
    const pid = (await the.inspect(id)).State.Pid;
    const { IPAddress } = await addressOf(id, 'lasting');
    await the.engine.kill();
    const { execFileSync } = await import('node:child_process');
    const found = execFileSync('nsenter', ['-t', String(pid), '-n', '-m', '-r', '/bin/nslookup', '-type=a', 'lasts'], {
      encoding: 'utf8',
    });
    expect(found).toContain(`Address: ${IPAddress}`);
    await the.engine.start();
    expect(resolvers()).toEqual(before);
    const next = await sleeper('next', 'lasting');
    expect(await lookUp(id, 'next')).toEqual([(await addressOf(next, 'lasting')).IPAddress]);
    for (const one of [id, next]) await the.remove(one);
    await remove('lasting');
  });

  test('is replaced when it is killed', async () => {
    await make('mortal');
    const id = await sleeper('mortals', 'mortal');
    const { IPAddress } = await addressOf(id, 'mortal');
    const [before] = resolvers();
    process.kill(before!, 'SIGKILL');
    await eventually(async () => expect(await lookUp(id, 'mortals')).toEqual([IPAddress]));
    expect(resolvers()).not.toContain(before);
    await the.remove(id);
    await remove('mortal');
  });

  test('ends with the last network that has names', async () => {
    await make('last');
    await eventually(() => expect(resolvers()).toHaveLength(1));
    await remove('last');
    await eventually(() => expect(resolvers()).toEqual([]));
  });
});
