// ATTACK CLASSES: CVE-2024-23651, CVE-2024-23652, CVE-2024-23653, CVE-2024-23650 (mounts of steps lead to the host, what was
// mounted on is removed on the host, privileges without leave, requests that end the engine); CVE-2024-1753, CVE-2024-9407,
// CVE-2024-9675, CVE-2024-11218 (sources, identifiers and options of RUN mounts); CVE-2019-13139 (addresses of repositories
// as options); CVE-2024-24557 (images that imitate a step are taken for its result); CVE-2021-3602, CVE-2022-4122 (the
// engine's environment in steps; Dockerfile and ignore file as links).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BuildOutcome, outcomeOf } from '../../support/builds.ts';
import { busyboxImage } from '../../support/images.ts';
import { type TarEntry, tar } from '../../support/tar.ts';
import { Arena, HONEST } from './arena.ts';

const ENGINE_SECRET = 'only-the-engine-knows-this';
const CANARY = 'untouched'; // what the canary's file says

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open({ env: { ENGINE_TOKEN: ENGINE_SECRET } });
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

async function build(
  lines: string,
  entries: TarEntry[] = [],
  query: Record<string, string> = {},
): Promise<BuildOutcome> {
  const answer = await arena.engine.request('POST', `/build?${new URLSearchParams({ forcerm: '1', ...query })}`, {
    body: tar([{ path: 'Dockerfile', content: `FROM ${HONEST}\n${lines}\n` }, ...entries]),
  });
  expect(answer.text).not.toContain(CANARY);
  expect(answer.status).not.toBe(500);
  return outcomeOf(answer.status, answer.text);
}

const canary = (name: string) => join(arena.canary, name);

describe('COPY and ADD', () => {
  test.each(['COPY', 'ADD'])('%s of a link in the context that leads to the host', async (verb) => {
    const entries = [
      { path: 'file', link: canary('file') },
      { path: 'up', link: `../../../../../../../..${canary('file')}` },
      { path: 'directory', link: arena.canary },
    ];
    for (const source of ['file', 'up', 'directory/file', 'directory/'])
      expect((await build(`${verb} ${source} /x`, entries)).error).toContain('file does not exist');
    const inside = await build(`${verb} . /x\nRUN cat /x/file /x/up 2>&1; true`, entries);
    expect(inside.error).toBeUndefined();
  });

  test('through links in the image to places of the host', async () => {
    const lines = (target: string) => `RUN ln -s ${target} /to\nCOPY f /to/file\nCOPY f /to\nADD a.tar /to/`;
    const entries = [
      { path: 'f', content: 'overwritten' },
      { path: 'a.tar', content: tar([{ path: 'file', content: 'x' }]) },
    ];
    for (const target of [arena.canary, `../../../../..${arena.canary}`, canary('file')]) {
      const look = 'RUN ls -ld /to; find /tmp /to -type f | xargs grep -H .';
      const { error, text } = await build(`${lines(target)}\n${look}`, entries);
      expect(error).toBeUndefined();
      // All of it is below the image's own root.
      const inside = target.replace(/^(?:\.\.\/)+/, '/').replace(/^\/+/, '/');
      expect(text).toContain(`\n${inside}/file:x\n`);
      expect(text).toContain(`\n${inside}/f:overwritten\n`);
    }
  });

  test('archives with names and links that lead out', async () => {
    const hostile = tar([
      { path: 'link', link: arena.canary },
      { path: 'link/file', content: 'overwritten' },
      { path: `../../../..${canary('file')}`, content: 'overwritten' },
    ]);
    const { error } = await build('ADD a.tar /x/', [{ path: 'a.tar', content: hostile }]);
    expect(error).toContain('invalid archive');
  });

  test('from a stage and an image whose files are links to the host', async () => {
    await arena.load(
      busyboxImage(['links:1'], {
        files: [
          { path: 'l', link: canary('file') },
          { path: 'd', link: arena.canary },
        ],
      }),
    );
    for (const source of ['/l', '/d/file', '/d/', '/../../l'])
      expect((await build(`COPY --from=links:1 ${source} /x`)).error).toContain('file does not exist');
    const { id, error } = await build('COPY --from=links:1 / /x');
    expect([error, id]).toEqual([undefined, expect.stringMatching(/^sha256:/)]);
  });

  test('owners by account files that are links to the host', async () => {
    writeFileSync(join(arena.shared, 'passwd'), 'hostuser:x:4711:4711::/:/bin/sh\n');
    const built = await build(
      `RUN rm /etc/passwd && ln -s ${join(arena.shared, 'passwd')} /etc/passwd\nCOPY --chown=hostuser f /x`,
      [{ path: 'f', content: 'x' }],
    );
    expect(built.error).toContain('unable to find user hostuser');
  });
});

