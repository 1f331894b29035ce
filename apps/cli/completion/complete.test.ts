import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../tests/support/docker-version.ts';
import { type FakeEngine, findDocker, runClient, startFakeEngine } from '../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../tests/support/sample-engine.ts';
import { runBerth } from '../../../tests/support/side-by-side.ts';

let engine: FakeEngine;
beforeAll(async () => {
  engine = await startFakeEngine({
    ...sampleRoutes(),
    'GET /volumes': { json: { Volumes: [{ Name: 'pictures' }, { Name: 'data' }] } },
  });
});
afterAll(() => engine[Symbol.asyncDispose]());

/** `''` is an empty word. */
const words = (line: string) => ['__complete', ...line.split(' ').map((word) => (word === "''" ? '' : word))];
const ask = async (line: string) => (await runBerth(engine, words(line))).stdout.trimEnd().split('\n');
const names = async (line: string) => (await ask(line)).slice(0, -1).map((text) => text.split('\t')[0]);

describe.skipIf(dockerMajor() < COMPARED_VERSION)("suggests what Docker's client suggests", () => {
  it.each([
    'ren',
    'container i',
    'container inspe',
    'image h',
    'network ins',
    'context u',
    'run --p',
    'run --rm --na',
    'create --cap',
    'ps --',
    'logs --',
    'kill --',
    '--log-le',
    '--conf',
    'run --pull ',
    'run --pull=',
    'run --restart ',
    'run --attach ',
    'run --cgroupns ',
    'run --uts ',
    'run --userns ',
    'run --name ',
    'run --label ',
    'run --env-file ',
    'run ',
    'run -it ',
    'rmi ',
    'image inspect ',
    'push ',
    'history ',
    'network inspect ',
    'volume inspect ',
    'context use ',
    'context rm ',
    'context show ',
    'ps ',
    'version ',
    'pull ',
    'container x',
  ])('%s', async (line) => {
    const args = ['__complete', ...line.split(' ')];
    const ours = await runBerth(engine, args);
    const theirs = await runClient(engine, [findDocker() ?? 'docker'], args);
    expect(known(ours.stdout)).toEqual(known(theirs.stdout));
  });

  /** Without commands that only one of the two has, and in any order. */
  function known(text: string): string[] {
    return text
      .trimEnd()
      .split('\n')
      .filter(
        (line) => !/^(--help|help|buildx|compose|config|node|plugin|secret|service|stack|swarm|trust)\t/.test(line),
      )
      .sort();
  }
});

describe('suggestions', () => {
  it('know the states that a command is for', async () => {
    expect(await names("stop ''")).toEqual(['web']);
    expect(await names("start ''")).not.toContain('web');
    expect(await names("rm ''")).toContain('web');
    expect(await names("rm web ''")).not.toContain('web');
  });

  it('complete filters: keys, then their values', async () => {
    expect(await names('ps --filter st')).toEqual(['status=']);
    expect((await ask('ps --filter st')).at(-1)).toBe(':6');
    expect(await names('ps --filter status=')).toContain('status=exited');
    expect(await names('ps -f health=un')).toEqual(['health=unhealthy']);
    expect(await names('ps --filter ancestor=busy')).toEqual(['ancestor=busybox:latest']);
    expect(await names('events --filter type=vol')).toEqual(['type=volume']);
  });

  it('complete modes, volumes and things of any kind', async () => {
    expect(await names('run --network container:w')).toEqual(['container:web']);
    expect(await names("run -v ''")).toEqual(['pictures:', 'data:']);
    expect((await ask('run -v /')).at(-1)).toBe(':16');
    expect(await names('inspect pic')).toEqual(['pictures']);
    expect(await names('inspect --type image bu')).toEqual(['busybox:latest']);
    expect(await names('run --cap-add cap_net_r')).toEqual(['CAP_NET_RAW']);
    expect(await names('kill -s sigus')).toEqual(['SIGUSR1', 'SIGUSR2']);
  });

  it('ask the engine that the line names, and are silent without one', async () => {
    const elsewhere = { env: { DOCKER_HOST: 'unix:///nowhere' } };
    const named = await runBerth(engine, ['__complete', '-H', engine.host, 'stop', ''], elsewhere);
    expect(named.stdout).toContain('web\n');
    const none = await runBerth(engine, ['__complete', 'stop', ''], elsewhere);
    expect(none).toEqual({ code: 0, stdout: ':4\n', stderr: '' });
  });

  it('end with the command of a container', async () => {
    expect(await ask('run busybox --')).toEqual([':0']);
    expect(await ask('exec web ls --')).toEqual([':4']);
  });

  it('leave descriptions out when asked to', async () => {
    const { stdout } = await runBerth(engine, ['__completeNoDesc', 'ren']);
    expect(stdout).toBe('rename\n:4\n');
  });
});
