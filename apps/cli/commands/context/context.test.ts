import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../../../tests/support/certificates.ts';
import { COMPARED_VERSION, dockerMajor } from '../../../../tests/support/docker-version.ts';
import {
  type FakeEngine,
  findDocker,
  type Outcome,
  runClient,
  startFakeEngine,
} from '../../../../tests/support/fake-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';
import { contextSteps } from './context.cases.ts';

const withDocker = dockerMajor() >= COMPARED_VERSION;
const DOCKER = findDocker() ?? 'docker';

let engine: FakeEngine;
let folder: string;
let certificates: Certificates;

beforeAll(async () => {
  engine = await startFakeEngine();
  certificates = makeCertificates(mkdtempSync(join(tmpdir(), 'berth-context-certs-')));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(certificates.folder, { recursive: true });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-context-'));
  return () => rmSync(folder, { recursive: true });
});

type Client = (args: readonly string[], env?: Record<string, string>, stdin?: Buffer) => Promise<Outcome>;

/** Either client on a configuration folder of this test; no variable names an engine. */
function clients(configDir: string): { docker: Client; berth: Client } {
  const env = { DOCKER_CONFIG: configDir, DOCKER_HOST: '', HOME: configDir };
  const run =
    (act: typeof runBerth): Client =>
    (args, more = {}, stdin) =>
      act(engine, args, { env: { ...env, ...more }, ...(stdin && { stdin }) });
  return { docker: run((fake, args, options) => runClient(fake, [DOCKER], args, options)), berth: run(runBerth) };
}

/** What may differ: the folder, where an engine is when nothing was said, the way a system's error is worded. */
function plain({ code, stdout, stderr }: Outcome, configDir: string): Outcome {
  const clean = (text: string) =>
    text
      .replaceAll(configDir, '{config}')
      .replaceAll('unix:///run/berth/berth.sock', 'unix:///var/run/docker.sock')
      // The column is wider where the address is.
      .replaceAll(/ {3,}/g, '   ');
  return { code, stdout: clean(stdout), stderr: clean(stderr) };
}

describe.skipIf(!withDocker)("contexts side by side with Docker's client", () => {
  it.each(Object.entries(contextSteps))('%s', async (_name, steps) => {
    const outcomes: Record<'docker' | 'berth', { step: string; outcome: Outcome; config: unknown }[]> = {
      docker: [],
      berth: [],
    };
    for (const name of ['docker', 'berth'] as const) {
      const configDir = join(folder, name);
      mkdirSync(configDir);
      const run = clients(configDir)[name];
      for (const step of steps) {
        const [line, env] = typeof step === 'string' ? [step, {}] : step;
        const words = line
          .split(' ')
          .map((word) =>
            word
              .replaceAll('{certs}', certificates.folder)
              .replaceAll('{out}', configDir)
              .replaceAll('_', ' ')
              .replaceAll('~', '_'),
          );
        const outcome = plain(await run(words, env), configDir);
        outcomes[name].push({ step: line, outcome, config: currentContext(configDir) });
      }
    }
    expect(outcomes.berth).toEqual(outcomes.docker);
  });
});

