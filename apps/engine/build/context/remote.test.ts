import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitServer, startGitServer, startGitWeb } from '../../../../tests/support/git.ts';
import { type BuildContexts, openBuildContexts } from './contexts.ts';
import { isGitAddress, parseGitAddress } from './fetch-git.ts';

let root: string;
let contexts: BuildContexts;
let server: GitServer;
let first: string;
const { signal } = new AbortController();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'berth-remote-'));
  contexts = openBuildContexts(root);
  server = await startGitServer();
  const { folder, git, publish } = server.repository('app');
  mkdirSync(join(folder, 'sub/deep'), { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(folder, 'sub/Dockerfile'), 'FROM sub\n');
  writeFileSync(join(folder, 'sub/deep/run.sh'), '#!/bin/sh\n');
  chmodSync(join(folder, 'sub/deep/run.sh'), 0o755);
  symlinkSync('sub', join(folder, 'inside'));
  symlinkSync('/', join(folder, 'outside'));
  git('add', '.');
  git('commit', '-qm', 'one');
  first = git('rev-parse', 'HEAD').trim();
  git('tag', 'v1');
  writeFileSync(join(folder, 'second'), '2');
  git('add', '.');
  git('commit', '-qm', 'two');
  git('branch', 'side', first);
  publish();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  contexts.close();
  rmSync(root, { recursive: true });
});

const paths = async (address: string, keepGitDir = false) => {
  const context = await contexts.fromGit(address, { keepGitDir, signal });
  const found = [...context.entries.keys()];
  context.release();
  return found;
};

