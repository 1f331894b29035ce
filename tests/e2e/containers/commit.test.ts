import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

let engine: TestEngine;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-commit-'));
  engine = await startTestEngine();
  env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: folder, HOME: folder, DOCKER_CLI_HINTS: 'false', TERM: 'xterm' };
  const files = [
    { path: 'opt' },
    { path: 'opt/kept', content: 'kept' },
    { path: 'opt/gone', content: 'gone' },
    { path: 'opt/sub' },
    { path: 'opt/sub/a', content: 'a' },
  ];
  const recipes = [busyboxImage(['busybox:latest']), busyboxImage(['filled:1'], { files })];
  await run(clientProgram('docker'), ['load'], { input: dockerArchive(recipes), env });
});
afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['docker', 'berth'] as const)('%s', (client) => {
  const type = (...args: string[]) => run(clientProgram(client), args, { env });
  /** Must succeed; stdout. */
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await type(...args);
    expect(code, `${args.join(' ')}\n${stderr}`).toBe(0);
    return stdout;
  };
  const refused = async (...args: string[]) => {
    const { code, stderr } = await type(...args);
    expect(code, args.join(' ')).toBe(1);
    return stderr.trim();
  };
  const name = (rest: string) => `${client}-${rest}`;
  const inspect = async (image: string, format: string) => (await ok('image', 'inspect', '-f', format, image)).trim();

  test('diff: what was added, changed and deleted, as Docker tells it', async () => {
    const id = name('diff');
    await ok('run', '--name', id, '-v', '/v', '--tmpfs', '/t', 'filled:1', 'true');
    // Mounts of the user leave their mount points, those of the engine leave nothing.
    expect(await ok('diff', id)).toBe('A /t\nA /v\n');
    await ok('rm', '-v', id);
    const script =
      'echo x > /opt/kept; rm /opt/gone; rm -r /opt/sub; mkdir /opt/sub; echo n > /opt/sub/n; mkdir -p /new/deep; ' +
      'touch /new/deep/f; chmod 700 /tmp; touch /tmp/temporary; rm /tmp/temporary; ln -s x /new/link; mkdir /root/e; rmdir /root/e';
    await ok('run', '--name', id, 'filled:1', 'sh', '-ec', script);
    expect((await ok('diff', id)).split('\n')).toEqual([
      ...['A /new', 'A /new/deep', 'A /new/deep/f', 'A /new/link', 'C /opt', 'D /opt/gone', 'C /opt/kept'],
      ...['C /opt/sub', 'D /opt/sub/a', 'A /opt/sub/n', 'C /tmp', ''],
    ]);
    await ok('start', id);
    expect(await ok('container', 'diff', id)).toContain('A /new/deep/f\n');
    expect(await refused('diff', 'nobody')).toContain('No such container: nobody');
    await ok('rm', '-f', id);
  });

  test('commit: an image with the changes, which can be run, committed again, saved and loaded', async () => {
    const id = name('commit');
    const script =
      'echo x > /opt/kept; rm /opt/gone; rm -r /opt/sub; mkdir /opt/sub; mkdir -m 1750 /new; chown 5:6 /new';
    await ok('run', '--name', id, '-e', 'A=b', '--workdir', '/opt', 'filled:1', 'sh', '-ec', script);
    const image = (await ok('commit', '-a', 'An Author', '-m', 'What it is', id, name('image:one'))).trim();
    expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await inspect(name('image:one'), '{{.Id}}')).toBe(image);
    expect(await inspect(image, '{{.Author}}|{{.Comment}}|{{.Config.WorkingDir}}|{{json .Config.Cmd}}')).toBe(
      `An Author|What it is|/opt|["sh","-ec",${JSON.stringify(script)}]`,
    );
    expect(await inspect(image, '{{.Parent}}')).toBe(await inspect('filled:1', '{{.Id}}'));
    const [base = '', top = ''] = [
      await inspect('filled:1', '{{len .RootFS.Layers}}'),
      await inspect(image, '{{len .RootFS.Layers}}'),
    ];
    expect(Number(top)).toBe(Number(base) + 1);
    expect(await ok('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', image)).toContain(
      `sh -ec ${script}|What it is\n`,
    );
    const look = ['sh', '-c', 'cat /opt/kept; ls -A /opt /opt/sub; stat -c %a:%u:%g /new; echo $A'];
    const seen = 'x\n/opt:\nkept\nsub\n\n/opt/sub:\n1750:5:6\nb\n';
    expect(await ok('run', '--rm', image, ...look)).toBe(seen);

    const again = name('again');
    await ok('run', '--name', again, image, 'rm', '/opt/kept');
    await ok('commit', again, name('image:two'));
    expect(await ok('run', '--rm', name('image:two'), 'ls', '-A', '/opt')).toBe('sub\n');
    const file = join(folder, `${client}-saved.tar`);
    await ok('save', '-o', file, name('image:one'));
    await ok('rm', id, again);
    await ok('rmi', name('image:one'), name('image:two'));
    await ok('load', '-i', file);
    expect(await ok('run', '--rm', name('image:one'), ...look)).toBe(seen);
    expect(await inspect(name('image:one'), '{{.Id}}')).toBe(image);
  });

  test('commit -a, --author, -m, --message: as the tutorials have it', async () => {
    const id = (await ok('create', 'busybox', 'true')).trim();
    const image = `${name('repo')}/image_name:latest`;
    await ok('commit', '-m', 'commit message', '-a', 'author name', id, image);
    expect(await inspect(image, '{{.Comment}}/{{.Author}}')).toBe('commit message/author name');
    await ok('container', 'commit', '--message', 'm', '--author', 'a', id, image);
    expect(await inspect(image, '{{.Comment}}/{{.Author}}')).toBe('m/a');
    await ok('rm', id);
  });

  test('commit -c, --change: instructions of Dockerfiles', async () => {
    const id = name('changes');
    await ok('create', '--name', id, '-e', 'BASE=/srv', '--label', 'old=1', 'busybox', 'old', 'command');
    const changes = [
      'ENV ONE=1 TWO="2 3" DIR=$BASE/x',
      `WORKDIR \${DIR}`,
      'USER 12:34',
      'EXPOSE 80 53/udp 8000-8001',
      'LABEL new="a b"',
      'VOLUME /data',
      'STOPSIGNAL SIGINT',
      'ONBUILD RUN true',
      'HEALTHCHECK --interval=5s --timeout=1m --retries=3 CMD test -e /ok',
      'ENTRYPOINT ["sh", "-c"]',
      'CMD ["id -u; pwd; echo $TWO"]',
    ];
    const options = changes.flatMap((change, index) => [index % 2 ? '--change' : '-c', change]);
    await ok('commit', ...options, id, name('changed'));
    const config = JSON.parse(await inspect(name('changed'), '{{json .Config}}'));
    expect(config).toMatchObject({
      User: '12:34',
      ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} },
      Entrypoint: ['sh', '-c'],
      Cmd: ['id -u; pwd; echo $TWO'],
      Volumes: { '/data': {} },
      WorkingDir: '/srv/x',
      Labels: { old: '1', new: 'a b' },
      StopSignal: 'SIGINT',
      OnBuild: ['RUN true'],
      Healthcheck: { Test: ['CMD-SHELL', 'test -e /ok'], Interval: 5e9, Timeout: 6e10, Retries: 3 },
    });
    expect(config.Env).toEqual(expect.arrayContaining(['BASE=/srv', 'ONE=1', 'TWO=2 3', 'DIR=/srv/x']));
    expect(await ok('run', '--rm', name('changed'))).toBe('12\n/srv/x\n2 3\n');
    // An entrypoint drops the command of before; nothing changed is no layer.
    await ok('commit', '-c', 'ENTRYPOINT ["id"]', id, name('entry'));
    expect(JSON.parse(await inspect(name('entry'), '{{json .Config.Cmd}}'))).toBeNull();
    expect(await inspect(name('entry'), '{{len .RootFS.Layers}}')).toBe(
      await inspect('busybox', '{{len .RootFS.Layers}}'),
    );
    expect(await refused('commit', '-c', 'RUN true', id)).toMatch(
      /^Error response from daemon: RUN is not a valid change command/,
    );
    expect(await refused('commit', '-c', 'STOPSIGNAL NOPE', id)).toMatch(/invalid signal: NOPE/i);
    expect(await refused('commit', '-c', 'EXPOSE x', id)).toMatch(/invalid containerPort: x/);
    expect(await refused('commit', 'nobody')).toContain('No such container: nobody');
    expect(await refused('commit', id, 'UPPER')).toContain('repository name (library/UPPER) must be lowercase');
    await ok('rm', id);
  });

  test('commit -p, --pause: a running container is paused meanwhile, unless that is not wanted; events', async () => {
    const id = name('pause');
    await ok('run', '-d', '--name', id, 'busybox', 'sh', '-c', 'echo 1 > /one; exec sleep 1000');
    await ok('exec', id, 'sh', '-c', 'until [ -s /one ]; do :; done');
    const since = String(Date.now() / 1000);
    await ok('commit', id, name('paused'));
    await ok('commit', '--pause=false', id, name('running:x'));
    const until = String((Date.now() + 1) / 1000);
    const events = await ok(
      'events',
      '--since',
      since,
      '--until',
      until,
      '--filter',
      `container=${id}`,
      '--filter',
      'type=container',
      '--format',
      '{{.Action}} {{index .Actor.Attributes "imageRef"}}',
    );
    expect(
      events
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['pause', 'unpause', `commit ${name('paused')}:latest`, `commit ${name('running:x')}`]);
    expect((await ok('inspect', '-f', '{{.State.Status}}', id)).trim()).toBe('running');
    expect(await ok('run', '--rm', name('paused'), 'cat', '/one')).toBe('1\n');
    // Also of an image that was removed meanwhile.
    await ok('rm', '-f', id);
  });

  test('a container whose image was removed can still be committed', async () => {
    const id = name('orphan');
    await ok('create', '--name', id, 'busybox', 'true');
    await ok('commit', id, name('base'));
    await ok('rm', id);
    await ok('run', '--name', id, name('base'), 'sh', '-c', 'echo made > /made');
    await ok('rmi', '-f', await inspect(name('base'), '{{.Id}}'));
    await ok('commit', id, name('base'));
    expect(await ok('run', '--rm', name('base'), 'cat', '/made')).toBe('made\n');
    await ok('rm', id);
  });
});