describe('RUN mounts', () => {
  test('sources that are links, or lead up', async () => {
    await arena.load(
      busyboxImage(['sources:1'], {
        files: [
          { path: 'l', link: arena.canary },
          { path: 'f', link: canary('file') },
        ],
      }),
    );
    const sources = ['/l', '/f', '/l/file', '../../../../../..', '../..', `../../../../..${arena.canary}`];
    for (const source of sources)
      for (const access of ['', ',rw']) {
        const { error, text } = await build(
          `RUN --mount=from=sources:1,source=${source},target=/m${access} cat /m /m/file 2>&1; echo x > /m/file; rm -rf /m/*; true`,
        );
        // What leads above the root of the image is that root, where there is no such file.
        if (/^[./]+$/.test(source))
          expect([error, text]).toEqual([undefined, expect.stringContaining("open '/m/file'")]);
        else expect(error).toBe(`failed to compute cache key: ${JSON.stringify(source)}: not found`);
      }
  });

  test('identifiers of caches that are paths', async () => {
    for (const id of [`../../../../../../..${arena.canary}`, '../../l', '/etc', '..'])
      expect(
        (await build(`RUN --mount=type=cache,id=${id},target=/c test -z "$(ls -A /c)" && echo mine > /c/file && ls /c`))
          .text,
      ).toContain('\nfile\n');
  });

  test('options of mount(8) are none of ours', async () => {
    for (const option of ['bind-propagation=shared', 'shared', 'dev', 'suid', 'z', 'U', 'relabel=shared'])
      expect((await build(`RUN --mount=type=bind,target=/m,${option} true`)).error).toMatch(
        /unexpected key|invalid field|unknown|must be a key/,
      );
  });

  test('what was mounted on is exchanged for a link', async () => {
    const outcome = await build(
      `RUN --mount=type=tmpfs,target=/a/b/c mkdir /other && cp -r /a/b /other 2>/dev/null; mv /a /moved 2>/dev/null; umount /a/b/c 2>/dev/null; rm -rf /a; ln -s ${arena.canary} /a; true
RUN ls -la / && test ! -e /a/file || echo inside`,
    );
    expect(outcome.error).toBeUndefined();
  });

  test('two builds exchange files of one cache', async () => {
    const exchanging = `RUN --mount=type=cache,id=race,target=/c for i in $(seq 300); do rm -rf /c/d; ln -s ${arena.canary} /c/d; rm /c/d; mkdir /c/d; done`;
    const using = (n: number) =>
      `RUN --mount=type=cache,id=race,target=/c for i in $(seq 300); do cat /c/d/file 2>/dev/null; echo ${n} > /c/d/file; done 2>/dev/null; true`;
    const outcomes = await Promise.all([build(exchanging), build(using(1)), build(using(2))]);
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  });

  test('a cache that begins with an image whose files are links', async () => {
    await arena.load(
      busyboxImage(['begin:1'], {
        files: [
          { path: 'c/l', link: canary('file') },
          { path: 'c2', link: arena.canary },
        ],
      }),
    );
    const first = await build(
      'RUN --mount=type=cache,id=b1,from=begin:1,source=/c,target=/c cat /c/l 2>&1; echo x > /c/l; true',
    );
    expect([first.error, first.text]).toEqual([undefined, expect.stringContaining("can't open '/c/l'")]);
    const second = await build('RUN --mount=type=cache,id=b2,from=begin:1,source=/c2,target=/c cat /c/file 2>&1; true');
    expect(second.error).toBe('failed to compute cache key: "/c2": not found');
  });
});

describe('privileges', () => {
  test('nothing is given that was not allowed, on any way', async () => {
    expect((await build('RUN --security=insecure true')).error).toBe('security.insecure is not allowed');
    expect((await build('RUN --network=host true')).error).toBe('network.host is not allowed');
    expect((await build('ONBUILD RUN --security=insecure true', [], { t: 'trigger:1' })).error).toBeUndefined();
    const answer = await arena.engine.request('POST', '/build?forcerm=1', { body: 'FROM trigger:1\n' });
    expect(outcomeOf(answer.status, answer.text).error).toBe('security.insecure is not allowed');
  });

  test('a step has the isolation of a container', async () => {
    const { text } = await build(
      'RUN grep CapEff /proc/self/status; cat /proc/1/comm; mount -t tmpfs x /mnt 2>&1; ls /dev',
    );
    expect(text).toContain('CapEff:\t00000000a80425fb');
    expect(text).toMatch(/permission denied|Operation not permitted|must be superuser/i);
    expect(text).not.toMatch(/\b(?:vda|sda|kmsg|mem)\b/);
  });

  test("the engine's environment is not a step's", async () => {
    const { text } = await build('RUN env; cat /proc/*/environ 2>/dev/null | tr "\\\\0" "\\\\n"; true');
    expect(text).toContain('PATH=');
    expect(text).not.toContain(ENGINE_SECRET);
  });

  test('a syntax of somebody else is never run', async () => {
    const answer = await arena.engine.request('POST', '/build?forcerm=1', {
      body: `# syntax=${HONEST}\nFROM ${HONEST}\nRUN echo never\n`,
    });
    expect(answer.status).toBe(400);
    expect(outcomeOf(answer.status, answer.text).error).toContain(`frontend "${HONEST}" is not supported`);
  });
});

