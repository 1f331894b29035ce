import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import { udpInNamespace } from '../../linux/namespace-sockets.ts';
import type { Sandbox } from '../model.ts';

/** Asks for a name as a container would: of the resolver, or of the first server of its resolv.conf. */
export async function lookUpFrom(
  namespacePath: string,
  sandbox: Sandbox,
  name: string,
): Promise<{ server: string; code: string; addresses: string[] }> {
  const server = sandbox.resolver ? '127.0.0.11' : (/^nameserver (\S+)/m.exec(sandbox.resolvConf ?? '')?.[1] ?? '');
  if (server === '') return { server: 'resolv.conf', code: 'it names no server', addresses: [] };
  const [four, six] = await Promise.all([
    ask(namespacePath, server, name, 'A'),
    ask(namespacePath, server, name, 'AAAA'),
  ]);
  const addresses = [...four.addresses, ...six.addresses];
  return { server, code: four.code, addresses };
}

async function ask(
  namespacePath: string,
  server: string,
  name: string,
  type: 'A' | 'AAAA',
): Promise<{ code: string; addresses: string[] }> {
  const family = server.includes(':') ? 6 : 4;
  const socket = createSocket(`udp${family}`);
  const id = randomInt(1 << 16);
  const { promise, resolve } = Promise.withResolvers<{ code: string; addresses: string[] }>();
  const timer = setTimeout(() => resolve({ code: 'no answer', addresses: [] }), PATIENCE_MS);
  socket.on('error', (error) => resolve({ code: error.message, addresses: [] }));
  socket.on('message', (message) => {
    try {
      const reply = decode(message);
      if (reply.id !== id) return;
      const code = CODES[message[3]! & 15] ?? `code ${message[3]! & 15}`;
      const addresses = (reply.answers ?? []).flatMap((one) => (one.type === type ? [one.data] : []));
      resolve({ code, addresses });
    } catch {
      // not an answer
    }
  });
  try {
    socket.bind({ fd: udpInNamespace(namespacePath, family), exclusive: true }, () => {
      socket.send(encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type, name }] }), 53, server);
    });
  } catch (error) {
    resolve({ code: error instanceof Error ? error.message : String(error), addresses: [] });
  }
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

const CODES: Record<number, string> = { 0: 'no record', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED' };
const RECURSION_DESIRED = 0x0100;
const PATIENCE_MS = 5000;
