import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTable } from '../../support/table.ts';
import { openSession, type Session } from './session.ts';

const ID = /^[0-9a-f]{64}\n$/;
const SHORT_ID = /^[0-9a-f]{12}$/;
const TWO_WORDS = /^[a-z]+_[a-z]+$/;
const AGO = /^(Less than a second|\d+ seconds?|About a minute|\d+ minutes?) ago$/;
const UP = /^Up (Less than a second|\d+ seconds?|About a minute|\d+ minutes?)$/;
const HEADINGS = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];
const published = (port: number) => new RegExp(`^0\\.0\\.0\\.0:${port}->80/tcp(, (\\[::\\]|::):${port}->80/tcp)?$`);
const exited = (code: number) =>
  new RegExp(`^Exited \\(${code}\\) (Less than a second|\\d+ seconds?|About a minute) ago$`);

/**
 * The first sections of the Docker Handbook (Farhan Hasin Chowdhury, freeCodeCamp), command by command as printed, in
 * one sitting: each step finds what the one before has left. What is expected follows the outputs printed there.
 */
export function handbook(client: 'berth' | 'docker'): void {
  let reader: Session;
  beforeAll(async () => {
    reader = await openSession(client);
  });
  afterAll(() => reader?.end());

  async function ok(line: string): Promise<string> {
    const { code, stdout, stderr } = await reader.type(line);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  }
  async function list(line: string): Promise<Record<string, string>[]> {
    const text = await ok(line);
    expect(
      text
        .split('\n')[0]!
        .trim()
        .split(/\s{2,}/),
    ).toEqual(HEADINGS);
    return parseTable(text);
  }
  async function page(port: number): Promise<string> {
    return (await fetch(`http://127.0.0.1:${port}`)).text();
  }
  async function pageSoon(port: number): Promise<string> {
    for (const end = Date.now() + 10_000; ; await delay(50)) {
      const text = await page(port).catch((error: unknown) => (Date.now() > end ? Promise.reject(error) : undefined));
      if (text !== undefined) return text;
    }
  }

  describe('Hello World in Docker', () => {
    it('docker run hello-world', async () => {
      expect(await ok('docker run hello-world')).toMatch(
        /^\nHello from Docker!\nThis message shows that your installation/,
      );
    });

    it('docker ps -a', async () => {
      const rows = await list('docker ps -a');
      expect(rows).toEqual([
        {
          'CONTAINER ID': expect.stringMatching(SHORT_ID),
          IMAGE: 'hello-world',
          COMMAND: '"/hello"',
          CREATED: expect.stringMatching(AGO),
          STATUS: expect.stringMatching(exited(0)),
          PORTS: '',
          NAMES: expect.stringMatching(TWO_WORDS),
        },
      ]);
    });

    it('docker run alpine uname -a', async () => {
      expect(await ok('docker run alpine uname -a')).toMatch(new RegExp(`^Linux [0-9a-f]{12} ${release()} .*Linux\n$`));
      await ok('docker rm $(docker ps -aq --filter ancestor=alpine)');
    });
  });

  describe('How to Run a Container, How to Publish a Port', () => {
    it('docker container run --publish 8080:80 fhsinchy/hello-dock', async () => {
      const running = reader.begin('docker container run --publish 8080:80 fhsinchy/hello-dock');
      expect(await pageSoon(8080)).toContain('hello-dock');
      await expect.poll(running.output).toContain('/docker-entrypoint.sh: Configuration complete; ready for start up');
      running.interrupt(); // ctrl + c
      expect((await running.ended).code).toBe(0);
      await expect(page(8080)).rejects.toThrow();
    });
  });

  describe('How to Use Detached Mode', () => {
    it('docker container run --detach --publish 8080:80 fhsinchy/hello-dock', async () => {
      expect(await ok('docker container run --detach --publish 8080:80 fhsinchy/hello-dock')).toMatch(ID);
      expect(await pageSoon(8080)).toContain('hello-dock');
    });
  });

  describe('How to List Containers', () => {
    it('docker container ls', async () => {
      const rows = await list('docker container ls');
      expect(rows).toEqual([
        {
          'CONTAINER ID': expect.stringMatching(SHORT_ID),
          IMAGE: 'fhsinchy/hello-dock',
          COMMAND: '"/docker-entrypoint.…"',
          CREATED: expect.stringMatching(AGO),
          STATUS: expect.stringMatching(UP),
          PORTS: expect.stringMatching(published(8080)),
          NAMES: expect.stringMatching(TWO_WORDS),
        },
      ]);
    });

    it('docker container ls --all', async () => {
      const rows = await list('docker container ls --all');
      expect(rows.map((row) => row['IMAGE'])).toEqual(['fhsinchy/hello-dock', 'fhsinchy/hello-dock', 'hello-world']);
      expect(rows.map((row) => row['STATUS'])).toEqual([
        expect.stringMatching(UP),
        expect.stringMatching(exited(0)),
        expect.stringMatching(exited(0)),
      ]);
    });
  });

  describe('How to Name or Rename a Container', () => {
    it('docker container run --detach --publish 8888:80 --name hello-dock-container fhsinchy/hello-dock', async () => {
      expect(
        await ok('docker container run --detach --publish 8888:80 --name hello-dock-container fhsinchy/hello-dock'),
      ).toMatch(ID);
      const rows = await list('docker container ls');
      expect(rows[0]).toMatchObject({ NAMES: 'hello-dock-container', PORTS: expect.stringMatching(published(8888)) });
      expect(rows[1]).toMatchObject({
        NAMES: expect.stringMatching(TWO_WORDS),
        PORTS: expect.stringMatching(published(8080)),
      });
    });

    it('docker container rename gifted_sammet hello-dock-container-2', async () => {
      const given = (await list('docker container ls'))[1]!['NAMES'];
      expect(await ok(`docker container rename ${given} hello-dock-container-2`)).toBe('');
      expect((await list('docker container ls')).map((row) => row['NAMES'])).toEqual([
        'hello-dock-container',
        'hello-dock-container-2',
      ]);
    });
  });

  describe('How to Stop or Kill a Running Container', () => {
    it('docker container stop hello-dock-container', async () => {
      expect(await ok('docker container stop hello-dock-container')).toBe('hello-dock-container\n');
    });

    it('docker container kill hello-dock-container-2', async () => {
      expect(await ok('docker container kill hello-dock-container-2')).toBe('hello-dock-container-2\n');
    });
  });

  describe('How to Restart a Container', () => {
    it('docker container ls --all', async () => {
      const rows = await list('docker container ls --all');
      expect(rows.map((row) => [row['NAMES'], row['STATUS']])).toEqual([
        ['hello-dock-container', expect.stringMatching(exited(0))],
        ['hello-dock-container-2', expect.stringMatching(exited(137))],
        [expect.stringMatching(TWO_WORDS), expect.stringMatching(exited(0))],
        [expect.stringMatching(TWO_WORDS), expect.stringMatching(exited(0))],
      ]);
      expect(rows.map((row) => row['PORTS'])).toEqual(['', '', '', '']);
    });

    it('docker container start hello-dock-container', async () => {
      expect(await ok('docker container start hello-dock-container')).toBe('hello-dock-container\n');
      expect(await pageSoon(8888)).toContain('hello-dock');
    });

    it('docker container restart hello-dock-container-2', async () => {
      expect(await ok('docker container restart hello-dock-container-2')).toBe('hello-dock-container-2\n');
      expect(await pageSoon(8080)).toContain('hello-dock');
      expect(await ok('docker container restart hello-dock-container-2')).toBe('hello-dock-container-2\n');
      expect(await pageSoon(8080)).toContain('hello-dock');
    });
  });

  describe('How to Create a Container Without Running', () => {
    it('docker container create --publish 8080:80 fhsinchy/hello-dock', async () => {
      expect(await ok('docker container create --publish 8080:80 fhsinchy/hello-dock')).toMatch(ID);
      const created = (await list('docker container ls --all'))[0]!;
      expect(created).toMatchObject({ STATUS: 'Created', PORTS: '' });
      // The printed name; the port is still another container's in this sitting.
      await ok(`docker container rename ${created['NAMES']} hello-dock`);
      await ok('docker container stop hello-dock-container-2');
    });

    it('docker container start hello-dock', async () => {
      expect(await ok('docker container start hello-dock')).toBe('hello-dock\n');
      const row = (await list('docker container ls')).find(({ NAMES }) => NAMES === 'hello-dock');
      expect(row).toMatchObject({ STATUS: expect.stringMatching(UP), PORTS: expect.stringMatching(published(8080)) });
      await ok('docker container rm --force hello-dock && docker container start hello-dock-container-2');
    });
  });

  describe('How to Remove Dangling Containers', () => {
    it('docker container rm 6cf52771dde1', async () => {
      const rows = await list('docker container ls --all');
      const dangling = rows.find(
        (row) => row['IMAGE'] === 'fhsinchy/hello-dock' && row['STATUS']!.startsWith('Exited'),
      )!;
      expect(await ok(`docker container rm ${dangling['CONTAINER ID']}`)).toBe(`${dangling['CONTAINER ID']}\n`);
    });

    it('docker container prune', async () => {
      expect(await ok('echo y | docker container prune')).toMatch(
        /Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: \S+B\n$/,
      );
      expect((await list('docker container ls --all')).map((row) => row['NAMES'])).toEqual([
        'hello-dock-container',
        'hello-dock-container-2',
      ]);
      await ok('docker container stop hello-dock-container hello-dock-container-2');
      await ok('docker container rm hello-dock-container hello-dock-container-2');
    });

    it('docker container run --rm --detach --publish 8888:80 --name hello-dock-volatile fhsinchy/hello-dock', async () => {
      expect(
        await ok('docker container run --rm --detach --publish 8888:80 --name hello-dock-volatile fhsinchy/hello-dock'),
      ).toMatch(ID);
      expect(await list('docker container ls')).toMatchObject([
        { NAMES: 'hello-dock-volatile', PORTS: expect.stringMatching(published(8888)) },
      ]);
      expect(await ok('docker container stop hello-dock-volatile')).toBe('hello-dock-volatile\n');
      await expect.poll(() => list('docker container ls --all')).toEqual([]);
    });
  });

  describe('How to Run a Container in Interactive Mode', () => {
    it('docker container run --rm -it ubuntu', async () => {
      const { code, stdout } = await reader.terminal('docker container run --rm -it ubuntu', [
        { after: /root@[0-9a-f]{12}:\/# /, press: 'cat /etc/os-release\n' },
        { after: /ID_LIKE=debian[\s\S]*# /, press: 'exit\n' },
      ]);
      expect(stdout).toMatch(/\nroot@[0-9a-f]{12}:\/# cat \/etc\/os-release\nNAME="Ubuntu"\nID=ubuntu\n/);
      expect(code).toBe(0);
    });

    it('docker container run -it node', async () => {
      const { code, stdout } = await reader.terminal('docker container run -it node', [
        { after: /> /, press: "['farhan', 'hasin', 'chowdhury'].map(name => name.toUpperCase())\n" },
        { after: /CHOWDHURY' \][\s\S]*> /, press: '.exit\n' },
      ]);
      expect(stdout).toMatch(/^Welcome to Node\.js v\d+\.\d+\.\d+\.\s+Type "\.help" for more information\.\n> /);
      expect(stdout).toContain("[ 'FARHAN', 'HASIN', 'CHOWDHURY' ]");
      expect(code).toBe(0);
    });
  });

  describe('How to Execute Commands Inside a Container', () => {
    it('docker container run --rm busybox echo -n my-secret | base64', async () => {
      expect(await ok('docker container run --rm busybox echo -n my-secret | base64')).toBe('bXktc2VjcmV0\n');
    });
  });

  describe('How to Work With Executable Images', () => {
    it('docker container run --rm -v $(pwd):/zone fhsinchy/rmbyext pdf', async () => {
      for (const name of ['a.pdf', 'b.pdf', 'c.txt', 'd.pdf', 'e.txt'])
        await writeFile(join(reader.directory, name), '');
      const [first, ...removed] = (await ok('docker container run --rm -v $(pwd):/zone fhsinchy/rmbyext pdf'))
        .trimEnd()
        .split('\n');
      expect(first).toBe('Removing: PDF');
      expect(removed.sort()).toEqual(['a.pdf', 'b.pdf', 'd.pdf']);
      expect(await readdir(reader.directory)).toEqual(['c.txt', 'e.txt']);
      expect(existsSync(join(reader.directory, 'a.pdf'))).toBe(false);
    });
  });
}
