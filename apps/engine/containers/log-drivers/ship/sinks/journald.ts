import { type Message, timeText } from '../message.ts';
import type { Sender } from '../protocol.ts';
import { openUnixDatagram } from './datagram.ts';
import type { Sink } from './sink.ts';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';
const INFORMATIONAL = '6';
const ERROR = '3';
/** Fields that a label of an image must not pass for. */
const OURS = /^(MESSAGE|PRIORITY|IMAGE_NAME|SYSLOG_\w+|CONTAINER_(ID|ID_FULL|NAME|TAG|PARTIAL_\w+))$/;

/** systemd's journal, by its native protocol. Errors: the journal does not run on this host. */
export function connectJournald(sender: Sender): Sink {
  const socket = open();
  const fields = fieldsOf(sender);
  return {
    async send(messages) {
      for (const message of messages) await socket.send(encode(message, fields));
    },
    close: () => socket.close(),
  };
}

function open() {
  try {
    return openUnixDatagram(JOURNAL_SOCKET);
  } catch (cause) {
    throw new Error(`journald is not enabled on this host: ${JOURNAL_SOCKET} cannot be reached`, { cause });
  }
}

function fieldsOf(sender: Sender): Buffer {
  const fields: [string, string][] = [
    ['CONTAINER_ID', sender.id.slice(0, 12)],
    ['CONTAINER_ID_FULL', sender.id],
    ['CONTAINER_NAME', sender.name],
    ['CONTAINER_TAG', sender.tag],
    ['IMAGE_NAME', sender.imageName],
    ['SYSLOG_IDENTIFIER', sender.tag],
  ];
  const extra = sender.attributes
    .map(([name, value]): [string, string] => [fieldName(name), value])
    .filter(([name]) => name !== '' && !OURS.test(name));
  return Buffer.concat([...fields, ...extra].map(([name, value]) => field(name, Buffer.from(value))));
}

function encode(message: Message, fields: Buffer): Buffer {
  const own: [string, string][] = [
    ['PRIORITY', message.stderr ? ERROR : INFORMATIONAL],
    ['SYSLOG_TIMESTAMP', timeText(message)],
  ];
  if (message.part) {
    own.push(['CONTAINER_PARTIAL_ID', message.part.id], ['CONTAINER_PARTIAL_ORDINAL', String(message.part.ordinal)]);
    own.push(['CONTAINER_PARTIAL_LAST', String(message.part.last)]);
    if (!message.part.last) own.push(['CONTAINER_PARTIAL_MESSAGE', 'true']);
  }
  return Buffer.concat([
    field('MESSAGE', message.line),
    ...own.map(([name, value]) => field(name, Buffer.from(value))),
    fields,
  ]);
}

/** `NAME=VALUE`, or with its length where the value has newlines. */
function field(name: string, value: Buffer): Buffer {
  if (!value.includes(10)) return Buffer.concat([Buffer.from(`${name}=`), value, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')]);
}

/** The journal's names are of upper-case letters, digits and underscores, and do not begin with one. */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '');
}