describe('a context of a Git repository', () => {
  const all = ['Dockerfile', 'inside', 'outside', 'sub', 'sub/Dockerfile', 'sub/deep', 'sub/deep/run.sh'];

  it('has one commit without .git, and leaves no checkout', async () => {
    expect(await paths(server.url('app'))).toEqual(['Dockerfile', 'inside', 'outside', 'second', ...all.slice(3)]);
    expect(readdirSync(join(root, 'build/checkouts'))).toEqual([]);
    expect(await paths(server.url('app'), true)).toContain('.git/HEAD');
  });

  it.each(['v1', 'side', () => first, () => first.slice(0, 8)])(
    'takes a tag, a branch, a commit, its short id',
    async (ref) => {
      expect(await paths(`${server.url('app')}#${typeof ref === 'string' ? ref : ref()}`)).toEqual(all);
    },
  );

  it('takes a directory of it, also by a link inside; links lead nowhere else', async () => {
    expect(await paths(`${server.url('app')}#:sub`)).toEqual(['Dockerfile', 'deep', 'deep/run.sh']);
    expect(await paths(`${server.url('app')}#v1:inside/deep`)).toEqual(['run.sh']);
    // What is absolute in it is meant inside of it, and goes no higher.
    expect(await paths(`${server.url('app')}#:outside/sub/../../../sub`)).toEqual([
      'Dockerfile',
      'deep',
      'deep/run.sh',
    ]);
    await expect(paths(`${server.url('app')}#:outside/etc`)).rejects.toThrow('is no directory in it');
    await expect(paths(`${server.url('app')}#:Dockerfile`)).rejects.toThrow('is no directory in it');
  });

  it('keeps modes and contents', async () => {
    const context = await contexts.fromGit(server.url('app'), { keepGitDir: false, signal });
    const script = context.entries.get('sub/deep/run.sh') ?? expect.fail('run.sh');
    expect((script.mode & 0o111) !== 0).toBe(true);
    expect(readFileSync(context.contentPath(script), 'utf8')).toBe('#!/bin/sh\n');
    context.release();
  });

  it('is refused where it is not there', async () => {
    await expect(paths(`${server.url('app')}#nope`)).rejects.toThrow('failed to fetch the Git repository');
    await expect(paths(server.url('other'))).rejects.toThrow('failed to fetch the Git repository');
  });

  it.each([
    ['an option in the place of a reference', `#--upload-pack=touch\${IFS}x`],
    ['a pattern', '#refs/heads/*'],
    ['a range', '#a..b'],
  ])('is refused for %s', async (_name, end) => {
    await expect(paths(server.url('app') + end)).rejects.toThrow('invalid refspec');
  });

  it.each([
    'ext::sh -c touch% x',
    'file:///etc',
    '/etc',
    '-oProxyCommand=x',
    'git://-x/y',
    'git@-x:y',
    'https://-oProxy/x.git',
  ])('no other transport and no option: %s', (address) => {
    expect(() => parseGitAddress(address)).toThrow('invalid Git address');
  });

  it('nothing of a repository is run, and its submodules reach no file of this machine', async () => {
    const { folder, git, publish } = server.repository('hostile');
    const canary = join(root, 'canary');
    writeFileSync(join(folder, '.gitattributes'), '* filter=evil diff=evil\n');
    writeFileSync(join(folder, 'file'), 'x');
    writeFileSync(
      join(folder, '.gitmodules'),
      `[submodule "s"]\n\tpath = s\n\turl = ${folder}\n\tupdate = !touch ${canary}\n`,
    );
    mkdirSync(join(folder, 'hooks'));
    writeFileSync(join(folder, 'hooks/post-checkout'), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
    git('add', '.');
    git('update-index', '--add', '--cacheinfo', `160000,${first},s`);
    git('commit', '-qm', 'hostile');
    publish();
    await expect(paths(server.url('hostile'))).rejects.toThrow(/not allowed|failed to fetch/);
    expect(existsSync(canary)).toBe(false);
  });

  it('a token in its address is used, also for submodules, and is in none of its files', async () => {
    const { folder, git, publish } = server.repository('outer');
    writeFileSync(join(folder, '.gitmodules'), '[submodule "s"]\n\tpath = s\n\turl = ../app.git\n');
    git('add', '.');
    git('update-index', '--add', '--cacheinfo', `160000,${first},s`);
    git('commit', '-qm', 'outer');
    publish();
    await using web = await startGitWeb(server.served, 'me:TOKEN-4711');
    await expect(paths(web.url('outer'))).rejects.toThrow('failed to fetch');
    await expect(paths(web.url('outer', 'me:wrong'))).rejects.toThrow('failed to fetch');
    const context = await contexts.fromGit(web.url('outer', 'me:TOKEN-4711'), { keepGitDir: true, signal });
    const files = [...context.entries.values()].filter(({ type }) => type === 'file');
    const named = files.map(({ path }) => path);
    for (const path of ['.git/config', '.git/FETCH_HEAD', '.git/modules/s/config', 's/Dockerfile'])
      expect(named).toContain(path);
    const config = readFileSync(context.contentPath(context.entries.get('.git/config') ?? expect.fail()), 'utf8');
    expect(config).toContain(`url = ${web.url('outer')}`);
    for (const file of files) expect(readFileSync(context.contentPath(file)).includes('TOKEN'), file.path).toBe(false);
    context.release();
  });

  it("ssh uses none of root's keys, agents, settings and hosts; submodules never use it", async () => {
    const programs = join(root, 'programs');
    const seen = join(root, 'ssh-arguments');
    mkdirSync(programs);
    writeFileSync(join(programs, 'ssh'), `#!/bin/sh\n{ echo "$@"; env; } >> ${seen}\nexit 1\n`, { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = `${programs}:${before}`;
    process.env['SSH_AUTH_SOCK'] = '/run/agent';
    try {
      await expect(paths('ssh://git@example.test/x.git')).rejects.toThrow('failed to fetch');
      const text = readFileSync(seen, 'utf8');
      for (const setting of ['IdentitiesOnly=yes', 'IdentityFile=/dev/null', 'IdentityAgent=none', 'BatchMode=yes'])
        expect(text).toContain(` -o ${setting}`);
      expect(text).toMatch(/^-F \/dev\/null .*UserKnownHostsFile=\/dev\/null/);
      expect(text).not.toContain('SSH_AUTH_SOCK');
      rmSync(seen);
      // Unless the client of the build gave an agent: then that one, while git is at work.
      const state = { path: '', isOpen: false };
      const agent = {
        listen: async (path: string) => {
          Object.assign(state, { path, isOpen: true });
          return async () => {
            state.isOpen = false;
          };
        },
      };
      const options = { keepGitDir: false, signal, agent };
      await expect(contexts.fromGit('ssh://git@example.test/x.git', options)).rejects.toThrow('failed to fetch');
      const given = readFileSync(seen, 'utf8');
      expect(given).toContain(`\nSSH_AUTH_SOCK=${state.path}\n`);
      expect(given).toMatch(/^-F \/dev\/null .*IdentityFile=\/dev\/null .*IdentityAgent=SSH_AUTH_SOCK/);
      expect(state).toEqual({ path: expect.stringContaining(join(root, 'build/checkouts/')), isOpen: false });
      rmSync(seen);
      const { folder, git, publish } = server.repository('leads-on');
      writeFileSync(join(folder, '.gitmodules'), '[submodule "s"]\n\tpath = s\n\turl = ssh://git@example.test/x\n');
      git('add', '.');
      git('update-index', '--add', '--cacheinfo', `160000,${first},s`);
      git('commit', '-qm', 'leads on');
      publish();
      await expect(paths(server.url('leads-on'))).rejects.toThrow("transport 'ssh' not allowed");
      expect(existsSync(seen)).toBe(false);
    } finally {
      process.env['PATH'] = before;
      delete process.env['SSH_AUTH_SOCK'];
    }
  });

  it('is known by its address', () => {
    for (const address of [
      'git://h/x',
      'https://h/x.git',
      'https://h/x.git#main:sub',
      'git@h:x',
      'github.com/a/b',
      'ssh://h/x',
    ])
      expect(isGitAddress(address), address).toBe(true);
    for (const address of ['https://h/x.tar.gz', './x.git', 'h:x']) expect(isGitAddress(address), address).toBe(false);
  });
});

describe('a file of a web server', () => {
  let web: Server;
  let url: string;
  beforeAll(async () => {
    web = createServer((request, response) => {
      if (request.url === '/short')
        response.writeHead(200, { 'Content-Length': 10 }).write('123', () => response.destroy());
      else if (request.url?.startsWith('/a%20file'))
        response.writeHead(200, { 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }).end('content');
      else response.writeHead(404).end('no');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const address = web.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  });
  afterAll(() => web.close());

  it('has the name of the address, mode 0600 and the time that the server says', async () => {
    const context = await contexts.fromUrl(`${url}/a%20file?x=1`, signal);
    const [entry = expect.fail('nothing')] = context.entries.values();
    expect([entry.path, entry.mode, entry.mtime]).toEqual(['a file', 0o600, 1_704_067_200_000_000_000n]);
    expect(readFileSync(context.contentPath(entry), 'utf8')).toBe('content');
    context.release();
  });

  it.each([
    ['/nope', 'with status 404'],
    ['/', 'with status 404'],
    ['/short', /terminated|less than it announced|other side closed/],
  ])('%s is an error', async (path, why) => {
    await expect(contexts.fromUrl(url + path, signal)).rejects.toThrow(why);
    expect(readdirSync(join(root, 'build/context/ingest'))).toEqual([]);
  });

  it('other addresses are refused', async () => {
    await expect(contexts.fromUrl('file:///etc/passwd', signal)).rejects.toThrow('invalid address');
    await expect(contexts.fromUrl('http://127.0.0.1:9/x', signal)).rejects.toThrow('failed to GET');
  });
});
