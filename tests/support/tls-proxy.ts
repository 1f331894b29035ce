import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificates } from './certificates.ts';

/** A TLS front for a unix socket on a port of loopback; asks clients for a certificate of the same CA. */
export interface TlsProxy extends AsyncDisposable {
  port: number;
}

/** Passes bytes both ways and half-closes too, so that what is behind it sees what the client does. */
export async function startTlsProxy(socketPath: string, certificates: Certificates): Promise<TlsProxy> {
  const open = new Set<Socket>();
  const server = createServer(
    {
      ca: readFileSync(certificates.ca),
      cert: readFileSync(certificates.serverCert),
      key: readFileSync(certificates.serverKey),
      requestCert: true,
      rejectUnauthorized: true,
      allowHalfOpen: true,
    },
    (secure) => {
      const plain = connect({ path: socketPath, allowHalfOpen: true });
      for (const socket of [secure, plain]) {
        open.add(socket);
        socket.on('close', () => open.delete(socket));
        socket.on('error', () => {
          secure.destroy();
          plain.destroy();
        });
      }
      secure.pipe(plain);
      plain.pipe(secure);
    },
  );
  // Also those whose handshake failed: a server only closes when all are gone.
  server.on('connection', (raw: Socket) => {
    open.add(raw);
    raw.on('close', () => open.delete(raw));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
