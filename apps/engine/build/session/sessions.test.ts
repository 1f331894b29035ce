import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildContext } from '../context/index.ts';
import { openBuildSessions } from './sessions.ts';

const released: string[] = [];
const contexts = {
  take: (id: string): BuildContext => {
    if (id === 'none') throw new Error('no such build context');
    return {
      entries: new Map(),
      received: 0,
      contentPath: () => '',
      resolve: () => undefined,
      release: () => void released.push(id),
    };
  },
};

let folder: string;
let sessions: ReturnType<typeof openBuildSessions>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-session-'));
  sessions = openBuildSessions(contexts);
  released.length = 0;
});
afterEach(() => {
  sessions.close();
  rmSync(folder, { recursive: true });
});

describe('a build session', () => {
  it('is taken once, with all that came in its body', () => {
    const { id } = sessions.open({
      context: 'main',
      namedContexts: { other: 'context:second', base: 'docker-image://debian:12' },
      secrets: { token: Buffer.from('s3cret').toString('base64') },
      noCacheFilter: ['build'],
    });
    const session = sessions.take(id);
    expect(session.secrets.get('token')?.toString()).toBe('s3cret');
    expect(session.namedContexts.get('base')).toBe('docker-image://debian:12');
    expect([session.noCacheFilter, session.progress, session.dockerfile]).toEqual([['build'], false, undefined]);
    expect(() => sessions.take(id)).toThrow('no such build session');
    const secret = session.secrets.get('token');
    session.close();
    expect(released).toEqual(['main', 'second']);
    expect(secret?.every((byte) => byte === 0)).toBe(true);
  });

  it('lets go of what it had when one of its contexts is not there', () => {
    const { id } = sessions.open({ context: 'main', namedContexts: { a: 'context:none' } });
    expect(() => sessions.take(id)).toThrow('no such build context');
    expect(released).toEqual(['main']);
  });

  it.each([
    ['an unknown member', { secret: {} }, '"secret" is not known'],
    ['a secret that is no text', { secrets: { a: 1 } }, '"secrets" must be an object of texts'],
    ['a name that is a path out', { secrets: { '../ x': '' } }, 'a name that cannot be one'],
    ['a list that is none', { ssh: 'default' }, '"ssh" must be a list of texts'],
    ['a flag that is none', { progress: 1 }, '"progress" must be true or false'],
  ])('is refused for %s', (_name, body, why) => {
    expect(() => sessions.open(body)).toThrow(why);
  });

  it('the number of those that wait has a bound', () => {
    for (let count = 0; count < 64; count++) sessions.open({});
    expect(() => sessions.open({})).toThrow('too many build sessions');
  });
});

describe('an SSH agent of a session', () => {
  /** The client's end: frames to sockets of `agent` and back, as a client of ours does it. */
  function clientEnd(agent: string, link: Duplex): void {
    const open = new Map<number, Socket>();
    let rest = Buffer.alloc(0);
    const send = (number: number, data: Buffer) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(number, 0);
      head.writeUInt32BE(data.length, 4);
      link.write(Buffer.concat([head, data]));
    };
    link.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const [number, length] = [rest.readUInt32BE(0), rest.readUInt32BE(4)];
        const data = rest.subarray(8, 8 + length);
        rest = rest.subarray(8 + length);
        let socket = open.get(number);
        if (!socket) {
          socket = connect(agent);
          open.set(number, socket);
          socket.on('data', (answer: Buffer) => send(number, answer)).on('error', () => undefined);
        }
        if (length === 0) socket.end();
        else socket.write(Buffer.from(data));
      }
    });
  }

  function pair(): [Duplex, Duplex] {
    const ends: Duplex[] = [];
    const make = (other: number) =>
      new Duplex({
        read: () => undefined,
        write(chunk: Buffer, _encoding, done) {
          ends[other]?.push(chunk);
          done();
        },
      });
    ends.push(make(1), make(0));
    return [ends[0]!, ends[1]!];
  }

  let agent: Server;
  afterEach(() => agent.close());

  it('answers on sockets of the engine, each connection for itself, until the session is closed', async () => {
    const path = join(folder, 'agent');
    agent = createServer((socket) => socket.on('data', (data) => socket.write(`answer to ${data}`)));
    await new Promise<void>((resolve) => agent.listen(path, resolve));
    const { id } = sessions.open({ ssh: ['default'] });
    expect(() => sessions.join(id, 'other')).toThrow('no SSH agent other');
    const [client, engine] = pair();
    clientEnd(path, client);
    sessions.join(id, 'default')(engine);
    const session = sessions.take(id);
    const stop = await session.ssh.get('default')?.listen(join(folder, 'inside'));

    const ask = (text: string) => {
      const socket = connect(join(folder, 'inside'));
      const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
      socket.write(text);
      return answer.finally(() => socket.destroy());
    };
    expect(await Promise.all([ask('one'), ask('two')])).toEqual(['answer to one', 'answer to two']);
    await stop?.();
    const left = connect(join(folder, 'inside'));
    await expect(new Promise((_, reject) => left.once('error', reject))).rejects.toThrow('ENOENT');
    session.close();
    await expect(session.ssh.get('default')?.listen(join(folder, 'again'))).rejects.toThrow('went away');
  });
});
