/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose, composeHere, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker, run } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';

const NO_ENGINE = { host: 'unix:///nowhere/engine.sock' };
const MAIN = path.resolve('apps/cli/main.ts');

describe('where a project is', () => {
  const image = async (words: string[], options: { env?: Record<string, string> } = {}) => {
    using project = projectFolder('shop', {
      'compose.yaml':
        'services: {a: {image: "a:${TAG-none}", volumes: ["./d:/d"]}, b: {image: of-one, profiles: [one]}, c: {image: of-two, profiles: [two]}}\n',
      '.env': 'TAG=dot\n',
      'one.env': 'TAG=one\n',
      'two.env': 'TAG=two\n',
      'over.yaml': 'services: {a: {restart: always}}\n',
      'other/.env': 'TAG=other\n',
    });
    const at = (word: string) => word.replace('@', project.folder);
    const { stdout, stderr } = await composeHere(
      NO_ENGINE,
      project,
      ['-f', at('@/compose.yaml'), ...words.map(at), 'config'],
      options,
    );
    return (stdout + stderr).replaceAll(project.folder, '@');
  };
  it.each<[string, string[], string[]]>([
    ['--env-file: in place of .env', ['--env-file', '@/one.env'], ['name: shop\n', 'image: a:one\n']],
    [
      '--env-file: the later wins',
      ['--env-file', '@/one.env', '--env-file', '@/two.env'],
      ['name: shop\n', 'image: a:two\n'],
    ],
    [
      '-f: later files over earlier ones',
      ['-f', '@/over.yaml'],
      ['name: shop\n', 'image: a:dot\n', 'restart: always\n', 'source: @/d\n'],
    ],
    ['-p: the name', ['-p', 'mine'], ['name: mine\n']],
    ['--profile: services of it too', ['--profile', 'one'], ['image: of-one\n']],
    ['--profile: several', ['--profile', 'one', '--profile', 'two'], ['image: of-one\n', 'image: of-two\n']],
    ['--profile: all of them', ['--profile', '*'], ['image: of-one\n', 'image: of-two\n']],
    [
      '--project-directory: its name, .env and paths',
      ['--project-directory', '@/other'],
      ['name: other\n', 'image: a:other\n', 'source: @/other/d\n'],
    ],
  ])('%s', async (_, words, shows) => {
    const [plain, shown] = [await image([]), await image(words)];
    for (const text of shows) expect(shown).toContain(text);
    expect(shows.some((text) => !plain.includes(text))).toBe(true);
  });

  it('--env-file: one that is not there is a mistake', async () => {
    expect(await image(['--env-file', '@/none.env'])).toBe("couldn't find env file: @/none.env\n");
  });

  it('--workdir: another word for --project-directory', async () => {
    using project = projectFolder('shop', { 'compose.yaml': 'services: {a: {image: a}}\n', 'other/x': '' });
    const words = ['-f', `${project.folder}/compose.yaml`, '--project-directory='];
    const { stdout } = await composeHere(NO_ENGINE, project, [
      ...words,
      '--workdir',
      `${project.folder}/other`,
      'config',
    ]);
    expect(stdout).toContain('name: other\n');
  });

  it('-f -: the file is what comes in', async () => {
    using project = projectFolder('shop', { '.env': 'TAG=dot\n' });
    const { code, stdout } = await compose(NO_ENGINE, project, ['-f', '-', 'config'], {
      input: 'services: {a: {image: "a:$TAG"}}\n',
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name: shop\nservices:\n {2}a:\n[\s\S]*image: a:dot\n/);
  });

  it('--all-resources: what no service uses is in the model too', async () => {
    using project = projectFolder('shop', {
      'compose.yaml': 'services: {a: {image: a}}\nnetworks: {side: }\nvolumes: {more: }\n',
    });
    const config = async (...words: string[]) =>
      (await composeHere(NO_ENGINE, project, ['-f', `${project.folder}/compose.yaml`, ...words])).stdout;
    expect(await config('config')).not.toMatch(/side|more/);
    expect(await config('config', '--volumes')).toBe('');
    expect(await config('--all-resources', 'config')).toMatch(/name: shop_side\n[\s\S]*name: shop_more\n/);
    expect(await config('--all-resources', 'config', '--volumes')).toBe('more\n');
  });
});

describe('against an engine', () => {
  const SLEEPS = 'image: busybox, command: sleep 1000, stop_grace_period: 0s';
  let engine: TestEngine;
  let own: ProjectFolder;
  const call = (...words: string[]) => composeHere(engine, own, ['-f', `${own.folder}/compose.yaml`, ...words]);
  async function ok(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await call(...words);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return stdout + stderr;
  }
  const names = async (...words: string[]) => (await docker(engine, words)).stdout.split('\n').filter(Boolean).sort();

  beforeAll(async () => {
    engine = await startTestEngine();
    await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
    own = projectFolder('whole', {
      'compose.yaml': `services:
  app: {${SLEEPS}, volumes: ["data:/data"]}
  ended: {image: busybox, command: "true"}
  built: {build: {context: ., dockerfile_inline: FROM busybox}, image: "127.0.0.1:1/built:1", command: "true"}
volumes: {data: }
`,
      file: 'x\n',
    });
    await ok('up', '-d', '--wait', 'app');
    await ok('up', '-d', 'ended');
    await docker(engine, ['wait', 'whole-ended-1']);
  });
  afterAll(async () => {
    await call('down', '-v', '-t', '0', '--remove-orphans');
    own[Symbol.dispose]();
    await engine.stop();
  });

  it.each<[string]>([
    ['up -d --force-recreate'],
    ['create --force-recreate --build'],
    ['run --rm app true'],
    ['start ended'],
    ['stop'],
    ['restart -t 0'],
    ['kill'],
    ['pause'],
    ['scale app=3'],
    ['rm -f ended'],
    ['rm -f -s app'],
    ['down -v --rmi all'],
    ['exec -T app touch /x'],
    ['cp FILE app:/x'],
    ['commit app whole-saved'],
    ['build built'],
    ['pull'],
    ['push'],
    ['wait app'],
    ['attach app'],
  ])('--dry-run: %s', async (line) => {
    const now = async () => [
      await names('ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
      await names('images', '--no-trunc', '--format', '{{.ID}} {{.Repository}}'),
      await names('volume', 'ls', '-q'),
      await names('network', 'ls', '-q'),
    ];
    const [before, since] = [await now(), (Date.now() / 1000).toFixed(3)];
    const words = line.replace('FILE', `${own.folder}/file`).split(' ');
    await ok('--dry-run', ...words);
    // The flag may stand behind the command as well, but not behind a command line of a container.
    if (!line.startsWith('exec') && !line.startsWith('run')) await ok(words[0] ?? '', '--dry-run', ...words.slice(1));
    expect(await now()).toEqual(before);
    expect(await names('events', '--since', since, '--until', (Date.now() / 1000).toFixed(3))).toEqual([]);
  });

  it('--dry-run: says what would be done', async () => {
    expect(await ok('--dry-run', 'stop', 'app')).toBe(
      ' DRY-RUN MODE -  Container whole-app-1  Stopping \n DRY-RUN MODE -  Container whole-app-1  Stopped \n',
    );
  });

  it('--all-resources: networks and volumes that no service uses are made', async () => {
    using spare = projectFolder('spare', {
      'compose.yaml': `services: {app: {${SLEEPS}}}\nnetworks: {side: {}, out: {external: true}}\nvolumes: {data: {}}\n`,
    });
    const inSpare = (...words: string[]) =>
      composeHere(engine, spare, ['-f', `${spare.folder}/compose.yaml`, ...words]);
    const made = async () => [
      ...(await names('network', 'ls', '--format', '{{.Name}}', '--filter', 'name=spare')),
      ...(await names('volume', 'ls', '--format', '{{.Name}}', '--filter', 'name=spare')),
    ];
    await docker(engine, ['network', 'create', 'out']);
    try {
      await inSpare('create');
      expect(await made()).toEqual(['spare_default']);
      await inSpare('--all-resources', 'create');
      expect(await made()).toEqual(['spare_default', 'spare_side', 'spare_data']);
    } finally {
      await inSpare('down', '-v', '-t', '0');
      await docker(engine, ['network', 'rm', 'out']);
    }
    expect(await made()).toEqual([]);
  });

  it('--ansi: none on a terminal, or some without one', async () => {
    const shown = async (...words: string[]) => {
      const line = [process.execPath, MAIN, 'compose', '-f', `${own.folder}/compose.yaml`, ...words].join(' ');
      const env = { DOCKER_HOST: engine.host, TERM: 'xterm', NO_COLOR: '' };
      return (await run('script', ['-qec', line, '/dev/null'], { cwd: own.folder, env })).stdout;
    };
    expect(await shown('restart', '-t', '0', 'app')).toContain('\x1b[');
    const plain = await shown('--ansi', 'never', 'restart', '-t', '0', 'app');
    expect(plain).not.toContain('\x1b[');
    expect(plain).toContain('Container whole-app-1  Started');
    expect(await call('--ansi', 'some', 'ps')).toMatchObject({
      code: 16,
      stderr: expect.stringContaining('unknown --ansi value: "some"'),
    });
  });

  it('--compatibility: names with another separator, and nothing else', async () => {
    using old = projectFolder('older', {
      'compose.yaml': `services: {app: {${SLEEPS}}, made: {build: {context: ., dockerfile_inline: FROM busybox}, command: "true"}}\n`,
    });
    const older = (...words: string[]) =>
      composeHere(engine, old, ['-f', `${old.folder}/compose.yaml`, '--compatibility', ...words]);
    try {
      expect((await older('up', '-d')).stderr).toContain(' Container older_app_1  Started \n');
      expect(await names('ps', '-a', '--filter', 'name=older', '--format', '{{.Names}}')).toEqual([
        'older_app_1',
        'older_made_1',
      ]);
      expect(await names('images', '--format', '{{.Repository}}')).toContain('older_made');
      expect((await older('ps', '--format', '{{.Name}}', 'app')).stdout).toBe('older_app_1\n');
      expect((await older('version')).stdout).toMatch(/^Docker Compose version v/);
    } finally {
      expect((await older('down', '-t', '0', '--rmi', 'local')).stderr).toContain(' Container older_app_1  Removed \n');
    }
    expect(await names('images', '--format', '{{.Repository}}')).not.toContain('older_made');
  });
});
