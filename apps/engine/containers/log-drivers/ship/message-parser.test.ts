import { expect, test } from 'vitest';
import { LONGEST_LINE, type Message, timeText } from './message.ts';
import { MessageParser } from './message-parser.ts';
import { syslogMessage } from './sinks/syslog-format.ts';

const entry = (bytes: string, tag = 'F', stream = 'stdout', time = '2026-01-02T03:04:05.120000000+00:00') =>
  `${time} ${stream} ${tag} ${bytes}\n`;
/** Feeds a log in pieces of so many bytes, as LogTail does. */
function parseAll(log: string, size: number, parser = new MessageParser()): Message[] {
  const messages: Message[] = [];
  let rest = Buffer.alloc(0);
  for (let at = 0; at < log.length; at += size) {
    const buffer = Buffer.concat([rest, Buffer.from(log.slice(at, at + size), 'latin1')]);
    const { output, rest: left } = parser.parse(buffer, 0, buffer.length);
    messages.push(...output);
    rest = Buffer.from(buffer.subarray(buffer.length - left));
  }
  return messages;
}
const show = (messages: Message[]) =>
  messages.map(
    ({ stderr, line, part }) => `${stderr ? 'E' : 'O'}${part ? `${part.ordinal}${part.last ? '!' : ''}` : ''} ${line}`,
  );

test.each([1, 7, 46, 100, 10_000])('messages, whatever the reads are: %i bytes', (size) => {
  const log =
    entry('one') + entry('t', 'P') + entry('err', 'F', 'stderr') + entry('wo') + entry('') + entry('open', 'P');
  const parser = new MessageParser();
  const messages = parseAll(log, size, parser);
  expect(show(messages)).toEqual(['O one', 'E err', 'O two', 'O ']);
  expect(timeText(messages[0]!)).toBe('2026-01-02T03:04:05.12Z');
  expect(show(parser.flush())).toEqual(['O open']);
  expect(parser.flush()).toEqual([]);
});

test('a line begun is taken over by the next parser, part numbers included', () => {
  const long = 'x'.repeat(8192);
  const first = new MessageParser();
  const before = parseAll(
    entry(long, 'P') + entry(long, 'P') + entry('yy', 'P') + entry('e', 'P', 'stderr'),
    5000,
    first,
  );
  expect(before.map(({ line, part }) => [line.length, part?.ordinal, part?.last])).toEqual([[LONGEST_LINE, 1, false]]);
  const begun = JSON.parse(JSON.stringify(first.begun)) as typeof first.begun;
  const after = parseAll(entry('zz') + entry('f', 'F', 'stderr'), 5000, new MessageParser(begun));
  expect(show(after)).toEqual(['O2! yyzz', 'E ef']);
  expect(after[0]!.part!.id).toBe(before[0]!.part!.id);
});

test('damaged entries are left out', () => {
  expect(
    show(
      parseAll(
        `${'\0'.repeat(500)}garbage\n${entry('a')}no entry at all, but long enough to look like one\n${entry('b')}`,
        64,
      ),
    ),
  ).toEqual(['O a', 'O b']);
});

test('syslog messages', () => {
  const [message] = parseAll(entry('text', 'F', 'stderr'), 1000);
  const sender = { tag: 'tag', hostname: 'host', pid: 7 };
  const date = new Date('2026-01-02T03:04:05Z');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
  expect(syslogMessage(message!, { format: 'unix', facility: 1 }, sender, false).toString()).toBe(
    `<11>Jan ${String(date.getDate()).padStart(2)} ${clock} tag[7]: text\n`,
  );
  const framed = syslogMessage(message!, { format: 'rfc5424micro', facility: 3 }, sender, true).toString();
  const [, length, rest] = /^(\d+) (.*)$/s.exec(framed) ?? [];
  expect(rest).toHaveLength(Number(length));
  expect(rest).toMatch(/^<27>1 2026-01-0[12]T[\d:]{8}\.12(Z|[+-]\d\d:\d\d) host tag 7 tag - text\n$/);
});
