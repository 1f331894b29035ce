import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxFiles, busyboxImage } from '../../support/images.ts';
import { enterOwnNetwork } from '../../support/network-namespace.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';
import { openSession, type Session } from '../handbook/session.ts';
import { readerOf } from './reader.ts';

const IMAGE_ID = /^[0-9a-f]{12}$/;
const DIGEST = 'sha256:[0-9a-f]{64}';

/**
 * What "Intro to Docker", the handbook, the wiki and the notes do with images and no build, command by command as printed.
 * The hub is a mirror on this machine with stand-ins for its images.
 */
export function imageChapters(client: 'berth' | 'docker'): void {
  let session: Session;
  let hub: FakeRegistry;
  beforeAll(async () => {
    await enterOwnNetwork();
    hub = await startFakeRegistry();
    const layer = [{ path: 'etc' }, { path: 'etc/issue', content: 'a stand-in\n' }];
    for (const [repository, tag] of [
      ['nginx', 'latest'],
      ['nginx', 'stable'],
      ['ubuntu', '22.04'],
      ['redis', 'latest'],
    ] as const) {
      const own = { path: 'name', content: `${repository}:${tag}` };
      const made = makeImage({ layers: [busyboxFiles(), [...layer, own]], config: { Cmd: ['/bin/sh'] } });
      publish(hub, `library/${repository}`, tag, made);
    }
    const images = [busyboxImage(['app:1.0'], { config: { Cmd: ['sh'] } })];
    session = await openSession(client, images, ['--registry-mirror', hub.origin]);
  });
  afterAll(async () => {
    await session?.end();
    await hub?.close();
  });
  const { ok, refused, table } = readerOf(() => session);
  const listed = async () =>
    (await table('docker image ls')).map(({ REPOSITORY, TAG }) => `${REPOSITORY}:${TAG}`).sort();

  describe('Intro to Docker: managing images', () => {
    it('docker pull nginx', async () => {
      const lines = (await ok('docker pull nginx')).split('\n');
      expect(lines.slice(0, 2)).toEqual(['Using default tag: latest', 'latest: Pulling from library/nginx']);
      expect(lines.filter((line) => /^[0-9a-f]{12}: Pull complete$/.test(line))).toHaveLength(2);
      expect(lines.slice(-4)).toEqual([
        expect.stringMatching(new RegExp(`^Digest: ${DIGEST}$`)),
        'Status: Downloaded newer image for nginx:latest',
        'docker.io/library/nginx:latest',
        '',
      ]);
    });

    it('docker pull ubuntu:22.04, a layer of which is here', async () => {
      const said = await ok('docker pull ubuntu:22.04');
      expect(said).toMatch(/^22\.04: Pulling from library\/ubuntu\n/);
      expect(said).toMatch(/^[0-9a-f]{12}: Already exists$/m);
      expect(said).toContain('Status: Downloaded newer image for ubuntu:22.04\ndocker.io/library/ubuntu:22.04\n');
      expect(await ok('docker pull ubuntu:22.04')).toContain('Status: Image is up to date for ubuntu:22.04\n');
    });

    it('docker image', async () => {
      const { code, stdout, stderr } = await session.type('docker image');
      const said = (stdout + stderr).replaceAll('berth', 'docker');
      expect(code).toBe(0);
      expect(said).toMatch(/^\n?Usage: {2}docker image COMMAND\n\nManage images\n\nCommands:\n/);
      for (const command of [
        'history',
        'import',
        'inspect',
        'load',
        'ls',
        'prune',
        'pull',
        'push',
        'rm',
        'save',
        'tag',
      ]) {
        expect(said).toMatch(new RegExp(`^ {2}${command} +[A-Z]`, 'm'));
      }
      expect(said).toMatch(/Run 'docker image COMMAND --help' for more information on a command\.\n$/);
    });

    it('docker image ls', async () => {
      const said = await ok('docker image ls');
      expect(said).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
      const rows = await table('docker image ls');
      expect(rows.map(({ REPOSITORY, TAG }) => `${REPOSITORY}:${TAG}`).sort()).toEqual([
        'app:1.0',
        'nginx:latest',
        'ubuntu:22.04',
      ]);
      for (const row of rows) {
        expect(row).toMatchObject({
          'IMAGE ID': expect.stringMatching(IMAGE_ID),
          CREATED: expect.stringMatching(/^\d+ \w+ ago$/),
          SIZE: expect.stringMatching(/^[\d.]+[kM]?B$/),
        });
      }
    });

    it('docker image rm ubuntu:22.04', async () => {
      const said = (await ok('docker image rm ubuntu:22.04')).split('\n');
      expect(said).toEqual([
        'Untagged: ubuntu:22.04',
        expect.stringMatching(new RegExp(`^Untagged: ubuntu@${DIGEST}$`)),
        expect.stringMatching(new RegExp(`^Deleted: ${DIGEST}$`)),
        // The layer that nginx has as well stays.
        expect.stringMatching(new RegExp(`^Deleted: ${DIGEST}$`)),
        '',
      ]);
      expect(await listed()).toEqual(['app:1.0', 'nginx:latest']);
    });
  });

  describe('The handbook: listing, removing, history', () => {
    it('docker image tag <image id> <image repository>:<image tag>', async () => {
      const [{ 'IMAGE ID': id } = { 'IMAGE ID': '' }] = await table('docker image ls nginx');
      expect(await ok(`docker image tag ${id} custom-nginx:packaged`)).toBe('');
      expect(await ok('docker image tag custom-nginx:packaged custom-nginx:built')).toBe('');
      const rows = await table('docker image ls custom-nginx');
      expect(rows.map(({ TAG, 'IMAGE ID': own }) => [TAG, own])).toEqual([
        ['built', id],
        ['packaged', id],
      ]);
    });

    it('docker image rm custom-nginx:packaged', async () => {
      expect(await ok('docker image rm custom-nginx:packaged')).toBe('Untagged: custom-nginx:packaged\n');
      expect(await ok('docker image rm custom-nginx:built')).toBe('Untagged: custom-nginx:built\n');
    });

    it('docker image history nginx', async () => {
      const rows = await table('docker image history nginx');
      expect(rows).toHaveLength(2);
      expect(rows[0]).toMatchObject({ IMAGE: expect.stringMatching(IMAGE_ID), 'CREATED BY': 'layer 1' });
      expect(rows[1]).toMatchObject({ IMAGE: '<missing>', 'CREATED BY': 'layer 0' });
    });

    it('docker image pull nginx:stable', async () => {
      expect(await ok('docker image pull nginx:stable')).toMatch(
        /^stable: Pulling from library\/nginx\n[\s\S]*docker\.io\/library\/nginx:stable\n$/,
      );
      expect(await listed()).toEqual(['app:1.0', 'nginx:latest', 'nginx:stable']);
    });

    it('docker image prune --force', async () => {
      await ok('docker image tag app:1.0 nginx:stable');
      // What was nginx:stable has its digest still, and no tag.
      const said = await ok('docker image prune --force');
      expect(said).toMatch(new RegExp(`^Deleted Images:\nuntagged: nginx@${DIGEST}\ndeleted: ${DIGEST}\n`));
      expect(said).toMatch(/\n\nTotal reclaimed space: \d+B\n$/);
      expect(await ok('docker image prune --force')).toBe('Total reclaimed space: 0B\n');
    });
  });

  describe('The wiki: tags, commits', () => {
    it('docker image pull redis, docker image inspect redis', async () => {
      expect(await ok('docker image pull redis')).toMatch(/^Using default tag: latest\n/);
      expect(JSON.parse(await ok('docker image inspect redis'))).toMatchObject([{ RepoTags: ['redis:latest'] }]);
    });

    it('docker commit -m "commit message" -a "author name" CONTAINER_ID repo_name/image_name:latest', async () => {
      await ok('docker run --name box app:1.0 touch /made');
      expect(await ok('docker commit -m "commit message" -a "author name" box repo_name/image_name:latest')).toMatch(
        new RegExp(`^${DIGEST}\n$`),
      );
      expect(await ok('docker image inspect --format "{{.Author}}: {{.Comment}}" repo_name/image_name')).toBe(
        'author name: commit message\n',
      );
    });

    it('docker image tag repo_name/image_name:old_tag repo_name/image_name:new_tag', async () => {
      expect(await ok('docker image tag repo_name/image_name:latest repo_name/image_name:new_tag')).toBe('');
      expect(await ok('docker tag app:1.0 new-my-app:1.1.0')).toBe('');
      expect((await table('docker images repo_name/image_name')).map(({ TAG }) => TAG).sort()).toEqual([
        'latest',
        'new_tag',
      ]);
    });

    it('docker rmi, docker image rm -f', async () => {
      expect(await refused('docker rmi app:1.0 none:1')).toContain('No such image: none:1');
      expect(await ok('docker image rm repo_name/image_name:latest')).toBe('Untagged: repo_name/image_name:latest\n');
      await ok('docker rm box');
      expect(await ok('docker rmi -f repo_name/image_name:new_tag')).toMatch(
        new RegExp(`^Untagged: repo_name/image_name:new_tag\nDeleted: ${DIGEST}\nDeleted: ${DIGEST}\n$`),
      );
    });
  });

  describe('The notes: an image by its id', () => {
    it('docker image rm IMAGE_ID', async () => {
      const [{ 'IMAGE ID': id } = { 'IMAGE ID': '' }] = await table('docker image ls redis');
      expect(await ok(`docker image rm ${id}`)).toMatch(
        new RegExp(`^Untagged: redis:latest\nUntagged: redis@${DIGEST}\nDeleted: ${DIGEST}\n`),
      );
      expect(await refused(`docker image rm ${id}`)).toContain(`No such image: ${id}`);
    });
  });
}
