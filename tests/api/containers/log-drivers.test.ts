import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../support/certificates.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { datagramServer, gelfMessages, streamServer, udpServer, unpackAll } from '../../support/log-servers.ts';

let c: Containers;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'berth-log-drivers-'));
  c = await startContainers();
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(directory, { recursive: true });
});

const logging = (Type: string, Config: Record<string, string> = {}, more: object = {}) => ({
  HostConfig: { LogConfig: { Type, Config }, ...more },
});
const SAY = ['sh', '-c', 'echo out; sleep 0.1; echo err >&2'];

describe('syslog', () => {
  test('--log-driver, --log-opt: syslog over UDP, in Docker’s default format, with facility and tag', async () => {
    const server = await udpServer();
    const Config = { 'syslog-address': `udp://${server.address}`, 'syslog-facility': 'local3', tag: 'x/{{.Name}}' };
    const id = await c.create(SAY, logging('syslog', Config), 'shop');
    await c.start(id);
    await eventually(() => expect(server.packets).toHaveLength(2));
    const [out, err] = server.packets.map(String);
    const head = `[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d x/shop\\[${c.engine.pid}\\]: `;
    expect(out).toMatch(new RegExp(`^<${19 * 8 + 6}>${head}out\n$`));
    expect(err).toMatch(new RegExp(`^<${19 * 8 + 3}>${head}err\n$`));
    expect((await c.logs(id)).stdout).toBe('out\n');
    expect(await c.inspect(id)).toMatchObject({ LogPath: '', HostConfig: { LogConfig: { Type: 'syslog', Config } } });
    await server.close();
  });

  test.each([
    ['rfc3164', `<30>[A-Z][a-z]{2} [ \\d]\\d [\\d:]{8} ${hostname()} ID\\[PID\\]: out\n`],
    ['rfc5424', `<30>1 \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}(Z|[+-][\\d:]{5}) ${hostname()} ID PID ID - out\n`],
    [
      'rfc5424micro',
      `<30>1 \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}\\.\\d{1,6}(Z|[+-][\\d:]{5}) ${hostname()} ID PID ID - out\n`,
    ],
  ])('--log-opt: syslog-format %s over TCP', async (format, pattern) => {
    const server = await streamServer();
    const Config = { 'syslog-address': `tcp://${server.address}`, 'syslog-format': format };
    const id = await c.begin(SAY, logging('syslog', Config));
    await eventually(() => expect(server.bytes().toString()).toMatch(/err\n$/));
    const expected = pattern.replaceAll('PID', String(c.engine.pid)).replaceAll('ID', id.slice(0, 12));
    expect(server.bytes().toString()).toMatch(new RegExp(`^${expected}`));
    await server.close();
  });

  test('--log-opt: syslog over unix and unixgram sockets', async () => {
    const stream = await streamServer({ path: join(directory, 'stream.sock') });
    const datagrams = await datagramServer(join(directory, 'datagram.sock'));
    await c.run(SAY, logging('syslog', { 'syslog-address': `unix://${directory}/stream.sock` }));
    await c.run(SAY, logging('syslog', { 'syslog-address': `unixgram://${directory}/datagram.sock` }));
    await eventually(() => expect(stream.bytes().toString()).toMatch(/out\n.*err\n$/s));
    await eventually(() =>
      expect(datagrams.packets.map((packet) => packet.toString().slice(-5))).toEqual([' out\n', ' err\n']),
    );
    await stream.close();
    await datagrams.close();
  });

  test('--log-opt: syslog over TLS with syslog-tls-ca-cert, syslog-tls-cert, syslog-tls-key, syslog-tls-skip-verify', async () => {
    const { ca, serverCert, serverKey, clientCert, clientKey } = makeCertificates(directory);
    const server = await streamServer({
      tls: { ca: readFileSync(ca), cert: readFileSync(serverCert), key: readFileSync(serverKey), requestCert: true },
    });
    const address = { 'syslog-address': `tcp+tls://localhost:${server.port}`, 'syslog-format': 'rfc5424' };
    const own = { 'syslog-tls-cert': clientCert, 'syslog-tls-key': clientKey };
    await c.run(['echo', 'by tls'], logging('syslog', { ...address, ...own, 'syslog-tls-ca-cert': ca }));
    await eventually(() => expect(server.bytes().toString()).toMatch(/by tls\n$/));
    const [, length, message] = /^(\d+) (<30>1 .*)$/s.exec(server.bytes().toString()) ?? [];
    expect(message).toHaveLength(Number(length));
    const id = await c.create(SAY, logging('syslog', address));
    expect(await c.refusal('POST', `/containers/${id}/start`)).toMatch(/dial tcp\+tls localhost:\d+: .*certificate/);
    await c.run(['echo', 'unseen'], logging('syslog', { ...address, ...own, 'syslog-tls-skip-verify': 'true' }));
    await eventually(() => expect(server.bytes().toString()).toMatch(/unseen\n$/));
    await server.close();
  });

  test('a server that cannot be reached is told at the start, as Docker does', async () => {
    const server = await streamServer();
    await server.close();
    const id = await c.create(SAY, logging('syslog', { 'syslog-address': `tcp://${server.address}` }));
    expect(await c.refusal('POST', `/containers/${id}/start`)).toMatch(
      /^500 failed to create task for container: failed to initialize logging driver: dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
    );
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'created', ExitCode: 128 });
  });
});

