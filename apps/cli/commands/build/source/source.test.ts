import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTarFile, TAR_END } from '@berth/oci/tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../../../tests/support/fake-engine.ts';
import { type GitServer, startGitServer, startGitWeb } from '../../../../../tests/support/git.ts';
import { runBerth } from '../../../../../tests/support/side-by-side.ts';
import { readEntries } from '../../../../../tests/support/tar.ts';
import { openHashCache } from './hash-cache.ts';
import { NO_RULES } from './ignore-rules.ts';
import { readSource } from './read-file.ts';
import { contextTar } from './send-tar.ts';
import { walkContext } from './walk.ts';

let folder: string;
let engine: FakeEngine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-source-'));
  engine = await startFakeEngine({ 'POST /build': { text: '' } });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const built = async (...args: string[]) => {
  engine.seen.length = 0;
  const outcome = await runBerth(engine, ['build', '--progress=classic', ...args]);
  return {
    ...outcome,
    files: readEntries(engine.seen.at(-1)?.body ?? Buffer.alloc(0)),
    query: engine.seen.at(-1)?.query,
  };
};

describe('hostile contexts', () => {
  let hostile: string;
  beforeAll(() => {
    hostile = join(folder, 'hostile');
    mkdirSync(hostile);
  });

  it('links stay links, sockets are passed over, further names are hard links, holes are kept whole', async () => {
    writeFileSync(join(hostile, 'a'), 'text');
    linkSync(join(hostile, 'a'), join(hostile, 'b'));
    symlinkSync('/etc/shadow', join(hostile, 'c'));
    const socket = createSocket().listen(join(hostile, 'd'));
    await new Promise((resolve) => socket.once('listening', resolve));
    const found = walkContext(hostile, { rules: NO_RULES });
    socket.close();
    expect(found.map(({ path, type, link }) => [path, type, link])).toEqual([
      ['a', 'file', undefined],
      ['b', 'file', undefined],
      ['c', 'symlink', '/etc/shadow'],
    ]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of contextTar(found)) chunks.push(chunk);
    expect(readEntries(Buffer.concat(chunks)).map(({ path, type, link }) => [path, type, link])).toEqual([
      ['a', 'file', ''],
      ['b', 'hardlink', 'a'],
      ['c', 'symlink', '/etc/shadow'],
    ]);
  });

  it('a file that changes while it is read is an error that names it', () => {
    writeFileSync(join(hostile, 'grows'), 'x'.repeat(10));
    const [grows = expect.fail('grows')] = walkContext(hostile, { rules: NO_RULES }).filter(
      ({ path }) => path === 'grows',
    );
    writeFileSync(join(hostile, 'grows'), 'x'.repeat(5));
    expect(() => [...readSource(grows)]).toThrow(
      'cannot send the build context: grows changed while it was being read',
    );
    rmSync(join(hostile, 'grows'));
    symlinkSync('/etc/passwd', join(hostile, 'grows'));
    expect(() => [...readSource(grows)]).toThrow('grows changed');
    rmSync(join(hostile, 'grows'));
    expect(() => [...readSource(grows)]).toThrow('grows changed');
  });

  it('a name that is no text stops the build, and is not left out silently', () => {
    const odd = join(folder, 'odd');
    mkdirSync(odd);
    writeFileSync(Buffer.concat([Buffer.from(`${odd}/a`), Buffer.from([0xff])]), '');
    expect(() => walkContext(odd, { rules: NO_RULES })).toThrow('the name "a\ufffd" is not UTF-8');
  });

  it('names of any length and any letters come through', async () => {
    const name = `${'ü'.repeat(100)} \n"\\`;
    const deep = join(hostile, ...Array.from({ length: 12 }, () => 'd'.repeat(100)));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(hostile, name), '1');
    writeFileSync(join(deep, 'x'), '2');
    writeFileSync(join(hostile, 'Dockerfile'), 'FROM scratch\n');
    const { files } = await built(hostile);
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining([name, expect.stringMatching(/^(d{100}\/){12}x$/)]),
    );
  });

  it.skipIf(process.getuid?.() === 0 && !process.setegid)(
    'what may not be read stops the build before anything is sent',
    () => {
      const secret = join(hostile, 'secret');
      writeFileSync(secret, 'x');
      chmodSync(secret, 0);
      const asNobody = <T>(work: () => T): T => {
        if (process.getuid?.() !== 0) return work();
        process.seteuid?.(65534);
        try {
          return work();
        } finally {
          process.seteuid?.(0);
        }
      };
      chmodSync(folder, 0o755);
      const [file = expect.fail('secret')] = walkContext(hostile, { rules: NO_RULES }).filter(
        ({ path }) => path === 'secret',
      );
      expect(() => asNobody(() => [...readSource(file)])).toThrow(
        `error checking context: no permission to read from '${secret}'`,
      );
    },
  );
});

