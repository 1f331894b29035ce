// RUN: environment, forms, mounts, isolation; several stages at once; giving up.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, outcomeOf } from '../../support/builds.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { tar } from '../../support/tar.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const from = (lines: string) => ({ Dockerfile: `FROM busybox:test\n${lines}\n` });
let serial = 0;

async function ran(lines: string, query: Record<string, string> = {}, files: Record<string, string> = {}) {
  const outcome = await build(c, { ...from(lines), ...files }, { t: `run:${serial++}`, ...query });
  expect(outcome.error).toBeUndefined();
  return outcome;
}

/** Builds with a session of our own client. */
async function withSession(lines: string, session: object, query: Record<string, string> = {}) {
  const { id } = (await c.ask('POST', '/berth/v1/build/sessions', session)).json<{ id: string }>();
  const answer = await c.engine.request('POST', `/build?${new URLSearchParams({ session: id, ...query })}`, {
    body: tar([{ path: 'Dockerfile', content: `FROM busybox:test\n${lines}\n` }]),
  });
  return outcomeOf(answer.status, answer.text);
}

describe('what a command sees', () => {
  test('RUN/semantics, default/USER: variables, user, working directory, network and limits', async () => {
    const { text } = await ran(
      'ARG A=1\nENV B=2\nWORKDIR /w\nUSER nobody\nRUN echo $A $B $(pwd) $(id -un) && cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
      { buildargs: '{"A":"given"}', memory: String(64 * 1024 * 1024) },
    );
    expect(text).toContain('given 2 /w nobody\n');
    expect(text).toContain('67108864');
  });

  test('RUN/form-2, RUN/form-3, SHELL/semantics, heredoc/rule-5: exec form, SHELL, here-documents and scripts', async () => {
    const { text } = await ran(`RUN ["echo", "exec  form"]
SHELL ["/bin/sh", "-xc"]
RUN echo shell >&2
SHELL ["/bin/sh", "-c"]
RUN <<EOF
echo body one
echo body two
EOF
RUN <<EOF
#!/bin/busybox sh
echo script $0
EOF`);
    for (const line of ['exec  form', '+ echo shell', 'body one\nbody two', 'script /dev/pipes/EOF'])
      expect(text).toContain(line);
  });

  test('RUN/--network: no network where none is asked for', async () => {
    expect((await ran('RUN --network=none ls /sys/class/net')).text).toContain('\nlo\nRemoving');
    expect((await ran('RUN ls /sys/class/net/', { networkmode: 'none' })).text).toContain('\nlo\nRemoving');
  });

  test('RUN/--security, entitlement/network.host, entitlement/security.insecure: what would reach the host has to be allowed', async () => {
    const wish = { ...from('RUN --network=host true') };
    expect((await build(c, wish)).error).toBe('network.host is not allowed');
    expect((await build(c, from('RUN --security=insecure true'))).error).toBe('security.insecure is not allowed');
    const allowed = await withSession('RUN --security=insecure mount -t tmpfs none /mnt && echo mounted', {
      allow: ['security.insecure'],
    });
    expect(allowed.error ?? allowed.text).toContain('mounted');
  });

  test('RUN/--device: a device that was allowed by its name allows no other', async () => {
    const run = 'RUN --device=vendor.test/class=one true';
    const error = async (allow: string[]) => (await withSession(run, { allow })).error;
    for (const allow of [[], ['device=vendor.test/class=two'], ['device=vendor.test/class'], ['device=']])
      expect(await error(allow)).toBe('device=vendor.test/class=one is not allowed');
    // Allowed, and not there: the container's own refusal.
    for (const allow of [['device'], ['device=vendor.test/class=one']])
      expect(await error(allow)).toMatch(/vendor\.test\/class=one(?!.*not allowed)/);
  });

  test('extra hosts', async () => {
    expect((await ran('RUN grep extra /etc/hosts', { extrahosts: '["extra:1.2.3.4"]' })).text).toContain(
      '1.2.3.4\textra',
    );
  });
});

