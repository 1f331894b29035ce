import net from 'node:net';

/** A connection that an engine gave away: attach and exec. */
export interface Hijacked {
  status: number;
  /** Head of the answer, in lower case. */
  head: string;
  /** What came so far. */
  received(): Buffer;
  /** Writes and resolves when the kernel took it. */
  write(data: string | Buffer): Promise<void>;
  /** Ends our direction; the other goes on. */
  end(): void;
  destroy(): void;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Resolves when the text has come, raw or in frames; rejects when the connection closes before. */
  until(text: string | RegExp): Promise<void>;
  /** Everything, when the engine has closed its direction. */
  ended: Promise<Buffer>;
}

/** Sends a request that switches to a raw stream and resolves when the head of its answer is here. */
export async function hijack(engine: { socket: string }, path: string, body?: object): Promise<Hijacked> {
  const socket = net.connect({ path: engine.socket, allowHalfOpen: true });
  const payload = body === undefined ? '' : JSON.stringify(body);
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      'Host: docker',
      'Connection: Upgrade',
      'Upgrade: tcp',
      ...(body === undefined ? [] : ['Content-Type: application/json']),
      `Content-Length: ${Buffer.byteLength(payload)}`,
      '',
      payload,
    ].join('\r\n'),
  );
  const chunks: Buffer[] = [];
  const watchers = new Set<() => void>();
  const head = await readHead(socket, chunks);
  const received = () => Buffer.concat(chunks);
  let over = false;
  const ended = new Promise<Buffer>((resolve) => {
    const finish = () => {
      over = true;
      for (const look of watchers) look();
      resolve(received());
    };
    socket.once('end', finish);
    socket.once('close', finish);
  });
  socket.on('error', () => {}); // told by `close`
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    for (const look of watchers) look();
  });
  socket.resume();
  return {
    status: Number(/^http\/1\.1 (\d+)/.exec(head)?.[1]),
    head,
    received,
    write: (data) =>
      new Promise((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve()))),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const now = received().toString('latin1');
          const found = typeof text === 'string' ? now.includes(text) : text.test(now);
          if (!found && !over) return;
          watchers.delete(look);
          if (found) resolve();
          else reject(new Error(`the stream ended without ${text}: ${JSON.stringify(now.slice(-2000))}`));
        };
        watchers.add(look);
        look();
      }),
    ended,
  };
}

/** What comes after the head stays in `rest`. */
function readHead(socket: net.Socket, rest: Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      rest.push(chunk);
      const all = Buffer.concat(rest);
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      socket.off('error', reject);
      socket.pause();
      rest.splice(0, rest.length, all.subarray(end + 4));
      resolve(all.subarray(0, end).toString().toLowerCase());
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`no head of an answer came: ${Buffer.concat(rest)}`)));
  });
}

/** stdout and stderr out of Docker's frames, as bytes; a frame that is cut short is left out. */
export function unframe(bytes: Buffer): { stdout: Buffer; stderr: Buffer } {
  const streams: [Buffer[], Buffer[]] = [[], []];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes[at] !== 1 && bytes[at] !== 2) throw new Error(`frame ${at} is of stream ${bytes[at]}`);
    streams[bytes[at]! - 1]!.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { stdout: Buffer.concat(streams[0]), stderr: Buffer.concat(streams[1]) };
}
