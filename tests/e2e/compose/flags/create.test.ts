import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeBench, composeBench } from '../../../support/compose-bench.ts';
import { docker } from '../../../support/docker.ts';

const SERVICE = (name: string, more = '') =>
  `  ${name}: {image: busybox, command: sleep 1000, stop_grace_period: 0s${more}}\n`;
const BUILT = (text: string) =>
  `  app: {build: {context: ., dockerfile_inline: "FROM busybox\\nCMD echo ${text}\\n"}}\n`;

let bench: ComposeBench;
const call = (...words: string[]) => bench.here(...words);
async function ok(...words: string[]): Promise<string> {
  const { stdout, stderr } = await bench.ok(...words);
  return stdout + stderr;
}
const inspect = (name: string, format: string) => bench.inspect(name, format);
const id = (name: string) => inspect(name, '{{.Id}}');
const containers = async () =>
  (await docker(bench.engine, ['ps', '-a', '--format', '{{.Names}} {{.State}}'])).stdout.trim().split('\n').sort();
function project(services: string, more = ''): void {
  bench.project.write('compose.yaml', `services:\n${services}${more}`);
}
const rewrite = (services: string, more = '') => bench.project.write('compose.yaml', `services:\n${services}${more}`);

beforeAll(async () => {
  bench = await composeBench('made');
});
afterEach(async () => {
  await call('down', '-t', '0', '--rmi', 'local');
  await bench.clear();
});
afterAll(() => bench[Symbol.asyncDispose]());

describe('create', () => {
  it('create --scale: so many of a service', async () => {
    project(SERVICE('app'));
    await ok('create', '--scale', 'app=2');
    expect(await containers()).toEqual(['made-app-1 created', 'made-app-2 created']);
  });

  it('create --force-recreate: anew what has not changed', async () => {
    project(SERVICE('app'));
    await ok('create');
    const first = await id('made-app-1');
    await ok('create');
    expect(await id('made-app-1')).toBe(first);
    await ok('create', '--force-recreate');
    expect(await id('made-app-1')).not.toBe(first);
  });

  it('create --no-recreate: what has changed stays, what is not there is made', async () => {
    project(SERVICE('app'));
    await ok('create');
    const first = await id('made-app-1');
    rewrite(SERVICE('app', ', environment: {A: b}') + SERVICE('other'));
    await ok('create', '--no-recreate');
    expect(await id('made-app-1')).toBe(first);
    expect(await containers()).toContain('made-other-1 created');
    await ok('create');
    expect(await id('made-app-1')).not.toBe(first);
    expect(await call('create', '--no-recreate', '--force-recreate')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force-recreate and --no-recreate are incompatible'),
    });
  });

  it('create --remove-orphans: those of services that are gone', async () => {
    project(SERVICE('app') + SERVICE('old'));
    await ok('create');
    rewrite(SERVICE('app'));
    expect(await ok('create')).toContain('Found orphan containers ([made-old-1])');
    expect(await containers()).toContain('made-old-1 created');
    await ok('create', '--remove-orphans');
    expect(await containers()).toEqual(['made-app-1 created']);
  });

  it('create --build: again, with what the files say now', async () => {
    const says = () => inspect('made-app', '{{.Config.Cmd}}');
    project(BUILT('one'));
    await ok('create');
    rewrite(BUILT('two'));
    await ok('create');
    expect(await says()).toContain('one');
    await ok('create', '--build');
    expect(await says()).toContain('two');
    expect(await inspect('made-app-1', '{{.Config.Cmd}}')).toContain('two');
  });

  it('create --no-build: not even what is missing', async () => {
    project(BUILT('one'));
    expect(await call('create', '--no-build')).toMatchObject({ code: 1, stderr: expect.stringContaining('made-app') });
    expect(await containers()).toEqual(['']);
    expect(await call('create', '--no-build', '--build')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--build and --no-build are incompatible'),
    });
  });

  it.each([
    ['create --pull never: what is not here is an error', 'never', 1, 'No such image: 127.0.0.1:1/none:1', 'Pulling'],
    ['create --pull missing: asks for what is not here', 'missing', 1, 'Pulling', 'No such image'],
    ['create --pull other: is no such word', 'other', 1, 'invalid --pull option "other"', 'Pulling'],
  ])('%s', async (_, word, code, says, saysNot) => {
    project('  app: {image: "127.0.0.1:1/none:1"}\n');
    const { stderr, code: ended } = await call('create', '--pull', word);
    expect({ ended, stderr }).toEqual({ ended: code, stderr: expect.stringContaining(says) });
    expect(stderr).not.toContain(saysNot);
  });

  it('create --quiet-pull: says nothing of it', async () => {
    project('  app: {image: "127.0.0.1:1/none:1"}\n');
    const { stderr } = await call('create', '--quiet-pull');
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toContain('Pulling');
  });

  it('create -y: a volume that is another one now is made anew', async () => {
    const volume = (value: string) => `volumes: {data: {labels: {is: ${value}}}}\n`;
    const label = () => inspect('made_data', '{{index .Labels "is"}}');
    const uses = SERVICE('app', ', volumes: ["data:/data"]');
    project(uses, volume('old'));
    await ok('create');
    rewrite(uses, volume('new'));
    expect(await ok('create')).toContain('Volume "made_data" exists but doesn\'t match configuration in compose file');
    expect(await label()).toBe('old');
    await ok('create', '-y');
    expect(await label()).toBe('new');
  });
});

describe('start', () => {
  const CHECKED = (test: string) =>
    SERVICE('app', `, healthcheck: {test: ${JSON.stringify(test)}, interval: 100ms, retries: 2}`);
  const health = () => inspect('made-app-1', '{{.State.Health.Status}}');

  it('start --wait: until it is healthy', async () => {
    project(CHECKED('test -e /tmp/ready || { touch /tmp/ready; false; }'));
    await ok('create');
    await ok('start', '--wait');
    expect(await health()).toBe('healthy');
  });

  it('start --wait-timeout: no longer than that', async () => {
    project(SERVICE('app', ', healthcheck: {test: "sleep 1000", interval: 1000s}'));
    await ok('create');
    expect(await call('start', '--wait', '--wait-timeout', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('application not healthy after 1s'),
    });
    expect(await health()).toBe('starting');
  });
});
