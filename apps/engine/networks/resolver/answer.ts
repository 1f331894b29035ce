import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';
import { formatError, judgeQuery, questionOnly } from './header.ts';
import type { NamedSandbox } from './protocol.ts';
import type { Zones } from './zones.ts';

/** What to do about a query: `reply` it, ask `outside`, or `drop` what is none. */
export type Verdict =
  | { kind: 'reply'; message: Buffer }
  | { kind: 'outside'; question: Question; refusal: Buffer }
  | { kind: 'drop' };

/** Looks at a query of a container. `limit`: bytes that a reply may have, for UDP without EDNS. */
export function answer(zones: Zones, sandbox: NamedSandbox, message: Buffer, limit: number): Verdict {
  const judgement = judgeQuery(message);
  if (judgement === 'drop') return { kind: 'drop' };
  if (judgement === 'malformed') return { kind: 'reply', message: formatError(message) };
  const query = read(message);
  if (!query) return { kind: 'drop' };
  const [question] = query.questions ?? [];
  if (!question) return { kind: 'drop' };
  if (query.opcode !== 'QUERY') return { kind: 'reply', message: reply(query, 'NOTIMP', [], limit) };
  const records = find(zones, sandbox, question);
  if (records) return { kind: 'reply', message: reply(query, 'NOERROR', records, limit) };
  return { kind: 'outside', question, refusal: reply(query, 'SERVFAIL', [], limit) };
}

/** The question of a message, to compare replies with; undefined when it cannot be read or is not one. */
export function questionOf(message: Buffer): Question | undefined {
  const only = questionOnly(message);
  return only && read(only)?.questions?.[0];
}

function find(zones: Zones, sandbox: NamedSandbox, { name, type }: Question): Answer[] | undefined {
  if (type === 'PTR') {
    const address = reverseAddress(name);
    const found = address === undefined ? undefined : zones.nameOf(sandbox, address);
    return found === undefined ? undefined : [{ type: 'PTR', name, ttl: TTL, data: found }];
  }
  const holders = zones.lookUp(sandbox, name);
  if (!holders) return undefined;
  // A name that a network has is never asked for outside, whatever is wanted of it.
  if (type !== 'A' && type !== 'AAAA') return [];
  return holders
    .map((holder) => (type === 'A' ? holder.ipv4 : holder.ipv6))
    .filter((address) => address !== '')
    .map((data) => ({ type, name, ttl: TTL, data }));
}

/** `4.3.2.1.in-addr.arpa` → `1.2.3.4`; the IPv6 form likewise, in its short notation. */
export function reverseAddress(name: string): string | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\.?$/i.exec(name);
  if (four) return four.slice(1, 5).reverse().join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa\.?$/i.exec(name);
  if (!six) return undefined;
  const digits = six[1]!.replaceAll('.', '').split('').reverse().join('').toLowerCase();
  const groups = digits.match(/.{4}/g)!.map((group) => group.replace(/^0{1,3}/, ''));
  return shorten(groups);
}

/** RFC 5952: the longest run of zero groups becomes `::`. */
function shorten(groups: readonly string[]): string {
  const runs = groups.join(':').match(/(?:^|(?<=:))0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.sort((a, b) => b.length - a.length)[0];
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`(?:^|(?<=:))${longest}(?=:|$)`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

function reply(query: Packet, code: string, answers: readonly Answer[], limit: number): Buffer {
  const edns = query.additionals?.find((record) => record.type === 'OPT');
  const room = Math.max(limit, edns && limit < MAX_MESSAGE ? Math.min(edns.udpPayloadSize, MAX_UDP) : 0);
  const make = (count: number) =>
    encode({
      type: 'response',
      id: query.id ?? 0,
      flags:
        FLAGS | ((query.flags ?? 0) & RECURSION_DESIRED) | RCODES[code]! | (count < answers.length ? TRUNCATED : 0),
      questions: query.questions ?? [],
      answers: answers.slice(0, count),
      additionals: edns
        ? [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: MAX_UDP,
              flags: 0,
              options: [],
              ednsVersion: 0,
              extendedRcode: 0,
              flag_do: false,
            },
          ]
        : [],
    });
  let count = answers.length;
  let message = make(count);
  while (message.length > room && count > 0) {
    count = Math.min(count - 1, Math.floor((count * room) / message.length));
    message = make(count);
  }
  return message;
}

function read(message: Buffer): (Packet & { opcode?: string }) | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** Seconds; short, because containers come and go. */
const TTL = 10;
/** What a TCP message can have. */
export const MAX_MESSAGE = 65_535;
/** What a UDP message has without EDNS (RFC 1035). */
export const PLAIN_UDP = 512;
const MAX_UDP = 4096;
/** Authoritative, recursion available. */
const FLAGS = 0x0480;
const RECURSION_DESIRED = 0x0100;
const TRUNCATED = 0x0200;
const RCODES: Record<string, number> = { NOERROR: 0, SERVFAIL: 2, NOTIMP: 4 };