describe('gelf', () => {
  test.each(['gzip', 'zlib', 'none'])('--log-opt: gelf-compression-type %s over UDP', async (type) => {
    const server = await udpServer();
    const Config = {
      'gelf-address': `udp://${server.address}`,
      'gelf-compression-type': type,
      'gelf-compression-level': '5',
      labels: 'tier',
      env: 'COLOR',
    };
    const wish = { ...logging('gelf', Config), Labels: { tier: 'front' }, Env: ['COLOR=red', 'SIZE=1'] };
    const id = await c.create(['sh', '-c', 'echo; echo out; sleep 0.1; echo err >&2'], wish);
    const before = Date.now() / 1000;
    await c.start(id);
    await eventually(() => expect(server.packets).toHaveLength(2));
    if (type !== 'none') expect(server.packets[0]![0]).toBe(type === 'gzip' ? 0x1f : 0x78);
    const { Name } = await c.inspect(id);
    const [out, err] = gelfMessages(server.packets);
    expect(out).toMatchObject({
      version: '1.1',
      host: hostname(),
      short_message: 'out',
      level: 6,
      _container_id: id,
      _container_name: Name.slice(1),
      _image_name: 'busybox:test',
      _command: 'sh -c echo; echo out; sleep 0.1; echo err >&2',
      _tag: id.slice(0, 12),
      _tier: 'front',
      _COLOR: 'red',
    });
    expect(out).not.toHaveProperty('_SIZE');
    expect(Number(out?.['timestamp'])).toBeGreaterThanOrEqual(before - 1);
    expect(err).toMatchObject({ short_message: 'err', level: 3 });
    await server.close();
  });

  test('long messages come in chunks', async () => {
    const server = await udpServer();
    const Config = { 'gelf-address': `udp://${server.address}`, 'gelf-compression-type': 'none' };
    await c.run(['sh', '-c', 'head -c 12000 /dev/zero | tr "\\0" y; echo'], logging('gelf', Config));
    await eventually(() => expect(gelfMessages(server.packets)).toHaveLength(1));
    expect(server.packets.length).toBeGreaterThan(5);
    expect(gelfMessages(server.packets)[0]!['short_message']).toBe('y'.repeat(12000));
    await server.close();
  });

  test('--log-opt: gelf over TCP, messages end with a zero byte; gelf-tcp-max-reconnect, gelf-tcp-reconnect-delay', async () => {
    const server = await streamServer();
    const Config = {
      'gelf-address': `tcp://${server.address}`,
      'gelf-tcp-max-reconnect': '2',
      'gelf-tcp-reconnect-delay': '0',
    };
    const script = 'echo one; read line; echo two; read line; echo three; read line';
    const id = await c.begin(['sh', '-c', script], { ...logging('gelf', Config), OpenStdin: true });
    await eventually(() => expect(server.bytes().toString()).toContain('"short_message":"one"'));
    expect(server.bytes().at(-1)).toBe(0);
    await server.close();
    const input = await c.attach(id, 'stream=1&stdin=1');
    await input.write('\n');
    await eventually(() => expect(c.engine.output()).toMatch(/1 lines were dropped after 3 attempts/));
    const again = await streamServer({ port: server.port });
    await input.write('\n');
    await eventually(() => expect(again.bytes().toString()).toContain('"short_message":"three"'));
    expect(again.bytes().toString()).not.toContain('"short_message":"two"');
    input.destroy();
    await again.close();
  });
});