describe('mounts', () => {
  test('mount/bind, mount/bind/target, mount/bind/source, mount/bind/from, mount/bind/readwrite, mount/bind/readonly: a file of the context, of a stage and of an image', async () => {
    const { text } = await ran(
      `RUN --mount=target=/ctx cat /ctx/f && ! touch /ctx/new 2>/dev/null
RUN --mount=source=d,target=/ctx,rw touch /ctx/new && ls /ctx
RUN --mount=from=busybox:test,source=/etc,target=/etc2 cat /etc2/group
RUN --mount=from=busybox:test,source=/etc/passwd,target=/pw head -n1 /pw
RUN ls -d /ctx /etc2 /pw 2>&1 | sort; true`,
      {},
      { f: 'in the context\n', 'd/g': 'x' },
    );
    expect(text).toContain('in the context\n');
    expect(text).toContain('g\nnew\n');
    expect(text).toContain('nogroup:x:65534:');
    expect(text).toContain('root:x:0:0:root');
    expect(text).toContain('/ctx: No such file');
  });

  test('RUN/rule-3, mount/tmpfs, mount/tmpfs/target: mounts leave nothing in the layer', async () => {
    const { id } = await ran('RUN --mount=type=tmpfs,target=/a/b/c echo > /kept');
    const changes = (await c.ask('GET', `/images/${id}/history`)).json<{ Size: number }[]>();
    expect(changes[0]!.Size).toBe(1);
    expect(await c.sh('ls -d /a; ls /kept', { Image: id }).catch((error: Error) => error.message)).toContain(
      '/a: No such file',
    );
  });

  test('mount/cache, mount/cache/id, mount/cache/target, mount/cache/uid, mount/cache/mode: a cache keeps its files from build to build, and by id', async () => {
    const step = (name: string) =>
      `RUN --mount=type=cache,id=../../x,target=/cache echo ${name} >> /cache/f && cat /cache/f`;
    await ran(step('first'));
    expect((await ran(step('second'))).text).toContain('first\nsecond\n');
    expect((await ran('RUN --mount=type=cache,target=/cache,uid=7,mode=0750 stat -c "%a %u" /cache')).text).toContain(
      '750 7\n',
    );
  });

  test('mount/cache/sharing: a locked cache is for one step at a time', async () => {
    const step = (n: number) =>
      `RUN --mount=type=cache,id=lock,target=/c,sharing=locked test ! -e /c/taken && touch /c/taken && sleep 0.3 && rm /c/taken && echo turn ${n}`;
    const outcomes = await Promise.all([1, 2, 3].map((n) => build(c, from(step(n)))));
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  });

  test('mount/secret, mount/secret/id, mount/secret/env: a secret is there for the step, and nowhere else', async () => {
    const value = 'very-secret-value-4711';
    const secrets = { s: Buffer.from(value).toString('base64') };
    const built = await withSession(
      `RUN --mount=type=secret,id=s test "$(cat /run/secrets/s)" = ${'$'}(printf very-; printf secret-value-4711) && stat -c "%a %u" /run/secrets/s
RUN --mount=type=secret,id=s,env=TOKEN test \${#TOKEN} = ${value.length} && ! ls /run/secrets 2>/dev/null && echo by variable
RUN ls /run/secrets 2>&1; env`,
      { secrets },
    );
    expect(built.error).toBeUndefined();
    expect(built.text).toContain('400 0\n');
    expect(built.text).toContain('by variable');
    expect(built.text).not.toContain(value);
    expect(built.text).toContain('/run/secrets: No such file');
  });

  test('secrets of a step under way are out of reach of other users of the host', async () => {
    const building = withSession(
      `RUN --mount=type=secret,id=s,mode=0444 --mount=type=cache,id=reach,target=/c touch /c/ready && while [ ! -e /c/go ]; do sleep 0.05; done; cat /run/secrets/s | wc -c`,
      { secrets: { s: Buffer.from('out of reach').toString('base64') } },
    );
    const caches = join(c.engine.dataRoot, 'build/cache');
    let cache = '';
    await eventually(async () => {
      cache = readdirSync(caches).find((name) => existsSync(join(caches, name, 'ready'))) ?? '';
      expect(cache).not.toBe('');
    });
    try {
      const root = join(c.engine.execRoot, 'build');
      expect(statSync(root).mode & 0o777).toBe(0o700);
      const [own = expect.fail('no directory of the step')] = readdirSync(root);
      expect(statSync(join(root, own)).mode & 0o777).toBe(0o700);
      const secret = join(root, own, '0');
      expect(readFileSync(secret, 'utf8')).toBe('out of reach');
      // The way to it is open but for these two.
      for (let path = c.engine.execRoot; path !== '/'; path = dirname(path))
        chmodSync(path, (statSync(path).mode & 0o7777) | 0o011);
      const asOther = (...argv: [string, ...string[]]) =>
        spawnSync(argv[0], argv.slice(1), { uid: 65534, gid: 65534, encoding: 'utf8' });
      expect(asOther('stat', root).status).toBe(0);
      expect(asOther('cat', secret)).toMatchObject({
        stdout: '',
        stderr: expect.stringContaining('Permission denied'),
      });
    } finally {
      writeFileSync(join(caches, cache, 'go'), '');
    }
    expect((await building).text).toContain('\n12\n');
  });

  test('mount/secret/required: a secret that is missing', async () => {
    expect((await build(c, from('RUN --mount=type=secret,id=none,required true'))).error).toBe(
      'secret none: not found',
    );
    expect((await build(c, from('RUN --mount=type=secret,id=none ls /run/secrets 2>&1; true'))).error).toBeUndefined();
  });
});

