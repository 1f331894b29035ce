// COPY, ADD and WORKDIR: what ends up where, with which owner and mode; seen from inside the image that was built.
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { type TarEntry, tar } from '../../support/tar.ts';

let c: Containers;
let server: Server;
beforeAll(async () => {
  c = await startContainers();
  server = createServer((request, response) => {
    response.setHeader('Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT');
    if (request.url === '/context.tar')
      response.end(
        tar([
          { path: 'Dockerfile', content: 'FROM busybox:test\nCOPY f /f\n' },
          { path: 'f', content: 'fetched' },
        ]),
      );
    else if (request.url === '/Dockerfile') response.end('FROM busybox:test\nRUN echo alone > /f\n');
    else response.end(`served ${request.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await c.engine.stop();
});

let serial = 0;
/** Builds, then runs a script in the image. */
async function built(dockerfile: string, files: Record<string, string | TarEntry>, script: string): Promise<string> {
  const tag = `copy:${serial++}`;
  const outcome = await build(c, { Dockerfile: `FROM busybox:test\n${dockerfile}\n`, ...files }, { t: tag });
  expect(outcome.error).toBeUndefined();
  return c.sh(script, { Image: tag });
}

const TREE = 'cd / && find $0 | sort | while read f; do stat -c "%A %u:%g %n" "$f"; done';
const tree = (path: string) => TREE.replace('$0', path);

describe('COPY', () => {
  test('COPY/semantics, COPY/rule-5: a directory is copied by its content, with modes and links, owned by root', async () => {
    const files: Record<string, TarEntry> = {
      a: { path: 'src/bin/tool', content: '#!', mode: 0o755, uid: 1000, gid: 1000 },
      b: { path: 'src/link', link: 'bin/tool' },
      c: { path: 'src/empty', mode: 0o700 },
    };
    expect(await built('COPY src /d', files, tree('/d'))).toBe(
      [
        'drwxr-xr-x 0:0 /d',
        'drwxr-xr-x 0:0 /d/bin',
        '-rwxr-xr-x 0:0 /d/bin/tool',
        'drwx------ 0:0 /d/empty',
        'lrwxrwxrwx 0:0 /d/link',
      ].join('\n'),
    );
  });

  test.each([
    ['a file to a name', 'COPY a /x/y', '/x/y'],
    ['a file into a directory that is there', 'RUN mkdir /x\nCOPY a /x', '/x/a'],
    ['a file into a directory that is not', 'COPY a /x/', '/x/a'],
    ['below the working directory', 'WORKDIR /w\nCOPY a b', '/w/b'],
    ['a pattern', 'COPY [ab] /x/', '/x/a'],
    ['a source that leads out of the context', 'COPY ../../a /x', '/x'],
    ['through a link of the image', 'RUN mkdir /real && ln -s real /ln\nCOPY a /ln/', '/real/a'],
    ['a variable', 'ARG N=a\nCOPY $N /x', '/x'],
    ['through a link in the image that leads nowhere', 'RUN ln -s /../../nowhere /ln\nCOPY a /ln/', '/nowhere/a'],
  ])('COPY/rule-1, COPY/rule-2, COPY/rule-3, COPY/rule-4: %s', async (_, dockerfile, place) => {
    expect(await built(dockerfile, { a: 'content of a', b: 'b' }, `cat ${place}`)).toBe('content of a');
  });

  test('COPY/--chown: owners by name, by number and by the group of the user', async () => {
    const script = 'stat -c %u:%g /1 /2 /3 /4 /n/d/f /n/d';
    const dockerfile = [
      'COPY --chown=nobody f /1',
      'COPY --chown=7 f /2',
      'COPY --chown=7:8 f /3',
      'COPY --chown=root:nogroup f /4',
      'COPY --chown=nobody f /n/d/',
    ].join('\n');
    expect(await built(dockerfile, { f: 'x' }, script)).toBe(
      ['65534:65534', '7:7', '7:8', '0:65534', '65534:65534', '65534:65534'].join('\n'),
    );
  });

  test('an owner that the image does not know', async () => {
    const outcome = await build(c, { Dockerfile: 'FROM busybox:test\nCOPY --chown=who f /', f: 'x' });
    expect(outcome.error).toContain('unable to find user who');
  });

  test('COPY/--chmod: modes, octal and symbolic', async () => {
    const dockerfile = 'COPY --chmod=4711 f /1\nCOPY --chmod=u=rwX,go=rX d /2\nCOPY --chmod=+x f /3';
    const files: Record<string, string | TarEntry> = {
      f: 'x',
      'd/plain': { path: 'd/plain', content: 'x', mode: 0o600 },
    };
    expect(await built(dockerfile, files, 'stat -c %a /1 /2 /2/plain /3')).toBe('4711\n755\n644\n755');
  });

  test('COPY/--parents, COPY/--exclude: and **', async () => {
    const files = { 'a/b/x.txt': '1', 'a/b/y.md': '2', 'a/z.txt': '3' };
    expect(await built('COPY --parents a/b/x.txt a/z.txt /p/', files, 'cd /p && find . -type f | sort')).toBe(
      './a/b/x.txt\n./a/z.txt',
    );
    expect(await built('COPY --parents a/./b/x.txt /p/', files, 'cd /p && find . -type f')).toBe('./b/x.txt');
    expect(await built('COPY --exclude=**/*.md a /p', files, 'cd /p && find . -type f | sort')).toBe(
      './b/x.txt\n./z.txt',
    );
    expect(await built('COPY --parents **/*.txt /p/', files, 'cd /p && find . -type f | sort')).toBe(
      './a/b/x.txt\n./a/z.txt',
    );
  });

  test('COPY/--from, FROM/rule-7: from a stage, an index, an image; what is not needed is not built', async () => {
    const dockerfile = `FROM busybox:test AS one
RUN mkdir /o && echo from one > /o/f && chown 5:6 /o/f && ln -s f /o/l
FROM busybox:test AS never
RUN exit 1
FROM busybox:test
COPY --from=one /o /one
COPY --from=0 /o/f /zero
COPY --from=busybox:test /etc/passwd /passwd
`;
    const outcome = await build(c, { Dockerfile: dockerfile }, { t: 'stages:1' });
    expect(outcome.error).toBeUndefined();
    expect(outcome.text).not.toContain('never');
    expect(await c.sh('cat /one/l /zero; stat -c %u:%g /zero; head -n1 /passwd', { Image: 'stages:1' })).toBe(
      'from one\nfrom one\n5:6\nroot:x:0:0:root:/root:/bin/sh',
    );
    await build(c, { Dockerfile: dockerfile }, { t: 'stages:2', version: '2' });
    expect(await c.sh('stat -c %u:%g /zero /one/f', { Image: 'stages:2' })).toBe('5:6\n5:6');
  });

  test('what is copied from a stage is known again, and noticed when it is other', async () => {
    const dockerfile = (said: string) =>
      `FROM busybox:test AS one\nRUN mkdir /o && echo ${said} > /o/f\nFROM busybox:test\nCOPY --from=one /o /one\nRUN cat /one/f\n`;
    const first = await build(c, { Dockerfile: dockerfile('first') });
    const again = await build(c, { Dockerfile: dockerfile('first') });
    expect([again.id, again.text.match(/Using cache/g)?.length]).toEqual([first.id, 3]);
    const other = await build(c, { Dockerfile: dockerfile('other') });
    expect(other.text).toContain('\nother\n');
    // Another stage with the same files in it: what is copied is the same.
    const same = await build(c, { Dockerfile: dockerfile('first').replace('mkdir /o', 'mkdir /o /else') });
    expect(same.error).toBeUndefined();
  });

  test('what is in the place', async () => {
    const refused = async (lines: string) =>
      (await build(c, { Dockerfile: `FROM busybox:test\n${lines}\n`, f: 'x', 'd/f': 'x' })).error;
    expect(await refused('RUN mkdir /x /x/f\nCOPY d/ /x/')).toBe('cannot replace to directory /x/f with file');
    expect(await refused('RUN echo > /x\nCOPY f /x/')).toBe('cannot copy to non-directory: /x');
    expect(await built('RUN echo old > /x\nCOPY f /x', { f: 'new' }, 'cat /x')).toBe('new');
  });

  test('heredoc/rule-6: a here-document is a file', async () => {
    const dockerfile = 'ARG A=1\nCOPY <<one <<"two" /d/\nA is $A\none\nA is $A\ntwo';
    expect(await built(dockerfile, {}, 'cat /d/one /d/two; stat -c %a /d/one')).toBe('A is 1\nA is $A\n644');
  });

  test('dockerignore-5: what the ignore file leaves out is not there', async () => {
    const outcome = await build(
      c,
      { Dockerfile: 'FROM busybox:test\nCOPY . /d\n', '.dockerignore': 'secret*\n', secret1: 'x', open: 'x' },
      { t: 'ignored:1' },
    );
    expect(outcome.error).toBeUndefined();
    expect(await c.sh('ls /d', { Image: 'ignored:1' })).toBe('Dockerfile\nopen');
  });
});

describe('ADD', () => {
  const archive = tar([
    { path: 'in/f', content: 'unpacked' },
    { path: 'in/l', link: 'f' },
  ]);

  test.each([
    ['plain', archive],
    ['gzip', gzipSync(archive)],
  ])('ADD/semantics, ADD/rule-2, ADD/--unpack: an archive of the context is unpacked: %s', async (_, content) => {
    expect(await built('ADD a.tar /d/', { a: { path: 'a.tar', content } }, 'cat /d/in/l')).toBe('unpacked');
    expect(await built('ADD --unpack=false a.tar /d/', { a: { path: 'a.tar', content } }, 'ls /d')).toBe('a.tar');
    expect(await built('COPY a.tar /d/', { a: { path: 'a.tar', content } }, 'ls /d')).toBe('a.tar');
  });

  test('what is compressed and no archive is a file', async () => {
    expect(await built('ADD f.gz /d/', { f: { path: 'f.gz', content: gzipSync('x') } }, 'ls /d')).toBe('f.gz');
  });

  test('ADD/rule-1, ADD/--checksum: a file from the web: mode, time, name, checksum', async () => {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/some/name.txt`;
    const sum = createHash('sha256').update('served /some/name.txt').digest('hex');
    expect(await built(`ADD ${url} /d/`, {}, 'cat /d/name.txt; stat -c " %a %Y" /d/name.txt')).toBe(
      'served /some/name.txt 600 1445412480',
    );
    expect(await built(`ADD --checksum=sha256:${sum} ${url} /x`, {}, 'cat /x')).toBe('served /some/name.txt');
    const wrong = await build(c, {
      Dockerfile: `FROM busybox:test\nADD --checksum=sha256:${'0'.repeat(64)} ${url} /x\n`,
    });
    expect(wrong.error).toBe(`digest mismatch sha256:${sum}: sha256:${'0'.repeat(64)}`);
  });
});

describe('remote contexts', () => {
  test.each(['context.tar', 'Dockerfile'])('context/http: %s', async (name) => {
    const { port } = server.address() as AddressInfo;
    const query = new URLSearchParams({ remote: `http://127.0.0.1:${port}/${name}`, t: 'remote:1' });
    const answer = await c.engine.request('POST', `/build?${query}`);
    expect(answer.text).toContain('Successfully tagged remote:1');
    expect(await c.sh('cat /f', { Image: 'remote:1' })).toBe(name === 'Dockerfile' ? 'alone' : 'fetched');
  });
});

test('WORKDIR/semantics: WORKDIR makes its directory', async () => {
  expect(await built('WORKDIR /a/b\nWORKDIR c', {}, 'pwd; stat -c "%a %u:%g" /a/b/c')).toBe('/a/b/c\n755 0:0');
});

test('FROM/rule-4: from scratch', async () => {
  const outcome = await build(c, { Dockerfile: 'FROM scratch\nCOPY f /f\nCMD ["/f"]\n', f: 'x' }, { t: 'scratch:1' });
  expect(outcome.error).toBeUndefined();
  expect(outcome.text).toContain('Step 1/3 : FROM scratch\n ---> \n');
  const [image] = [
    (await c.ask('GET', '/images/scratch:1/json')).json<{ RootFS: { Layers: string[] }; Size: number }>(),
  ];
  expect(image).toMatchObject({ Size: 1, RootFS: { Layers: [expect.any(String)] } });
});
