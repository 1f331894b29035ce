import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBytes, formatAddress, parseAddress } from '../ip-address.ts';
import { answer, PLAIN_UDP, reverseAddress } from './answer.ts';
import type { NamedSandbox } from './protocol.ts';
import { Zones } from './zones.ts';

const zones = new Zones();
const sandbox: NamedSandbox = {
  ...{ id: 'a', namespacePath: '', udpPort: 0, tcpPort: 0, dns: [], outside: true },
  networks: [{ networkId: 'n', networkName: 'net', ipv4: '10.0.0.1', ipv6: '', names: ['web', 'many'], links: [] }],
};
zones.set(sandbox);
for (let i = 2; i < 102; i++) {
  const networks = [{ networkId: 'n', networkName: 'net', ipv4: `10.0.0.${i}`, ipv6: '', names: ['many'], links: [] }];
  zones.set({ ...sandbox, id: `b${i}`, networks });
}
const query = (name: string, type: 'A' | 'AAAA' | 'TXT' | 'PTR', more: object = {}) =>
  encode({ type: 'query', id: 4711, flags: 0x100, questions: [{ name, type }], ...more });
const ask = (message: Buffer, limit = PLAIN_UDP) => {
  const verdict = answer(zones, sandbox, message, limit);
  return verdict.kind === 'reply' ? decode(verdict.message) : verdict.kind;
};

test('a name is answered with its addresses, under the id of the question', () => {
  expect(ask(query('WEB.', 'A'))).toMatchObject({
    ...{ id: 4711, type: 'response', rcode: 'NOERROR', flag_ra: true, flag_rd: true },
    answers: [{ type: 'A', data: '10.0.0.1', ttl: 10 }],
  });
  expect(ask(query('1.0.0.10.in-addr.arpa', 'PTR'))).toMatchObject({ answers: [{ type: 'PTR', data: 'web.net' }] });
});

test('a name that a network has is never asked for outside; others are', () => {
  for (const type of ['AAAA', 'TXT'] as const)
    expect(ask(query('web', type))).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(ask(query('web.example', 'A'))).toBe('outside');
  expect(ask(query('1.2.3.4.in-addr.arpa', 'PTR'))).toBe('outside');
});

test('what does not fit is cut off and says so; with EDNS or TCP it fits', () => {
  const cut = ask(query('many', 'A'));
  expect(cut).toMatchObject({ flag_tc: true });
  expect((cut as { answers: unknown[] }).answers.length).toBeGreaterThan(20);
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    flags: 0,
    options: [],
    ednsVersion: 0,
    extendedRcode: 0,
    flag_do: false,
  };
  for (const whole of [ask(query('many', 'A', { additionals: [opt] })), ask(query('many', 'A'), 65_535)])
    expect([(whole as { flag_tc: boolean }).flag_tc, (whole as { answers: unknown[] }).answers.length]).toEqual([
      false,
      101,
    ]);
});

test('nothing that comes in brings it down', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(['reply', 'outside', 'drop']).toContain(answer(zones, sandbox, Buffer.from(bytes), PLAIN_UDP).kind);
    }),
  );
  const whole = query('web', 'A');
  for (let length = 0; length < whole.length; length++) ask(whole.subarray(0, length));
  expect(ask(encode({ type: 'response', id: 1, questions: [{ name: 'web', type: 'A' }] }))).toBe('drop');
});

test('addresses are read from their reverse names, in the form that they are known by', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const digits = addressBytes(text)!.toString('hex').split('').reverse().join('.');
      expect(reverseAddress(`${digits}.ip6.arpa`)).toBe(formatAddress(6, parseAddress(text)!.value));
    }),
  );
  expect(reverseAddress('4.3.2.1.IN-ADDR.ARPA.')).toBe('1.2.3.4');
  for (const none of ['web', 'in-addr.arpa', '1.2.3.in-addr.arpa', 'x.ip6.arpa'])
    expect(reverseAddress(none)).toBeUndefined();
});
