import { createSocket, type Socket as Datagram } from 'node:dgram';
import net from 'node:net';
import { decode, encode } from 'dns-packet';
import { answerCalls } from './rpc.ts';

const asked: string[] = [];

/** A machine in the test's little world: serves and connects in its namespace. */
const peer = {
  /** Answers every connection with `NAME ADDRESS` of the client and closes it. */
  serveTcp: async (port: number, name: string): Promise<void> => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}`);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen(port, '::', resolve);
    await promise;
  },

  /** Sends every connection's bytes back, also after the client has ended its side. */
  serveEcho: async (port: number): Promise<void> => {
    const server = net.createServer(
      { allowHalfOpen: true },
      (socket) => void socket.on('error', () => undefined).pipe(socket),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port, '::', resolve);
    await promise;
  },

  serveUdp: async (port: number, name: string): Promise<void> => {
    const socket = createSocket('udp6'); // and IPv4
    socket.on('message', (data, from) =>
      socket.send(`${name} ${from.address.replace('::ffff:', '')} ${data}`, from.port, from.address),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.bind(port, resolve);
    await promise;
  },

  /** What a server says; the error code when there is none; `timeout` after `milliseconds` of silence. */
  tcp: (address: string, port: number, milliseconds: number): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = net.connect(port, address);
    let said = '';
    socket.setTimeout(milliseconds, () => resolve('timeout'));
    socket.setEncoding('utf8').on('data', (text) => (said += text));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('end', () => resolve(said));
    return promise.finally(() => socket.destroy());
  },

  /** Sends many bytes, ends its side, and gives the number of those that come back. */
  echo: (address: string, port: number, bytes: number): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    let count = 0;
    const socket = net.connect({ port, host: address, allowHalfOpen: true });
    socket
      .on('data', (data) => (count += data.length))
      .on('end', () => resolve(count))
      .on('error', reject);
    socket.end(Buffer.alloc(bytes, 7));
    return promise.finally(() => socket.destroy());
  },

  /** Asks with one datagram per word, from one port, and gives the answers; `timeout` for each that stays away. */
  udp: async (
    address: string,
    port: number,
    words: string[],
    milliseconds: number,
    localPort = 0,
  ): Promise<string[]> => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const bound = Promise.withResolvers<void>();
    socket.bind(localPort, bound.resolve);
    await bound.promise;
    const answers: string[] = [];
    for (const word of words) answers.push(await ask(socket, word, port, address, milliseconds));
    socket.close();
    return answers;
  },

  /** A name server that has no name; keeps what it was asked. */
  serveNothing: async (address: string): Promise<void> => {
    const refuse = (message: Buffer) => {
      asked.push(
        decode(message)
          .questions?.map(({ name, type }) => `${type} ${name}`)
          .join() ?? '',
      );
      const reply = Buffer.from(message);
      reply[2] = reply[2]! | 0x80;
      reply[3] = 0x83; // NXDOMAIN
      return reply;
    };
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    udp.on('message', (message, from) => udp.send(refuse(message), from.port, from.address));
    const bound = Promise.withResolvers<void>();
    udp.bind(53, address, bound.resolve);
    await bound.promise;
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data: Buffer) => socket.end(Buffer.concat([data.subarray(0, 2), refuse(data.subarray(2))])));
    });
    const listening = Promise.withResolvers<void>();
    server.listen(53, address, listening.resolve);
    await listening.promise;
  },
  asked: () => asked.splice(0),

  /** Asks a name server: its code and the addresses that it gave; `timeout` after two seconds. */
  dns: async (server: string, name: string, type: 'A' | 'AAAA' | 'TXT' | 'MX', tcp = false): Promise<string> => {
    const query = encode({ type: 'query', id: 7, flags: 0x100, questions: [{ type, name }] });
    const { promise, resolve } = Promise.withResolvers<string>();
    const show = (message: Buffer) => {
      const { answers = [] } = decode(message);
      const data = answers.map((answer) => ('data' in answer ? String(answer.data) : ''));
      resolve([`code ${message[3]! & 15}`, ...data].join(' '));
    };
    const timer = setTimeout(() => resolve('timeout'), 2000);
    if (tcp) {
      const socket = net.connect(53, server, () => socket.write(Buffer.concat([Buffer.of(0, query.length), query])));
      socket.on('data', (data: Buffer) => show(data.subarray(2)));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      return promise.finally(() => socket.destroy());
    }
    const socket = createSocket('udp4');
    socket.on('message', show);
    socket.send(query, 53, server);
    return promise.finally(() => {
      clearTimeout(timer);
      socket.close();
    });
  },

  /** Keeps a port as some program of the host would; gives the error code when that fails. */
  listen: async (port: number, address: string): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    net
      .createServer()
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      .listen(port, address, () => resolve('listening'));
    return promise;
  },
};

export type Peer = typeof peer;

function ask(socket: Datagram, word: string, port: number, address: string, milliseconds: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve('timeout'), milliseconds);
  socket.once('message', (data) => resolve(String(data)));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.send(word, port, address);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.removeAllListeners('message').removeAllListeners('error');
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) answerCalls(peer);
