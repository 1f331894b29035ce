import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type Session } from '../handbook/session.ts';
import { AGO, readerOf, SHORT_ID, TWO_WORDS } from './reader.ts';
import { tutorialImages } from './stand-ins.ts';

/**
 * "Lets use docker": the parts about containers, command by command as printed, in one sitting. The image that the text
 * builds is there already.
 */
export function letsUseDocker(client: 'berth' | 'docker'): void {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(client, tutorialImages());
  });
  afterAll(() => session?.end());
  const { ok, refused, table } = readerOf(() => session);

  describe('images', () => {
    it('docker image ls, docker image history hello_world', async () => {
      const rows = await table('docker image ls');
      expect(rows.find(({ REPOSITORY }) => REPOSITORY === 'hello_world')).toMatchObject({
        TAG: 'latest',
        'IMAGE ID': expect.stringMatching(SHORT_ID),
        SIZE: expect.stringMatching(/B$/),
      });
      const history = await table('docker image history hello_world');
      expect(Object.keys(history[0] ?? {})).toEqual(['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT']);
    });
  });

  describe('Running a docker container', () => {
    it('docker container run hello_world', async () => {
      expect(await ok('docker container run hello_world')).toBe('hello world\n');
    });

    it('docker container ls, docker container ls -a', async () => {
      expect(await table('docker container ls')).toEqual([]);
      expect(await table('docker container ls -a')).toEqual([
        {
          'CONTAINER ID': expect.stringMatching(SHORT_ID),
          IMAGE: 'hello_world',
          COMMAND: '"/bin/sh -c \'python …"',
          CREATED: expect.stringMatching(AGO),
          STATUS: expect.stringMatching(/^Exited \(0\) /),
          PORTS: '',
          NAMES: expect.stringMatching(TWO_WORDS),
        },
      ]);
    });

    it('docker container run --name hello_world hello_world', async () => {
      expect(await ok('docker container run --name hello_world hello_world')).toBe('hello world\n');
      const names = (await table('docker container ls -a')).map(({ NAMES }) => NAMES);
      expect(names).toEqual(['hello_world', expect.stringMatching(TWO_WORDS)]);
    });

    it('docker container rm boring_lalande', async () => {
      const [, given] = await table('docker container ls -a');
      expect(await ok(`docker container rm ${given?.['NAMES']}`)).toBe(`${given?.['NAMES']}\n`);
      expect((await table('docker container ls -a')).map(({ NAMES }) => NAMES)).toEqual(['hello_world']);
    });

    it('docker container start hello_world, docker container logs hello_world', async () => {
      expect(await ok('docker container start hello_world')).toBe('hello_world\n');
      await ok('docker container wait hello_world');
      const [row] = await table('docker container ls -a');
      expect(row).toMatchObject({ NAMES: 'hello_world', STATUS: expect.stringMatching(/^Exited \(0\) /) });
      expect(await ok('docker container logs hello_world')).toBe('hello world\nhello world\n');
    });

    it('logs append with each start', async () => {
      for (let again = 0; again < 2; again++) {
        await ok('docker container start hello_world');
        await ok('docker container wait hello_world');
      }
      expect(await ok('docker container logs hello_world')).toBe('hello world\n'.repeat(4));
    });
  });

  describe('Providing more configuration on a run', () => {
    it('docker run --help', async () => {
      const help = await ok('docker run --help');
      for (const line of PRINTED_OPTIONS) expect(help).toMatch(new RegExp(`${line}\\b`));
    });

    it('docker run --memory 4MB --env "environment=PRODUCTION" hello_world', async () => {
      // Docker has asked for more than the text's four megabytes since version 20.10.
      expect(await refused('docker run --memory 4MB --env "environment=PRODUCTION" hello_world')).toContain(
        'Minimum memory limit allowed is 6MB',
      );
      expect(await ok('docker run --memory 6MB --env "environment=PRODUCTION" hello_world')).toBe('hello world\n');
      expect(await ok('docker run --env "environment=PRODUCTION" hello_world sh -c \'echo $environment\'')).toBe(
        'PRODUCTION\n',
      );
    });
  });

  describe('Clean up', () => {
    it('docker image rm hello_world', async () => {
      expect(await refused('docker image rm hello_world')).toContain('container');
      await ok('docker container prune -f');
      expect(await ok('docker image rm hello_world')).toMatch(
        /^Untagged: hello_world:latest\nDeleted: sha256:[0-9a-f]{64}\n/,
      );
    });

    it('docker images, docker ps, docker run, docker logs, docker history are the same by their short names', async () => {
      expect(await ok('docker images')).toBe(await ok('docker image ls'));
      expect(await ok('docker run --name short ubuntu echo said')).toBe('said\n');
      expect(await ok('docker logs short')).toBe('said\n');
      expect((await table('docker ps -a'))[0]).toMatchObject({ NAMES: 'short' });
      expect((await table('docker history ubuntu')).length).toBeGreaterThan(0);
      await ok('docker rm short');
    });
  });
}

/** As the text prints them; `kernel-memory` and others went since. */
const PRINTED_OPTIONS =
  '--add-host -a, --attach --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent --cidfile --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime -c, --cpu-shares --cpus --cpuset-cpus --cpuset-mems -d, --detach --detach-keys --device --device-cgroup-rule --device-read-bps --device-read-iops --device-write-bps --device-write-iops --disable-content-trust --dns --dns-option --dns-search --domainname --entrypoint -e, --env --env-file --expose --gpus --group-add --health-cmd --health-interval --health-retries --health-start-period --health-timeout --help -h, --hostname --init -i, --interactive --ip --ip6 --ipc --isolation --kernel-memory -l, --label --label-file --link --link-local-ip --log-driver --log-opt --mac-address -m, --memory --memory-reservation --memory-swap --memory-swappiness --mount --name --network --network-alias --no-healthcheck --oom-kill-disable --oom-score-adj --pid --pids-limit --privileged -p, --publish -P, --publish-all --read-only --restart --rm --runtime --security-opt --shm-size --sig-proxy --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs -t, --tty --ulimit -u, --user --userns --uts -v, --volume --volume-driver --volumes-from -w, --workdir'
    .split(/ (?=-)/)
    .filter((word) => word.startsWith('--'));