describe('fluentd', () => {
  test('--log-opt: fluentd-address, fluentd-sub-second-precision, labels-regex, env-regex, tag', async () => {
    const server = await streamServer();
    const Config = {
      'fluentd-address': server.address,
      'fluentd-sub-second-precision': 'true',
      tag: 'docker.{{.ID}}',
      'labels-regex': '^ti',
      'env-regex': '^COL',
    };
    const wish = { ...logging('fluentd', Config), Labels: { tier: 'front' }, Env: ['COLOR=red', 'SIZE=1'] };
    const id = await c.begin(['sh', '-c', 'printf "a\\377b\\n"; sleep 0.1; echo err >&2'], wish);
    await eventually(() => expect(unpackAll(server.bytes())).toHaveLength(2));
    const { Name } = await c.inspect(id);
    const [out, err] = unpackAll(server.bytes()) as [string, [number, Buffer], object, object][];
    expect(out![0]).toBe(`docker.${id.slice(0, 12)}`);
    expect(out![1][0]).toBe(0);
    expect(Math.abs(out![1][1].readUInt32BE(0) - Date.now() / 1000)).toBeLessThan(60);
    expect(out![2]).toEqual({
      container_id: id,
      container_name: Name,
      source: 'stdout',
      log: 'a\xffb',
      tier: 'front',
      COLOR: 'red',
    });
    expect(out![3]).toEqual({});
    expect(err![2]).toMatchObject({ source: 'stderr', log: 'err' });
    await server.close();
  });

  test('labels of an image cannot pass for what the engine says', async () => {
    const server = await streamServer();
    const datagrams = await udpServer();
    const Labels = { log: 'x', container_id: 'x', _container_id: 'x', source: 'x', nl: 'a\n<0>forged' };
    const options = { 'labels-regex': '.', tag: 't{{index .ContainerLabels "nl"}}' };
    const fluentd = await c.begin(['echo', 'y'], {
      ...logging('fluentd', { ...options, 'fluentd-address': server.address }),
      Labels,
    });
    await eventually(() => expect(unpackAll(server.bytes())).toHaveLength(1));
    const [[tag, , record]] = unpackAll(server.bytes()) as [[string, number, object]];
    expect(tag).toBe('ta <0>forged');
    expect(record).toMatchObject({ log: 'y', container_id: fluentd, source: 'stdout', nl: Labels.nl });
    const gelf = await c.begin(['echo', 'y'], {
      ...logging('gelf', { ...options, 'gelf-address': `udp://${datagrams.address}` }),
      Labels,
    });
    await eventually(() => expect(gelfMessages(datagrams.packets)).toMatchObject([{ _container_id: gelf, _log: 'x' }]));
    await server.close();
    await datagrams.close();
  });

  test('long lines come in parts of 16 KB, seconds are whole numbers, over a unix socket', async () => {
    const path = join(directory, 'fluentd.sock');
    const server = await streamServer({ path });
    const Config = { 'fluentd-address': `unix://${path}` };
    const { stdout } = await c.run(['sh', '-c', 'seq 1 10000 | tr "\\n" ,; echo'], logging('fluentd', Config));
    await eventually(() => expect(unpackAll(server.bytes())).toHaveLength(3));
    const events = unpackAll(server.bytes()) as [string, number, Record<string, string>][];
    expect(Number.isInteger(events[0]![1])).toBe(true);
    expect(
      events.map(([, , record]) => [record['partial_message'], record['partial_ordinal'], record['partial_last']]),
    ).toEqual([
      ['true', '1', 'false'],
      ['true', '2', 'false'],
      ['true', '3', 'true'],
    ]);
    expect(new Set(events.map(([, , record]) => record['partial_id'])).size).toBe(1);
    expect(events[0]![2]['log']).toHaveLength(16384);
    expect(`${events.map(([, , record]) => record['log']).join('')}\n`).toBe(stdout);
    await server.close();
  });

  test('--log-opt: fluentd-request-ack sends again what was not acknowledged', async () => {
    let acknowledge = false;
    const ack = (bytes: Buffer) => {
      if (!acknowledge) return undefined;
      const events = unpackAll(bytes) as [string, number, object, { chunk: string }][];
      return Buffer.concat(
        events.map(([, , , { chunk }]) =>
          Buffer.concat([
            Buffer.from([0x81, 0xa3]),
            Buffer.from('ack'),
            Buffer.from([0xa0 | chunk.length]),
            Buffer.from(chunk),
          ]),
        ),
      );
    };
    const server = await streamServer({ answer: ack });
    const Config = {
      'fluentd-address': server.address,
      'fluentd-request-ack': 'true',
      'fluentd-read-timeout': '200ms',
      'fluentd-write-timeout': '1s',
      'fluentd-retry-wait': '50ms',
    };
    const id = await c.begin(['sh', '-c', 'echo one; read line; echo two; read line'], {
      ...logging('fluentd', Config),
      OpenStdin: true,
    });
    const logs = () => (unpackAll(server.bytes()) as [string, number, { log: string }][]).map(([, , { log }]) => log);
    await eventually(() => expect(logs()).toEqual(['one', 'one']));
    acknowledge = true;
    server.packets.length = 0;
    await eventually(() => expect(logs().length).toBeGreaterThan(0));
    server.packets.length = 0;
    const input = await c.attach(id, 'stream=1&stdin=1');
    await input.write('\n');
    await eventually(() => expect(logs()).toEqual(['two']));
    input.destroy();
    await server.close();
  });

  test('--log-opt: fluentd-async starts without the server; fluentd-buffer-limit bounds what waits; fluentd-retry-wait', async () => {
    const server = await streamServer();
    await server.close();
    const Config = {
      'fluentd-address': server.address,
      'fluentd-async': 'true',
      'fluentd-buffer-limit': '100',
      'fluentd-retry-wait': '50ms',
      'fluentd-async-reconnect-interval': '100ms',
    };
    const id = await c.begin(['sh', '-c', 'seq 1 100000; read line; echo more; read line'], {
      ...logging('fluentd', Config),
      OpenStdin: true,
    });
    await eventually(async () => expect((await c.logs(id, false, '&tail=1')).stdout).toBe('100000\n'));
    await eventually(() => expect(c.engine.output()).toMatch(/lines were dropped, as its options ask/));
    const again = await streamServer({ port: server.port });
    const logs = () => (unpackAll(again.bytes()) as [string, number, { log: string }][]).map(([, , { log }]) => log);
    await eventually(() => expect(logs().at(-1)).toBe('100000'));
    expect(logs()).toEqual(Array.from({ length: 100 }, (_, n) => String(n + 99901)));
    const input = await c.attach(id, 'stream=1&stdin=1');
    await input.write('\n');
    await eventually(() => expect(logs().at(-1)).toBe('more'));
    input.destroy();
    await again.close();
  });

  test('--log-opt: fluentd-max-retries ends in dropped lines', async () => {
    const server = await streamServer();
    const Config = { 'fluentd-address': server.address, 'fluentd-max-retries': '1', 'fluentd-retry-wait': '10ms' };
    const id = await c.begin(['sh', '-c', 'read line; seq 1 7; read line'], {
      ...logging('fluentd', Config),
      OpenStdin: true,
    });
    await eventually(() => expect(server.connections()).toBe(1));
    await server.close();
    const input = await c.attach(id, 'stream=1&stdin=1');
    await input.write('\n');
    await eventually(() => expect(c.engine.output()).toMatch(/\d lines were dropped after 2 attempts/));
    input.destroy();
  });
});

