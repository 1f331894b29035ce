import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type Session } from '../handbook/session.ts';
import { ID, readerOf, SHORT_ID } from './reader.ts';
import { tutorialImages } from './stand-ins.ts';

/** A wiki page on Docker: the parts about containers, images and volumes, command by command as printed, in one sitting. */
export function dockerWiki(client: 'berth' | 'docker'): void {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(client, tutorialImages());
  });
  afterAll(() => session?.end());
  const { ok, refused, table, page } = readerOf(() => session);
  const names = async (line: string) => (await table(line)).map(({ NAMES }) => NAMES);

  describe('Docker cli', () => {
    it('docker info, docker --version, docker version, docker help', async () => {
      expect(await ok('docker info')).toMatch(/Server:\n Containers: 0\n/);
      expect(await ok('docker --version')).toMatch(/version \d+\.\d+\.\d+/);
      expect(await ok('docker version')).toMatch(/Client:[\s\S]*Server:/);
      expect(await ok('docker help')).toMatch(/Management Commands:[\s\S]*\n {2}container /);
      expect(await ok('docker help container run')).toMatch(/^Usage: +\w+ container run \[OPTIONS\] IMAGE/);
    });

    it('docker container run hello-world', async () => {
      expect(await ok('docker container run hello-world')).toContain('Hello from Docker!');
    });

    it('docker images, docker image ls', async () => {
      expect(await ok('docker images')).toBe(await ok('docker image ls'));
      expect((await table('docker images')).map(({ REPOSITORY }) => REPOSITORY)).toContain('redis');
    });

    it('docker container run redis', async () => {
      const running = session.begin('docker container run redis');
      await expect.poll(running.output, { timeout: 20_000 }).toContain('Ready to accept connections');
      running.interrupt();
      expect((await running.ended).code).toBe(0);
    });

    it('docker container run -P httpd', async () => {
      const running = session.begin('docker container run --name random -P httpd');
      await expect.poll(running.output, { timeout: 20_000 }).toContain('resuming normal operations');
      const [, port] = /0\.0\.0\.0:(\d+)/.exec(await ok('docker port random 80/tcp')) ?? [];
      expect(Number(port)).toBeGreaterThan(1023);
      expect(await page(Number(port))).toBe('httpd:latest\n');
      running.interrupt();
      await running.ended;
    });

    it('docker container create -p 80:80 httpd, docker container start CONTAINER_ID', async () => {
      const id = await ok('docker container create -p 80:80 httpd');
      expect(id).toMatch(ID);
      expect(await ok(`docker container start ${id.trim()}`)).toBe(id);
      expect(await page(80)).toBe('httpd:latest\n');
      expect(await ok(`docker container rm -f ${id.slice(0, 6)}`)).toBe(`${id.slice(0, 6)}\n`);
    });

    it('docker container run -it centos', async () => {
      const { code, stdout } = await session.terminal('docker container run -it centos', [
        { after: /\[root@[0-9a-f]{12} \/\]# /, press: 'cat /etc/shadow\n' },
        { after: /root:\*[\s\S]*# /, press: 'exit\n' },
      ]);
      expect([code, stdout]).toEqual([0, expect.stringContaining('root:*:19000')]);
      expect(await ok('docker container run centos')).toBe('');
    });

    it('docker run -d -p 6001:6379 --name redis-olderv redis:4.0', async () => {
      expect(await ok('docker run -d -p 6001:6379 --name redis-olderv redis:4.0')).toMatch(ID);
      expect(await page(6001)).toBe('redis:latest\n');
    });

    it('docker exec -it CONTAINER_ID /bin/sh', async () => {
      const { code, stdout } = await session.terminal('docker exec -it redis-olderv /bin/sh', [
        { after: /# /, press: 'hostname\n' },
        { after: /[0-9a-f]{12}[\s\S]*# /, press: 'exit\n' },
      ]);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/[0-9a-f]{12}/)]);
    });

    it('docker ps, docker container ls, with -a and -f status=exited -q', async () => {
      expect(await names('docker ps')).toEqual(['redis-olderv']);
      expect(await ok('docker container ls -q')).toBe(await ok('docker ps -q'));
      expect(await ok('docker ps -aq')).toBe(await ok('docker container ls -a -q'));
      const exited = await table('docker container ls -a -f status=exited');
      expect(exited.every(({ STATUS }) => STATUS?.startsWith('Exited'))).toBe(true);
      const ids = (await ok('docker container ls -a -f status=exited -q')).trimEnd().split('\n');
      expect(ids).toEqual(exited.map((row) => row['CONTAINER ID']));
    });

    it('docker container logs, with -f', async () => {
      expect(await ok('docker container logs redis-olderv')).toContain('Ready to accept connections');
      const following = session.begin('docker container logs -f redis-olderv');
      await expect.poll(following.output, { timeout: 20_000 }).toContain('Ready to accept connections');
      following.interrupt();
      await following.ended;
    });

    it('docker container top: the same processes as on the host', async () => {
      const rows = await table('docker container top redis-olderv');
      const pid = (await ok("docker inspect -f '{{.State.Pid}}' redis-olderv")).trim();
      expect(rows.map(({ PID }) => PID)).toContain(pid);
    });

    it('docker container stats CONTAINER_NAME', async () => {
      const [row] = await table('docker container stats --no-stream redis-olderv');
      expect(row).toMatchObject({
        NAME: 'redis-olderv',
        'CPU %': expect.stringMatching(/%$/),
        PIDS: expect.any(String),
      });
      const live = session.begin('docker container stats redis-olderv');
      await expect.poll(live.output, { timeout: 20_000 }).toContain('redis-olderv');
      // Docker's client 28.2.2 only leaves at the third time when it was given names.
      const interrupted = () => {
        live.interrupt();
        return Promise.race([live.ended.then(() => 'ended'), delay(100, 'not yet')]);
      };
      await expect.poll(interrupted, { timeout: 20_000 }).toBe('ended');
    });

    it('docker container inspect CONTAINER_NAME | grep -i ipaddress', async () => {
      expect(await ok('docker container inspect redis-olderv | grep -i ipaddress')).toMatch(
        /"IPAddress": "\d+\.\d+\.\d+\.\d+"/,
      );
    });

    it('docker container stop, rm by the first digits, rm -f, rm $(…)', async () => {
      const id = (await ok('docker ps -q')).trim();
      expect(await refused(`docker container rm ${id}`)).toContain('container is running');
      expect(await ok(`docker container stop ${id}`)).toBe(`${id}\n`);
      expect(await ok(`docker container rm ${id.slice(0, 5)}`)).toBe(`${id.slice(0, 5)}\n`);
      await ok('docker run -d --name again redis');
      expect(await ok('docker container rm -f again')).toBe('again\n');
      await ok('docker container rm $(docker container ls -a -f status=exited -q)');
      expect(await names('docker ps -a')).toEqual([]);
    });
  });

  describe('Images', () => {
    it('docker commit, docker image tag, docker tag', async () => {
      await ok('docker run --name changed centos touch /made');
      expect(await ok('docker commit -m "commit message" -a "author name" changed repo/image:latest')).toMatch(
        /^sha256:[0-9a-f]{64}\n$/,
      );
      expect(await ok("docker image inspect -f '{{.Author}}|{{.Comment}}' repo/image")).toBe(
        'author name|commit message\n',
      );
      expect(await ok('docker run --rm repo/image ls /made')).toBe('/made\n');
      await ok('docker image tag repo/image repo/image:new_tag');
      await ok('docker tag repo/image:new_tag new-my-app:1.1.0');
      const id = (name: string) => ok(`docker images -q ${name}`);
      expect(await id('new-my-app:1.1.0')).toBe(await id('repo/image:latest'));
    });

    it('docker rmi, docker image rm -f', async () => {
      expect(await refused('docker rmi centos')).toMatch(/conflict: unable to remove repository reference "centos"/);
      expect(await ok('docker rmi repo/image:new_tag')).toBe('Untagged: repo/image:new_tag\n');
      expect(await ok('docker image rm -f new-my-app:1.1.0')).toBe('Untagged: new-my-app:1.1.0\n');
      await ok('docker rm changed');
    });

    it('docker image inspect: the layers; docker container ls -s: size and virtual size', async () => {
      expect(await ok("docker image inspect -f '{{json .RootFS.Layers}}' redis")).toMatch(/^\["sha256:/);
      await ok('docker run --name sized centos sh -c "head -c 102400 /dev/zero > /file"');
      expect((await table('docker container ls -a -s'))[0]?.['SIZE']).toMatch(/^10\dkB \(virtual .*MB\)$/);
      await ok('docker rm sized');
    });

    it('docker system prune', async () => {
      await ok('docker run --name stopped centos');
      const text = await ok('echo y | docker system prune');
      expect(text).toMatch(/WARNING! This will remove:[\s\S]*Total reclaimed space/);
      expect(await names('docker ps -a')).toEqual([]);
      expect((await table('docker images')).map(({ REPOSITORY }) => REPOSITORY)).toContain('mongo');
    });
  });

  describe('Container', () => {
    it('CTRL + P + Q leaves it running; docker container exec', async () => {
      const line = 'docker container run -it --name kept centos';
      await session.terminal(line, [{ after: /# /, press: '\u0010\u0011' }]);
      expect(await names('docker ps')).toEqual(['kept']);
      expect(await ok('docker container exec kept cat /etc/shadow')).toContain('root:*:19000');
      await ok('docker rm -f kept');
    });
  });

  describe('Persistent Data', () => {
    it('docker volume create, ls, inspect, rm, prune', async () => {
      expect(await ok('docker volume create volumeName')).toBe('volumeName\n');
      expect(await table('docker volume ls')).toEqual([{ DRIVER: 'local', 'VOLUME NAME': 'volumeName' }]);
      const [volume] = JSON.parse(await ok('docker volume inspect volumeName'));
      expect(volume).toMatchObject({
        Name: 'volumeName',
        Driver: 'local',
        Mountpoint: expect.stringContaining('/_data'),
      });
      expect(await ok('docker volume rm volumeName')).toBe('volumeName\n');
      await ok('docker volume create unused');
      expect(await ok('docker volume prune -af')).toContain('unused');
    });

    it('docker container run -d --name mywebapp -p 80:80 -v mysite:/usr/share/ngnix/html nginx', async () => {
      await ok('docker container run -d --name mywebapp -p 80:80 -v mysite:/usr/share/ngnix/html nginx');
      expect(await page(80)).toBe('nginx:latest\n');
      await ok('docker exec mywebapp touch /usr/share/ngnix/html/kept');
      await ok('docker rm -f mywebapp');
      expect(await ok('docker run --rm -v mysite:/again centos ls /again')).toBe('kept\n');
      await ok('docker volume rm mysite');
    });
  });

  describe('Ports and networks', () => {
    it('docker run -p 6000:6379 redis', async () => {
      await ok('docker run -d --name bound -p 6000:6379 redis');
      expect(await page(6000)).toBe('redis:latest\n');
      expect((await table('docker ps'))[0]?.['PORTS']).toContain('0.0.0.0:6000->6379/tcp');
      await ok('docker rm -f bound');
    });

    it('docker network ls', async () => {
      const rows = await table('docker network ls');
      expect(rows.map(({ NAME, DRIVER }) => [NAME, DRIVER])).toEqual([
        ['bridge', 'bridge'],
        ['host', 'host'],
        ['none', 'null'],
      ]);
      expect(rows[0]?.['NETWORK ID']).toMatch(SHORT_ID);
    });

    it('docker network create mongo-network: containers in it find each other by name', async () => {
      expect(await ok('docker network create mongo-network')).toMatch(ID);
      await ok('docker run -d --name mongodb --network mongo-network mongo');
      const ask = 'docker run --rm --network mongo-network centos wget -q -O - http://mongodb:27017';
      await expect.poll(() => session.type(ask), { timeout: 20_000 }).toMatchObject({ stdout: 'mongo:latest\n' });
      await ok('docker rm -f mongodb');
      expect(await ok('docker network rm mongo-network')).toBe('mongo-network\n');
    });

    it('docker run -p 27017:27017 -d mongo', async () => {
      expect(await ok('docker run -p 27017:27017 -d mongo')).toMatch(ID);
      expect(await page(27017)).toBe('mongo:latest\n');
      await ok('docker rm -f $(docker ps -q)');
    });

    it('docker system prune -a', async () => {
      await ok('docker system prune -af');
      expect(await table('docker images -a')).toEqual([]);
    });
  });
}
