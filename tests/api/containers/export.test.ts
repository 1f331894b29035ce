import { type TarEntry, type TarEntryInit, TarParser } from '@berth/oci';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOf } from '../../kernel/images/unpacking.ts';
import { type Containers, startContainers } from '../../support/containers.ts';

let containers: Containers;
beforeAll(async () => {
  containers = await startContainers();
});
afterAll(() => containers?.engine.stop());

const mtime = 1_600_000_000_123_456_789n;
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
/** Everything that archives can say of files. */
const FILES: (TarEntryInit & { content?: string | Buffer })[] = [
  { name: 'all/', type: 'directory', mode: 0o3751, uid: 7, gid: 8, mtime },
  { name: 'all/plain', type: 'file', content: 'content', mode: 0o640, uid: 1234, gid: 5678, mtime },
  { name: 'all/again', type: 'hardlink', linkName: 'all/plain' },
  { name: 'all/setuid', type: 'file', content: 'x', mode: 0o6755, mtime },
  {
    name: 'all/capable',
    type: 'file',
    content: '#!',
    mode: 0o755,
    mtime,
    xattrs: new Map([
      ['security.capability', capability],
      ['user.note', Buffer.from([0, 1, 255, 10])],
    ]),
  },
  { name: 'all/link', type: 'symlink', linkName: '../nowhere', uid: 9, gid: 9, mtime },
  { name: 'all/null', type: 'char', deviceMajor: 1, deviceMinor: 3, mode: 0o666, mtime },
  { name: 'all/disk', type: 'block', deviceMajor: 4095, deviceMinor: 1_000_000, mode: 0o600, mtime },
  { name: 'all/pipe', type: 'fifo', mode: 0o622, mtime },
  { name: Buffer.from('616c6c2ffffe2f', 'hex'), type: 'directory', mode: 0o700, mtime },
  { name: Buffer.from([...Buffer.from('all/'), 0xe9, 0x0a, 0x09]), type: 'file', content: 'latin1', mtime },
  { name: `all/${'long/'.repeat(60)}`, type: 'directory', mode: 0o755, mtime },
  { name: `all/${'n'.repeat(255)}`, type: 'symlink', linkName: 't'.repeat(300), mtime },
  { name: 'all/empty', type: 'file', mtime: -1_500_000_001n },
  { name: 'all/sparse', type: 'file', content: Buffer.concat([Buffer.alloc(8 << 20), Buffer.from('end')]), mtime },
];

function read(archive: Buffer): Map<string, { entry: TarEntry; content: Buffer }> {
  const parser = new TarParser();
  const found = new Map<string, { entry: TarEntry; content: Buffer }>();
  let last: { entry: TarEntry; content: Buffer } | undefined;
  for (const event of parser.push(archive)) {
    if (event.kind === 'entry') {
      last = { entry: event.entry, content: Buffer.alloc(event.entry.size) };
      found.set(event.entry.name.toString('latin1'), last);
    } else if (event.kind === 'data') event.data.copy(last!.content, event.position);
  }
  parser.finish();
  return found;
}

async function exported(id: string): Promise<Buffer> {
  const answer = await containers.ask('GET', `/containers/${id}/export`);
  expect(answer.headers['content-type']).toBe('application/octet-stream');
  return answer.body;
}

test('export and import give back every file bit by bit', async () => {
  const id = await containers.create(['true']);
  const put = await containers.engine.request('PUT', `/containers/${id}/archive?path=/`, { body: archiveOf(FILES) });
  expect(put.text).toBe('');
  const first = await exported(id);
  const files = read(first);
  for (const { name, content, ...wanted } of FILES) {
    const key = Buffer.from(name).toString('latin1');
    const got = files.get(key);
    expect(got, key).toBeDefined();
    if (wanted.type === 'hardlink' || key === 'all/plain') continue;
    const { entry } = got!;
    expect({ ...entry, name: key, linkName: entry.linkName.toString() }, key).toMatchObject({
      type: wanted.type,
      uid: wanted.uid ?? 0,
      gid: wanted.gid ?? 0,
      mtime: wanted.mtime,
      linkName: String(wanted.linkName ?? ''),
      deviceMajor: wanted.deviceMajor ?? 0,
      deviceMinor: wanted.deviceMinor ?? 0,
      xattrs: wanted.xattrs ?? new Map(),
      ...(wanted.mode === undefined ? {} : { mode: wanted.mode }),
    });
    if (content !== undefined) expect(got!.content.equals(Buffer.from(content)), key).toBe(true);
  }
  // Names are in order: the first of two is the file, the other the link.
  expect(files.get('all/again')).toMatchObject({ content: Buffer.from('content'), entry: { mode: 0o640, mtime } });
  expect(files.get('all/plain')?.entry).toMatchObject({ type: 'hardlink', linkName: Buffer.from('all/again') });

  const imported = await containers.engine.request('POST', '/images/create?fromSrc=-&repo=again&tag=1', {
    body: first,
  });
  expect(imported.text).not.toContain('error');
  const twin = await containers.create(['true'], { Image: 'again:1' });
  expect((await exported(twin)).equals(first)).toBe(true);

  await containers.ask('POST', `/commit?container=${id}&repo=committed`);
  const third = await containers.create(['true'], { Image: 'committed:latest' });
  expect((await exported(third)).equals(first)).toBe(true);
});

test('what was sparse is sparse again', async () => {
  const id = await containers.create(['sleep', '1000']);
  const body = archiveOf([
    { name: 's', type: 'file', content: Buffer.concat([Buffer.alloc(16 << 20), Buffer.from('x')]) },
  ]);
  await containers.engine.request('PUT', `/containers/${id}/archive?path=/`, { body });
  await containers.start(id);
  const { stdout } = await containers.exec(id, ['sh', '-c', 'stat -c %s /s; du -k /s']);
  const [size, used] = stdout.split('\n');
  expect(Number(size)).toBe((16 << 20) + 1);
  expect(Number.parseInt(used ?? '', 10)).toBeLessThan(1024);
});

test('of a running container, without what is mounted in it; events', async () => {
  const id = await containers.begin(['sh', '-c', 'echo in > /in; echo t > /t/x; exec sleep 1000'], {
    HostConfig: { Tmpfs: { '/t': '' }, Binds: ['/etc:/host:ro'] },
  });
  await containers.exec(id, ['sh', '-c', 'until [ -e /t/x ]; do :; done']);
  const names = [...read(await exported(id)).keys()];
  expect(names).toContain('in');
  expect(names.filter((name) => /^(t|host|proc|sys)\/./.test(name))).toEqual([]);
  expect(await containers.events(id)).toContain('export');
  expect(await containers.refusal('GET', '/containers/nobody/export')).toBe('404 No such container: nobody');
});