const JOURNAL = '/run/systemd/journal';

describe('journald', () => {
  test.skipIf(existsSync(JOURNAL))('--log-driver: journald is refused at the start where there is none', async () => {
    const id = await c.create(SAY, logging('journald'));
    expect(await c.refusal('POST', `/containers/${id}/start`)).toBe(
      '500 failed to create task for container: failed to initialize logging driver: journald is not enabled on this host: /run/systemd/journal/socket cannot be reached',
    );
  });

  // A journal of the host's own must not be stood in for.
  test.skipIf(existsSync(JOURNAL))(
    '--log-driver: journald gets fields by its native protocol, logs reads back',
    async () => {
      mkdirSync(JOURNAL, { recursive: true });
      const server = await datagramServer(`${JOURNAL}/socket`);
      try {
        const wish = {
          ...logging('journald', { labels: 'my.tier', tag: '{{.Name}}' }),
          Labels: { 'my.tier': 'two\nlines' },
        };
        const id = await c.create(SAY, wish, 'journal');
        await c.start(id);
        await eventually(() => expect(server.packets).toHaveLength(2));
        const [out, err] = server.packets.map(journalFields);
        expect(out).toEqual({
          MESSAGE: 'out',
          PRIORITY: '6',
          SYSLOG_TIMESTAMP: expect.stringMatching(/^\d{4}-.*Z$/),
          CONTAINER_ID: id.slice(0, 12),
          CONTAINER_ID_FULL: id,
          CONTAINER_NAME: 'journal',
          CONTAINER_TAG: 'journal',
          SYSLOG_IDENTIFIER: 'journal',
          IMAGE_NAME: 'busybox:test',
          MY_TIER: 'two\nlines',
        });
        expect(err).toMatchObject({ MESSAGE: 'err', PRIORITY: '3' });
        expect(await c.logs(id)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
      } finally {
        await server.close();
        rmSync(JOURNAL, { recursive: true });
      }
    },
  );
});

function journalFields(packet: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < packet.length; ) {
    const newline = packet.indexOf(10, at);
    const line = packet.toString('utf8', at, newline);
    const equals = line.indexOf('=');
    if (equals >= 0) {
      fields[line.slice(0, equals)] = line.slice(equals + 1);
      at = newline + 1;
    } else {
      const length = Number(packet.readBigUInt64LE(newline + 1));
      fields[line] = packet.toString('utf8', newline + 9, newline + 9 + length);
      at = newline + 10 + length;
    }
  }
  return fields;
}
