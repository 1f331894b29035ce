import type { DoctorReport, PortReport } from '@berth/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';
import { parseTable } from '../../support/table.ts';

let the: Containers;
beforeAll(async () => {
  the = await startContainers();
  for (const wish of [{ Name: 'front' }, { Name: 'back' }, { Name: 'inner', Internal: true }])
    await the.ask('POST', '/networks/create', wish);
});
afterAll(() => the.engine.stop());

const berth = (...args: string[]) => run(clientProgram('berth'), args, { env: { DOCKER_HOST: the.engine.host } });
const serve = 'while true; do echo hello | nc -l -p 80 || sleep 1; done';
const begin = (name: string, network: string, script: string, ports: object = {}) =>
  the.begin(['sh', '-c', script], { HostConfig: { NetworkMode: network, PortBindings: ports } }, name);
const binding = (HostIp: string) => [{ HostIp, HostPort: '' }];

describe('berth ports (GET /berth/v1/ports)', () => {
  const reports = async () => (await the.ask('GET', '/berth/v1/ports')).json<PortReport[]>();
  const of = async (name: string) => (await reports()).filter(({ Container }) => Container === name);

  test('says of every published port who can reach it, and why', async () => {
    expect((await berth('ports')).stdout).toBe('PUBLISHED   CONTAINER   LEADS TO   REACHABLE BY   WHY\n');
    const ids = [
      await begin('open', 'front', serve, { '80/tcp': binding('') }),
      await begin('local', 'front', serve, { '80/tcp': binding('127.0.0.1') }),
      await begin('silent', 'front', 'sleep 1000', { '80/tcp': binding('0.0.0.0') }),
      await begin('inward', 'front', 'httpd -f -p 127.0.0.1:80', { '80/tcp': binding('0.0.0.0') }),
    ];
    await eventually(async () =>
      expect((await of('open')).map((one) => one.Reachable)).toEqual(['anywhere', 'anywhere']),
    );
    const [four, six] = (await of('open')).sort((a, b) => a.HostIp.localeCompare(b.HostIp)).reverse();
    expect([four, six].map((one) => one?.By).sort()).toEqual(['proxy', 'rules']);
    expect((await of('open')).find(({ By }) => By === 'rules')!.Why[0]).toMatch(/^on all addresses: .+ \(.+\)/);
    await eventually(async () => expect((await of('local'))[0]!.Reachable).toBe('this host'));
    expect((await of('local'))[0]!.Why).toEqual([
      '127.0.0.1 is loopback: other machines and containers cannot reach it',
    ]);
    expect((await of('silent'))[0]).toMatchObject({
      Reachable: 'nobody',
      Why: ['nothing listens on 80/tcp in the container'],
    });
    await eventually(async () =>
      expect((await of('inward'))[0]).toMatchObject({
        ...{ Reachable: 'nobody', Network: 'front' },
        Why: ['the program listens on 127.0.0.1 inside the container only: make it listen on 0.0.0.0'],
      }),
    );
    const { code, stdout } = await berth('ports');
    expect(code).toBe(0);
    const rows = parseTable(stdout);
    expect(rows.filter(({ CONTAINER }) => CONTAINER === 'silent')).toEqual([
      {
        ...{ PUBLISHED: expect.stringMatching(/^0\.0\.0\.0:\d+\/tcp$/), CONTAINER: 'silent' },
        ...{ 'LEADS TO': expect.stringMatching(/^10\.[\d.]+:80$/), 'REACHABLE BY': 'nobody' },
        WHY: 'nothing listens on 80/tcp in the container',
      },
    ]);
    expect((await berth('ports', '--format', '{{.Container}} {{.By}}')).stdout).toContain('silent rules\n');
    for (const id of ids) await the.remove(id);
  });
});

describe('berth net doctor (GET /berth/v1/networks/doctor)', () => {
  const ask = async (container: string, target: string) =>
    (await the.ask('GET', `/berth/v1/networks/doctor?container=${container}&target=${target}`)).json<DoctorReport>();
  const ids: string[] = [];
  beforeAll(async () => {
    ids.push(await begin('web', 'front', serve));
    ids.push(await begin('app', 'front', 'sleep 1000'));
    ids.push(await begin('shy', 'front', 'httpd -f -p 127.0.0.1:80'));
    ids.push(await begin('db', 'back', serve));
    ids.push(await begin('cell', 'inner', 'sleep 1000'));
    await eventually(async () => expect((await ask('app', 'web:80')).Ok).toBe(true));
  });
  afterAll(async () => {
    for (const id of ids) await the.remove(id);
  });

  test('a way that is open', async () => {
    const { code, stdout } = await berth('net', 'doctor', 'app', 'web:80');
    expect(code).toBe(0);
    const address = /is ([\d.]+)$/m.exec(stdout)![1]!;
    expect(stdout).toMatch(/^ok {2}networks {3}app is in front \(10\.[\d.]+\)\n/);
    expect(stdout.split('\n').slice(1)).toEqual([
      `ok  name       127.0.0.11 says that web is ${address}`,
      `ok  route      ${address} is a neighbour by eth0 (front)`,
      'ok  neighbour  it is web in front',
      `ok  connect    ${address}:80 accepts connections`,
      '',
    ]);
  });

  const cases: [string, string, string, RegExp][] = [
    ['a port that nothing listens on', 'app', 'web:81', /connect .*refused.*\n +Nothing listens on 81\/tcp in web\./],
    ['a program that listens on loopback', 'app', 'shy:80', /connect .*refused.*\n +shy listens on 127\.0\.0\.1 only/],
    [
      'a container of another network, by name',
      'app',
      'db:80',
      /name .*NXDOMAIN|SERVFAIL|no answer.*\n +A container of that name is in back, where this one is not/,
    ],
    [
      'nobody of that name',
      'cell',
      'nobody.test',
      /name .*SERVFAIL.*\n +All of its networks are internal: no name is asked for outside\./,
    ],
    [
      'a way out of an internal network',
      'cell',
      '192.0.2.1:80',
      /route +there is no way to 192\.0\.2\.1: inner has none out\n/,
    ],
  ];
  test.each(cases)('%s', async (_, container, target, says) => {
    const { code, stdout } = await berth('net', 'doctor', container, target);
    expect(code).toBe(1);
    expect(stdout).toMatch(says);
  });

  test('a container of another network, by address', async () => {
    const { Steps } = await ask('db', 'db');
    const address = /is ([\d.]+)$/.exec(Steps.find(({ Step }) => Step === 'name')!.Says)![1]!;
    const { stdout } = await berth('net', 'doctor', 'app', `${address}:80`);
    expect(stdout).toMatch(/no {2}neighbour {2}it is db in back\n +Networks are kept apart/);
    expect(stdout).toMatch(/no {2}connect .*no answer within three seconds/);
  });

  test('who and what there is not', async () => {
    expect(await the.refusal('GET', '/berth/v1/networks/doctor?container=none&target=x')).toMatch(
      /^404 container none has no network now/,
    );
    expect(await the.refusal('GET', '/berth/v1/networks/doctor?container=app&target=x:0')).toMatch(
      /^400 invalid target "x:0"/,
    );
  });
});