describe('several stages', () => {
  test('those that do not need each other run at once, and are shown one after the other', async () => {
    const meet = (mine: string, other: string) =>
      `RUN --mount=type=cache,id=meet,target=/m touch /m/${mine} && for i in $(seq 200); do test -e /m/${other} && echo ${mine} met ${other} && exit 0; sleep 0.1; done; exit 1`;
    const dockerfile = `FROM busybox:test AS a
${meet('a', 'b')}
RUN echo > /a
FROM busybox:test AS b
${meet('b', 'a')}
RUN echo > /b
FROM busybox:test
COPY --from=a /a /
COPY --from=b /b /
`;
    const outcome = await build(c, { Dockerfile: dockerfile });
    expect(outcome.error).toBeUndefined();
    const at = ['Step 1/9', 'a met b', 'Step 3/9', 'Step 4/9', 'b met a', 'Step 7/9'].map((text) =>
      outcome.text.indexOf(text),
    );
    expect(at).toEqual([...at].sort((x, y) => x - y));
    expect(at).not.toContain(-1);
  });

  test('the same step of two builds runs once', async () => {
    const step = 'RUN --mount=type=cache,id=once,target=/o echo x >> /o/count && sleep 0.5';
    const outcomes = await Promise.all([build(c, from(step)), build(c, from(step)), build(c, from(step))]);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
    expect((await ran('RUN --mount=type=cache,id=once,target=/o wc -l < /o/count')).text).toContain('\n1\n');
  });
});

describe('giving up', () => {
  const containers = async () =>
    (await c.ask('GET', '/containers/json?all=1')).json<{ Id: string }[]>().map(({ Id }) => Id);

  test('a client that goes ends its step, and leaves nothing', async () => {
    const before = await containers();
    const gone = new AbortController();
    const asked = c.engine
      .request('POST', '/build', {
        body: tar([{ path: 'Dockerfile', content: 'FROM busybox:test\nRUN echo begun; sleep 1000\n' }]),
        signal: gone.signal,
      })
      .catch(() => undefined);
    await eventually(async () => {
      expect((await c.ask('GET', '/containers/json')).json()).toHaveLength(1);
    });
    gone.abort();
    await asked;
    await eventually(async () => {
      expect(await containers()).toEqual(before);
    });
  });

  test('a build is canceled by its id', async () => {
    const building = build(c, from('RUN sleep 1000'), { buildid: 'mine' });
    await eventually(async () => {
      expect((await c.ask('GET', '/containers/json')).json()).toHaveLength(1);
    });
    await c.ask('POST', '/build/cancel?id=mine');
    expect((await building).error).toContain('canceled');
    expect(await c.refusal('POST', '/build/cancel')).toBe('500 build ID not provided');
  });

  test('kill -9 of the engine in a build leaves nothing', async () => {
    const before = await containers();
    void build(c, from('RUN --mount=type=secret,id=s echo begun; sleep 1000')).catch(() => undefined);
    await eventually(async () => {
      expect((await c.ask('GET', '/containers/json')).json()).toHaveLength(1);
    });
    await c.engine.kill();
    await c.engine.start();
    expect(await containers()).toEqual(before);
    await delay(0);
    expect((await build(c, from('RUN echo works again'))).text).toContain('works again');
  });
});
