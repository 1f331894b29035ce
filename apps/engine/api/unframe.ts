import { Duplex } from 'node:stream';

const HEAD = 8;

/**
 * Takes Docker's stream frames (8 bytes: stream, 0, 0, 0, length) away from what is written, and passes everything else
 * through in both directions: for clients that want the payload only.
 */
export function unframe(connection: Duplex): Duplex {
  let head: Buffer = Buffer.alloc(0);
  let payload = 0;
  const outer = new Duplex({
    allowHalfOpen: true,
    read: () => {
      connection.resume();
    },
    write: (chunk: Buffer, _encoding, done) => {
      const parts: Buffer[] = [];
      for (let at = 0; at < chunk.length; ) {
        if (payload === 0) {
          const missing = chunk.subarray(at, at + HEAD - head.length);
          head = Buffer.concat([head, missing]);
          at += missing.length;
          if (head.length < HEAD) break;
          payload = head.readUInt32BE(4);
          head = Buffer.alloc(0);
        } else {
          const part = chunk.subarray(at, at + payload);
          parts.push(part);
          payload -= part.length;
          at += part.length;
        }
      }
      if (parts.length === 0) done();
      else connection.write(Buffer.concat(parts), done);
    },
    final: (done) => {
      connection.end(() => done());
    },
    destroy: (error, done) => {
      connection.destroy(error ?? undefined);
      done(error);
    },
  });
  connection.on('data', (chunk: Buffer) => {
    if (!outer.push(chunk)) connection.pause();
  });
  connection.on('end', () => outer.push(null));
  connection.on('error', (error) => outer.destroy(error));
  connection.on('close', () => outer.destroy());
  return outer;
}
