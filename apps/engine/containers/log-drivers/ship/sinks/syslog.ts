import type { SyslogOptions } from '../../remote-options.ts';
import type { Message } from '../message.ts';
import type { Sender } from '../protocol.ts';
import { type DatagramSender, openUdp, openUnixDatagram } from './datagram.ts';
import type { Sink } from './sink.ts';
import { LogStream } from './stream.ts';
import { syslogMessage } from './syslog-format.ts';

/** Where the syslog of a host listens. */
const LOCAL = ['/dev/log', '/var/run/syslog', '/var/run/log'];

/** Errors: those of the connection. */
export async function connectSyslog(options: SyslogOptions, sender: Sender): Promise<Sink> {
  const { address } = options;
  const framed = address?.protocol === 'tls' && options.format.startsWith('rfc5424');
  const encode = (message: Message) => syslogMessage(message, options, sender, framed);
  if (!address) return connectLocal(encode);
  if (address.protocol === 'udp') return bySending(await openUdp(address), encode);
  if (address.protocol === 'unixgram') return bySending(openUnixDatagram(address.path), encode);
  return byWriting(await LogStream.connect(address, { tls: options.tls }), encode);
}

async function connectLocal(encode: (message: Message) => Buffer): Promise<Sink> {
  for (const path of LOCAL) {
    try {
      return bySending(openUnixDatagram(path), encode);
    } catch {
      // not this one
    }
    try {
      return byWriting(await LogStream.connect({ protocol: 'unix', path }), encode);
    } catch {
      // nor so
    }
  }
  throw new Error('Unix syslog delivery error: no syslog listens on this host');
}

function bySending(socket: DatagramSender, encode: (message: Message) => Buffer): Sink {
  return {
    async send(messages) {
      for (const message of messages) await socket.send(encode(message));
    },
    close: () => socket.close(),
  };
}

function byWriting(stream: LogStream, encode: (message: Message) => Buffer): Sink {
  return {
    send: (messages) => stream.write(Buffer.concat(messages.map(encode))),
    close: () => stream.close(),
  };
}