describe('digests of files', () => {
  it('are kept by inode, size and times, and files that just changed are read again', async () => {
    const root = join(folder, 'hashes');
    mkdirSync(root);
    const cache = join(folder, 'cache');
    const path = join(root, 'a');
    writeFileSync(path, 'one');
    const digest = (later = 0) => {
      const open = openHashCache(cache, root, () => Date.now() + later);
      const [file = expect.fail('a')] = walkContext(root, { rules: NO_RULES });
      const found = open.digest(file);
      open.save();
      return found;
    };
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(digest()).toBe(sha('one'));
    expect(existsSync(join(cache, 'contexts'))).toBe(false);
    expect(digest(10_000)).toBe(sha('one'));
    const [name = ''] = readdirSync(join(cache, 'contexts'));
    const kept = join(cache, 'contexts', name);
    writeFileSync(kept, readFileSync(kept, 'utf8').replace(sha('one'), 'f'.repeat(64)));
    expect(digest()).toBe('f'.repeat(64));
    writeFileSync(path, 'two');
    expect(digest()).toBe(sha('two'));
    writeFileSync(kept, '{');
    expect(digest()).toBe(sha('two'));
  });
});

describe('contexts from elsewhere', () => {
  let git: GitServer;
  let web: Server;
  let url: string;
  beforeAll(async () => {
    git = await startGitServer();
    const { folder: repository, git: run, publish } = git.repository('app');
    mkdirSync(join(repository, 'sub'));
    writeFileSync(join(repository, 'sub/Dockerfile'), 'FROM scratch\n');
    writeFileSync(join(repository, 'sub/file'), '1');
    symlinkSync('/etc/passwd', join(repository, 'Dockerfile'));
    run('add', '.');
    run('commit', '-qm', 'one');
    publish();
    const tar = Buffer.concat([encodeTarFile({ name: 'Dockerfile' }, Buffer.from('FROM scratch\n')), TAR_END]);
    writeFileSync(join(folder, 'context.tar'), tar);
    web = createServer((request, response) => {
      if (request.url === '/context.tar') response.end(tar);
      else if (request.url === '/Dockerfile') response.end('FROM scratch\n');
      else response.writeHead(404).end('gone');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const address = web.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  });
  afterAll(async () => {
    web.close();
    await git[Symbol.asyncDispose]();
  });

  it('a directory of a Git repository', async () => {
    const { files, query } = await built(`${git.url('app')}#main:sub`);
    expect(files.map(({ path }) => path)).toEqual(['Dockerfile', 'file']);
    expect(query?.dockerfile).toBe('Dockerfile');
  });

  it('a link in a repository makes no file of this machine the Dockerfile, nor a directory of it the context', async () => {
    expect((await built(git.url('app'))).stderr).toContain(
      'the Dockerfile (Dockerfile) must be within the build context',
    );
    expect((await built(`${git.url('app')}#main:nope`)).stderr).toContain('no such directory: nope');
    expect((await built(`${git.url('app')}#main:../..`)).stderr).toContain('is outside of the repository');
    expect((await built(`${git.url('app')}#--upload-pack=x`)).stderr).toContain('invalid refspec');
    expect(engine.seen).toEqual([]);
  });

  it('a token in the address is used, and is in none of the files', async () => {
    await using guarded = await startGitWeb(git.served, 'me:TOKEN-4711');
    expect((await built(`${guarded.url('app')}#main:sub`)).stderr).toContain('error fetching');
    const keep = ['--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', '-f', 'sub/Dockerfile'];
    const outcome = await built(guarded.url('app', 'me:TOKEN-4711'), ...keep);
    expect(outcome.files.map(({ path }) => path)).toContain('.git/config');
    const body = engine.seen.at(-1)?.body ?? Buffer.alloc(0);
    expect(body.includes(guarded.url('app'))).toBe(true);
    expect(body.includes('TOKEN')).toBe(false);
  });

  it('an archive or a Dockerfile of a web server', async () => {
    expect((await built(`${url}/context.tar`)).files.map(({ path }) => path)).toEqual(['Dockerfile']);
    expect((await built(`${url}/Dockerfile`)).files.map(({ path }) => path)).toEqual(['Dockerfile']);
    const { code, stderr } = await built(`${url}/nope`);
    expect([code, stderr]).toEqual([
      1,
      `unable to prepare context: unable to download remote context ${url}/nope: failed to GET ${url}/nope with status 404 Not Found: gone\n`,
    ]);
  });

  it('an archive that is a file here', async () => {
    const { files, query } = await built('-f', 'other/Dockerfile', join(folder, 'context.tar'));
    expect([files.map(({ path }) => path), query?.dockerfile]).toEqual([['Dockerfile'], 'other/Dockerfile']);
  });
});
