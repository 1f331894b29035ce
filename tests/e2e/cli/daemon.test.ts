import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';

/**
 * Runs a shell script as on a machine of its own: the default places of the engine (socket, data, log) and the network
 * are private to it and gone afterwards. `$BERTH` is the built client.
 */
async function onOwnMachine(script: string) {
  const home = mkdtempSync(join(tmpdir(), 'berth-daemon-'));
  const prepare = [
    'set -e',
    ...['/run', '/var/lib', '/var/log'].map((path) => `mount -t tmpfs none ${path}`),
    'ip link set lo up',
    'set +e',
  ];
  const env = { BERTH: clientProgram('berth'), HOME: home, DOCKER_CONFIG: home, DOCKER_HOST: '', BERTH_HOST: '' };
  try {
    // Whatever the script does, all that it started ends with it.
    const space = ['--mount', '--net', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const args = [...space, 'sh', '-c', [...prepare, script].join('\n')];
    return await run('unshare', args, { env });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('without an engine', () => {
  it('a command starts one, says so in one line, and goes on', async () => {
    const { stdout, stderr } = await onOwnMachine(
      '$BERTH ps -q; echo first $?; $BERTH ps -q; echo second $?; $BERTH daemon status; $BERTH daemon stop',
    );
    expect(stderr).toMatch(
      /^berth: engine was not running; started it \(pid \d+, log \/var\/log\/berth\/engine\.log\)\n$/,
    );
    expect(stdout).toMatch(
      /^first 0\nsecond 0\nthe engine runs \(pid (\d+)\) and answers at unix:\/\/\/run\/berth\/berth\.sock\nstopped the engine \(pid \1\); containers go on\n$/,
    );
  });

  it('several commands at once start one', async () => {
    const { stdout } = await onOwnMachine(
      'for i in 1 2 3 4; do ($BERTH ps -q 2>/dev/null; echo $?) & done; wait $(jobs -p); $BERTH daemon status; $BERTH daemon stop',
    );
    expect(stdout).toMatch(/^0\n0\n0\n0\nthe engine runs /);
  });

  it('shows the end of its log when it cannot start', async () => {
    const { stdout, stderr } = await onOwnMachine('echo "not a folder" > /var/lib/berth; $BERTH ps; echo $?');
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(
      /^the engine did not start: it ended with exit code 1\nThe end of \/var\/log\/berth\/engine\.log:\n {2}.+\n/,
    );
  });

  it('is not started for an address that was given', async () => {
    const { stdout, stderr } = await onOwnMachine('$BERTH -H unix:///run/other.sock ps; echo $?; ls /run/berth 2>&1');
    expect(stdout).toMatch(/^1\nls: cannot access/);
    expect(stderr).toBe(
      'Cannot connect to the Docker daemon at unix:///run/other.sock. Is the docker daemon running?\n',
    );
  });

  it('needs root', async () => {
    const { stderr } = await onOwnMachine('setpriv --reuid=65534 --clear-groups $BERTH ps');
    expect(stderr).toContain('Cannot connect to the Docker daemon at unix:///run/berth/berth.sock');
    expect(stderr).toContain('starting it needs root');
  });
});

describe('daemon', () => {
  it('starts, restarts with the same options, and stops', async () => {
    const { stdout, stderr } = await onOwnMachine(
      [
        '$BERTH daemon status; echo status $?',
        '$BERTH daemon start --exec-root /run/b --data-root /var/lib/b --log-level debug',
        '$BERTH daemon start --exec-root /run/b',
        '$BERTH daemon restart --exec-root /run/b',
        "tr '\\0' ' ' < /proc/$(cat /run/b/berth.pid)/cmdline | grep -o -- '--log-level debug'",
        '$BERTH -H unix:///run/b/berth.sock ps -q; echo ps $?',
        '$BERTH daemon stop --exec-root /run/b',
        '$BERTH daemon stop --exec-root /run/b',
      ].join('\n'),
    );
    expect(stderr).toBe('');
    const lines = stdout.replaceAll(/pid \d+/g, 'pid N').split('\n');
    expect(lines).toEqual([
      'the engine does not run',
      'status 3',
      'started the engine (pid N, log /run/b/engine.log)',
      'the engine runs already (pid N)',
      'restarted the engine (pid N, log /run/b/engine.log)',
      '--log-level debug',
      'ps 0',
      'stopped the engine (pid N); containers go on',
      'the engine does not run',
      '',
    ]);
  });

  it('in the foreground is the engine itself, with its options and its help', async () => {
    const { stdout } = await onOwnMachine(
      [
        '$BERTH daemon --help | head -1',
        '$BERTH daemon > /run/out 2>&1 & pid=$!',
        'until $BERTH -H unix:///run/berth/berth.sock ps -q 2>/dev/null; do sleep 0.05; done',
        'test "$(cat /run/berth/berth.pid)" = $pid && echo same process',
        'kill $pid; wait $pid; echo ended $?',
      ].join('\n'),
    );
    expect(stdout).toBe('Usage:  berth daemon [OPTIONS]\nsame process\nended 0\n');
  });
});