describe('the cache', () => {
  test('images that imitate a step are never taken for its result', async () => {
    const steps = [
      '/bin/sh -c echo step',
      '/bin/sh -c #(nop)  HEALTHCHECK NONE',
      '/bin/sh -c #(nop)  ONBUILD RUN true',
    ];
    for (const createdBy of steps)
      await arena.load(busyboxImage(['imitation:1'], { above: [[{ path: 'evil', content: 'evil' }]], createdBy }));
    for (const lines of ['RUN echo step', 'HEALTHCHECK NONE', 'ONBUILD RUN true']) {
      const { text } = await build(`${lines}\nRUN ls /evil 2>&1; true`, [], { cachefrom: '["imitation:1"]' });
      expect(text).not.toContain('Using cache');
      expect(text).toContain('/evil: No such file');
      expect(text).toContain('importing cache manifest from imitation:1: it has no build cache of Berth');
    }
  });
});

describe('requests', () => {
  test('Dockerfile and ignore file as links out of the context', async () => {
    for (const link of [canary('file'), `../../../../../..${canary('file')}`, '/etc/passwd']) {
      const answer = await arena.engine.request('POST', '/build?dockerfile=D', { body: tar([{ path: 'D', link }]) });
      expect([answer.status, answer.text]).toEqual([
        400,
        expect.stringContaining('Cannot locate specified Dockerfile'),
      ]);
      const ignored = await build('COPY . /x', [
        { path: '.dockerignore', link },
        { path: 'f', content: 'x' },
      ]);
      expect(ignored.error).toBeUndefined();
    }
    const up = await arena.engine.request(
      'POST',
      `/build?dockerfile=${encodeURIComponent(`../../..${canary('file')}`)}`,
      {
        body: tar([{ path: 'Dockerfile', content: `FROM ${HONEST}` }]),
      },
    );
    expect(up.status).toBe(400);
  });

  test.each([
    ...[
      '--upload-pack=touch /tmp/x',
      'ext::sh -c touch% /tmp/x',
      'file:///etc',
      '-x',
      'git://host/x.git#--output=/tmp/x',
    ],
    ...['https://127.0.0.1:1/x.git#../../etc', 'git@-oProxyCommand=touch:x', 'ssh://-oProxyCommand=touch/x.git'],
  ])('the address %s', async (remote) => {
    const answer = await arena.engine.request('POST', `/build?remote=${encodeURIComponent(remote)}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).not.toBe(500);
    const added = await build(`ADD ${JSON.stringify([remote, '/x'])}`);
    expect(added.error).toMatch(/invalid Git address|invalid refspec|file does not exist/);
  });

  test('bodies and queries without sense leave the engine alive', async () => {
    const bodies = [
      Buffer.alloc(0),
      Buffer.alloc(511, 0xff),
      Buffer.alloc(4096),
      Buffer.from('\x1f\x8b\x08broken'),
      Buffer.from('FROM'),
      Buffer.from('\0FROM x'),
    ];
    const queries = [
      'buildargs=[]',
      'labels={"a":1}',
      'ulimits={}',
      'memory=x',
      't=a:b:c',
      'extrahosts=[1]',
      'outputs=[{}]',
      'platform=a/b/c/d',
      'target=%00',
      'dockerfile=%00',
      'shmsize=-1',
      'cachefrom={}',
      'version=9',
    ];
    for (const body of bodies)
      for (const query of ['', ...queries]) {
        const answer = await arena.engine.request('POST', `/build?${query}`, { body });
        expect([query, answer.status]).toEqual([query, expect.any(Number)]);
        if (answer.status !== 200) expect(answer.status, `${query}: ${answer.text}`).toBe(400);
      }
    for (const session of [
      { secrets: { '../x': 'eA==' } },
      { secrets: 1 },
      { context: '../../x' },
      { unknown: 1 },
      { ssh: [''] },
    ]) {
      const answer = await arena.engine.request('POST', '/berth/v1/build/sessions', { body: session });
      expect([201, 400]).toContain(answer.status);
    }
    expect((await arena.engine.request('GET', '/_ping')).status).toBe(200);
    expect((await build('RUN echo still here')).text).toContain('still here');
  });
});
