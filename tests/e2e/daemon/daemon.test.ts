import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { configFile, flagsOf } from '../../support/engine.ts';
import { chooseIdentity, type EngineIdentity } from '../../support/identity.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { sweep } from '../../support/leaks.ts';

const STARTED = /^started the engine \(pid (\d+), log (\S+)\)\n$/;

describe('berth daemon', () => {
  let id: EngineIdentity;
  beforeAll(async () => {
    id = await chooseIdentity();
    for (const path of [id.dataRoot, id.execRoot]) mkdirSync(path, { recursive: true });
  });
  afterAll(() => sweep(id));

  const berth = (args: string[], input?: Buffer) =>
    run(clientProgram('berth'), args, {
      env: { BERTH_HOST: `unix://${id.socket}` },
      ...(input === undefined ? {} : { input }),
    });
  /** Which engine is meant. */
  const its = () => ['--exec-root', id.execRoot];

  it('status says that none runs', async () => {
    expect(await berth(['daemon', 'status', ...its()])).toEqual({
      code: 3,
      stdout: 'the engine does not run\n',
      stderr: '',
    });
  });

  it('start starts it in the background and says where its log is', async () => {
    const { code, stdout } = await berth(['daemon', 'start', ...flagsOf(id)]);
    expect(stdout).toMatch(STARTED);
    expect(code).toBe(0);
    expect((await berth(['daemon', 'start', ...flagsOf(id)])).stdout).toMatch(
      /^the engine runs already \(pid \d+\)\n$/,
    );
    expect((await berth(['daemon', 'status', ...its()])).stdout).toMatch(
      /^the engine runs \(pid \d+\) and answers at unix:/,
    );
  });

  it('reload makes it read its settings again', async () => {
    expect((await berth(['daemon', 'reload', ...its()])).stdout).toMatch(
      /^asked the engine \(pid \d+\) to read its settings again; its log says what changed \(\S+engine\.log\)\n$/,
    );
    await expect.poll(() => readFileSync(`${id.execRoot}/engine.log`, 'utf8')).toContain('settings were read again');
  });

  it('tls init makes certificates', async () => {
    const directory = `${id.root}/tls`;
    const { code, stdout } = await berth(['daemon', 'tls', 'init', '--dir', directory, '--host', 'a.test']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('for a.test, localhost, 127.0.0.1, ::1, good until')]);
    expect(existsSync(`${directory}/client/cert.pem`)).toBe(true);
  });

  it('restart leaves containers running', async () => {
    expect((await berth(['load', '--quiet'], dockerArchive([busyboxImage(['busybox:latest'])]))).code).toBe(0);
    expect((await berth(['run', '-d', '--name', 'sleeper', 'busybox', 'sleep', '600'])).code).toBe(0);
    const process = () => berth(['inspect', '--format', '{{.State.Pid}} {{.State.StartedAt}}', 'sleeper']);
    const before = await process();
    expect((await berth(['daemon', 'restart', ...its()])).stdout).toMatch(/^restarted the engine \(pid \d+, log /);
    expect(before.stdout).toMatch(/^[1-9]\d* 20/);
    expect(await process()).toEqual(before);
  });

  it('finds and starts an engine whose addresses and roots are in its configuration file', async () => {
    expect((await berth(['daemon', 'stop', ...its()])).code).toBe(0);
    const flags = flagsOf(id);
    const told = (flag: string) => flags[flags.indexOf(flag) + 1]!;
    const file = configFile(id);
    const settings = { 'exec-root': id.execRoot, hosts: [`unix://${id.socket}`], labels: ['from=file'] };
    writeFileSync(file, JSON.stringify(settings));
    const rest = ['--data-root', '--bridge', '--bip', '--nft-table', '--cgroup-parent', '--address-pool'];
    const options = ['--config-file', file, ...rest.flatMap((flag) => [flag, told(flag)])];
    expect((await berth(['daemon', 'start', ...options])).stdout).toMatch(STARTED);
    const which = ['--config-file', file];
    expect((await berth(['daemon', 'status', ...which])).stdout).toContain(`answers at unix://${id.socket}`);
    expect((await berth(['info', '--format', '{{.Labels}}'])).stdout).toBe('[from=file]\n');
    expect((await berth(['ps', '--format', '{{.Names}}'])).stdout).toBe('sleeper\n');
    expect((await berth(['daemon', 'restart', ...which])).stdout).toMatch(/^restarted the engine/);
    writeFileSync(file, JSON.stringify({ ...settings, labels: ['broken'] }));
    const broken = await berth(['daemon', 'restart', ...which]);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/the engine was left as it is: .*\n.*"labels\[0\]": found "broken"/);
    expect((await berth(['daemon', 'status', ...which])).code).toBe(0);
    expect((await berth(['daemon', 'stop', ...which])).code).toBe(0);
    expect((await berth(['daemon', 'start', ...options])).stderr).toMatch(
      /the engine did not start: it ended with exit code 1\n.*\n.*"labels\[0\]": found "broken"/,
    );
    rmSync(file);
    expect((await berth(['daemon', 'start', ...flagsOf(id)])).stdout).toMatch(STARTED);
  });

  it('stop leaves containers running, and the next engine has them', async () => {
    expect((await berth(['daemon', 'stop', ...its()])).stdout).toMatch(
      /^stopped the engine \(pid \d+\); containers go on\n$/,
    );
    expect((await berth(['daemon', 'status', ...its()])).code).toBe(3);
    expect((await berth(['daemon', 'start', ...flagsOf(id)])).code).toBe(0);
    expect((await berth(['ps', '--format', '{{.Names}}'])).stdout).toBe('sleeper\n');
    expect((await berth(['rm', '--force', 'sleeper'])).code).toBe(0);
    expect((await berth(['daemon', 'stop', ...its()])).code).toBe(0);
  });
});

describe('without an engine', () => {
  // A world of its own, in which the default places are empty.
  const EMPTY = 'ip link set lo up; for at in /run /var/lib /var/log; do mount -t tmpfs tmpfs $at; done; exec "$@"';
  const alone = (script: string) =>
    run('unshare', [
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      EMPTY,
      'sh',
      'sh',
      '-c',
      script,
    ]);

  it('a client starts one at the default socket, says so in one line, and goes on', async () => {
    const berth = clientProgram('berth');
    const { code, stdout, stderr } = await alone(`${berth} ps; ${berth} ps >/dev/null; ${berth} daemon stop`);
    expect(stdout).toMatch(/^CONTAINER ID +IMAGE +.*NAMES\nstopped the engine \(pid \d+\); containers go on\n$/);
    expect(stderr).toMatch(
      /^berth: engine was not running; started it \(pid \d+, log \/var\/log\/berth\/engine\.log\)\n$/,
    );
    expect(code).toBe(0);
  });

  it('a client that was told another address does not', async () => {
    const { code, stderr } = await alone(`${clientProgram('berth')} -H unix:///run/other.sock ps`);
    expect(stderr).toContain(
      'Cannot connect to the Docker daemon at unix:///run/other.sock. Is the docker daemon running?',
    );
    expect(code).toBe(1);
  });
});