function currentContext(configDir: string): unknown {
  const path = join(configDir, 'config.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).currentContext : undefined;
}

const HOST = 'tcp://127.0.0.1:2376';

/** `--docker` with all certificates. */
const tlsOption = () =>
  `host=${HOST},ca=${certificates.ca},cert=${certificates.clientCert},key=${certificates.clientKey}`;

function metaFile(configDir: string, name: string): string {
  return join(configDir, 'contexts/meta', createHash('sha256').update(name).digest('hex'), 'meta.json');
}

describe.skipIf(!withDocker)('contexts go from one client to the other', () => {
  it.each([
    ['docker', 'berth'],
    ['berth', 'docker'],
  ] as const)('%s makes, %s reads, changes and removes', async (maker, user) => {
    const { [maker]: make, [user]: use } = clients(folder);
    const made = await make(['context', 'create', 'far', '--description', 'a far one', '--docker', tlsOption()]);
    expect(made.code, made.stderr).toBe(0);
    const [seen, own] = [await use(['context', 'inspect', 'far']), await make(['context', 'inspect', 'far'])];
    expect(seen).toEqual(own);
    expect(JSON.parse(seen.stdout)[0]).toMatchObject({
      Name: 'far',
      Metadata: { Description: 'a far one' },
      Endpoints: { docker: { Host: HOST, SkipTLSVerify: false } },
      TLSMaterial: { docker: ['ca.pem', 'cert.pem', 'key.pem'] },
    });
    expect((await use(['context', 'use', 'far'])).code).toBe(0);
    expect((await make(['context', 'show'])).stdout).toBe('far\n');
    expect((await use(['context', 'update', 'far', '--description', 'other'])).code).toBe(0);
    expect((await make(['context', 'ls', '--format', '{{.Name}} {{.Description}} {{.Current}}'])).stdout).toBe(
      'default Current DOCKER_HOST based configuration false\nfar other true\n',
    );
    expect((await use(['context', 'rm', '-f', 'far'])).code).toBe(0);
    expect((await make(['context', 'ls', '-q'])).stdout).toBe('default\n');
    expect((await make(['context', 'show'])).stdout).toBe('default\n');
  });

  it.each([
    ['docker', 'berth'],
    ['berth', 'docker'],
  ] as const)('%s exports, %s imports', async (maker, user) => {
    const { [maker]: make, [user]: use } = clients(folder);
    await make(['context', 'create', 'far', '--description', 'a far one', '--docker', tlsOption()]);
    const file = join(folder, 'far.tar');
    expect(await make(['context', 'export', 'far', file])).toMatchObject({
      code: 0,
      stderr: `Written file "${file}"\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await use(['context', 'import', 'copy', file])).toMatchObject({ code: 0, stdout: 'copy\n' });
    const read = (name: string) => JSON.parse(readFileSync(metaFile(folder, name), 'utf8'));
    expect(read('copy')).toEqual({ ...read('far'), Name: 'copy' });
    const key = (name: string) =>
      join(folder, 'contexts/tls', createHash('sha256').update(name).digest('hex'), 'docker/key.pem');
    expect(readFileSync(key('copy'))).toEqual(readFileSync(key('far')));
    expect(statSync(key('copy')).mode & 0o777).toBe(0o600);
  });

  it('writes the archive that Docker writes, byte by byte, and ends it as tar wants it', async () => {
    const { docker, berth } = clients(folder);
    await docker(['context', 'create', 'far', '--docker', tlsOption()]);
    await docker(['context', 'export', 'far', join(folder, 'theirs')]);
    await berth(['context', 'export', 'far', join(folder, 'ours')]);
    const [ours, theirs] = [readFileSync(join(folder, 'ours')), readFileSync(join(folder, 'theirs'))];
    // Docker's client 28.2.2 forgets the end of the archive.
    expect(ours.subarray(0, theirs.length).equals(theirs)).toBe(true);
    expect(ours.subarray(theirs.length).every((byte) => byte === 0)).toBe(true);
    expect(spawnSync('tar', ['-tf', join(folder, 'ours')], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

describe('contexts', () => {
  it('keeps what others wrote into config.json and meta.json', async () => {
    const { berth } = clients(folder);
    writeFileSync(join(folder, 'config.json'), '{"x-own": {"a": [1]}, "psFormat": "table {{.ID}}", "plugins": {}}');
    await berth(['context', 'create', 'aa', '--docker', `host=${HOST}`]);
    const meta = { Metadata: { Extra: { a: 1 } }, Endpoints: { docker: { Host: HOST }, other: { Q: 1 } } };
    writeFileSync(metaFile(folder, 'aa'), JSON.stringify({ Name: 'aa', ...meta }));
    await berth(['context', 'update', 'aa', '--description', 'new']);
    expect(JSON.parse(readFileSync(metaFile(folder, 'aa'), 'utf8'))).toEqual({
      Name: 'aa',
      Metadata: { Extra: { a: 1 }, Description: 'new' },
      Endpoints: { docker: { Host: HOST, SkipTLSVerify: false }, other: { Q: 1 } },
    });
    await berth(['context', 'use', 'aa']);
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toEqual({
      'x-own': { a: [1] },
      psFormat: 'table {{.ID}}',
      plugins: {},
      currentContext: 'aa',
    });
  });

  // Docker's client 28.2.2 leaves the certificates behind when it copies with --from.
  it.each(['--from far', '--docker from=far'])('copies certificates with %s', async (flag) => {
    const { berth } = clients(folder);
    await berth(['context', 'create', 'far', '--docker', tlsOption()]);
    await berth(['context', 'create', 'copy', ...flag.split(' ')]);
    expect(JSON.parse((await berth(['context', 'inspect', 'copy'])).stdout)[0].TLSMaterial).toEqual({
      docker: ['ca.pem', 'cert.pem', 'key.pem'],
    });
  });

  it('takes a command to the engine of its context', async () => {
    const { berth } = clients(folder);
    engine.routes = { 'GET /containers/json': { json: [] } };
    await berth(['context', 'create', 'here', '--docker', `host=${engine.host}`]);
    engine.seen.length = 0;
    for (const [args, env] of [
      [['--context', 'here', 'ps'], {}],
      [['ps'], { DOCKER_CONTEXT: 'here' }],
      [['ps'], { BERTH_CONTEXT: 'here', DOCKER_CONTEXT: 'nowhere' }],
      [['-c', 'here', 'ps'], { DOCKER_HOST: 'unix:///nowhere' }],
    ] as const)
      expect(await berth(args, env), args.join(' ')).toMatchObject({ code: 0 });
    await berth(['context', 'use', 'here']);
    expect((await berth(['ps'])).code).toBe(0);
    expect(engine.seen).toHaveLength(5);
    // A host that is named wins over the context that was chosen before.
    expect((await berth(['ps'], { BERTH_HOST: 'unix:///nowhere', DOCKER_HOST: engine.host })).stderr).toBe(
      'Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?\n',
    );
  });
});

describe('hostile archives', () => {
  const META = '{"Name":"x","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":false}}}';

  /** A tar archive made by the system's tar, with other names than the files have. */
  function tarOf(files: Record<string, string>): string {
    const source = mkdtempSync(join(folder, 'tar-'));
    const archive = join(source, 'archive.tar');
    Object.entries(files).forEach(([name, content], index) => {
      writeFileSync(join(source, `f${index}`), content);
      const args = [
        index ? '-rPf' : '-cPf',
        archive,
        '-C',
        source,
        '--transform',
        `s,^f${index}$,${name},`,
        `f${index}`,
      ];
      expect(spawnSync('tar', args).status).toBe(0);
    });
    return archive;
  }

  it.each([
    [{ 'meta.json': META, '../../../../evil': 'x' }, 'unexpected context file'],
    [{ 'meta.json': META, '/tmp/evil': 'x' }, 'unexpected context file'],
    [{ 'meta.json': META, 'tls/../../../evil': 'x' }, 'unexpected path format'],
    [{ 'meta.json': META, 'tls/docker/../../../evil': 'x' }, 'unexpected path format'],
    [{ 'meta.json': META, 'tls/../ca.pem': 'x' }, 'unexpected path format'],
    [{ 'meta.json': META, 'tls/docker/sub/ca.pem': 'x' }, 'archive format is invalid'],
    [{ 'meta.json': META, 'tls/ca.pem': 'x' }, 'archive format is invalid'],
    [{ './meta.json': META }, 'unexpected context file'],
    [{ 'tls/docker/ca.pem': 'x' }, 'invalid context: no metadata found'],
    [{ 'meta.json': 'not json' }, 'invalid context: meta.json'],
  ])('%j is refused and nothing is written', async (files, reason) => {
    const { berth } = clients(folder);
    const outcome = await berth(['context', 'import', 'bad', tarOf(files)]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(reason);
    expect(existsSync(join(folder, 'contexts'))).toBe(false);
  });

  it('does not follow a link that an archive brings', async () => {
    const { berth } = clients(folder);
    const source = mkdtempSync(join(folder, 'link-'));
    mkdirSync(join(source, 'tls/docker'), { recursive: true });
    writeFileSync(join(source, 'meta.json'), META);
    symlinkSync('/etc/passwd', join(source, 'tls/docker/ca.pem'));
    spawnSync('tar', ['-cf', join(folder, 'l.tar'), '-C', source, 'meta.json', 'tls']);
    expect((await berth(['context', 'import', 'ln', join(folder, 'l.tar')])).code).toBe(0);
    expect(JSON.parse((await berth(['context', 'inspect', 'ln'])).stdout)[0].TLSMaterial).toEqual({});
  });

  it('reads zip archives, and none that grows beyond the limit', async () => {
    const { berth } = clients(folder);
    const python = (script: string) => expect(spawnSync('python3', ['-c', script], { cwd: folder }).status).toBe(0);
    python(`import zipfile
z = zipfile.ZipFile('ok.zip', 'w', zipfile.ZIP_DEFLATED)
z.writestr('meta.json', '''${META}''')
z.writestr('tls/docker/ca.pem', 'certificate')
z.close()
z = zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED)
z.writestr('meta.json', '''${META}''')
z.writestr('tls/docker/ca.pem', bytes(64 << 20))
z.close()
z = zipfile.ZipFile('path.zip', 'w', zipfile.ZIP_DEFLATED)
z.writestr('tls/docker/../../../evil', 'x')
z.close()`);
    expect((await berth(['context', 'import', 'zipped', join(folder, 'ok.zip')])).stderr).toBe(
      'Successfully imported context "zipped"\n',
    );
    expect((await berth(['context', 'import', 'bomb', join(folder, 'bomb.zip')])).stderr).toContain('too large');
    expect((await berth(['context', 'import', 'path', join(folder, 'path.zip')])).stderr).toContain(
      'unexpected path format',
    );
    expect((await berth(['context', 'ls', '-q'])).stdout).toBe('default\nzipped\n');
  });

  it('refuses archives that are cut or larger than a context can be', async () => {
    const { berth } = clients(folder);
    const whole = readFileSync(tarOf({ 'meta.json': META }));
    const cut = await berth(['context', 'import', 'cut', '-'], {}, whole.subarray(0, 600));
    expect(cut.stderr).toBe('unexpected EOF\n');
    const big = await berth(['context', 'import', 'big', '-'], {}, Buffer.alloc(11 * 1024 * 1024));
    expect(big.stderr).toBe('read exceeds the defined limit\n');
  });
});
