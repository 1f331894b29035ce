import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../../tests/support/docker-version.ts';
import { type FakeEngine, findDocker, runClient, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../../tests/support/sample-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';
import { createLines, requestLines } from './requests.cases.ts';

const ID = 'a'.repeat(64);
let engine: FakeEngine;
let folder: string;

beforeAll(async () => {
  const done = { status: 204, json: {} };
  const routes = sampleRoutes();
  const inspected = routes['GET /containers/web/json'];
  engine = await startFakeEngine({
    ...routes,
    'POST /containers/create': (_request, response, body) => {
      const missing = JSON.parse(body.toString()).Image === 'missing';
      response.writeHead(missing ? 404 : 201, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(missing ? { message: 'No such image: missing:latest' } : { Id: ID, Warnings: [] }));
    },
    [`POST /containers/${ID}/start`]: done,
    [`POST /containers/${ID}/wait`]: { json: { StatusCode: 0 } },
    [`PUT /containers/${ID}/archive`]: { json: {} },
    'POST /containers/web/exec': { status: 201, json: { Id: 'e'.repeat(64) } },
    [`POST /exec/${'e'.repeat(64)}/start`]: { json: {} },
    [`GET /exec/${'e'.repeat(64)}/json`]: { json: { ExitCode: 0, Running: true } },
    'POST /containers/web/*': done,
    'POST /containers/web2/*': done,
    'POST /containers/web/wait': { json: { StatusCode: 7 } },
    'POST /containers/nope/*': { status: 404, json: { message: 'No such container: nope' } },
    'DELETE /containers/web': done,
    'DELETE /containers/nope': { status: 404, json: { message: 'No such container: nope' } },
    'GET /containers/web/json': inspected ?? done,
    'GET /containers/web/top': { json: { Titles: ['PID', 'CMD'], Processes: [['1', 'sh']] } },
    'POST /containers/prune': { json: { ContainersDeleted: [ID], SpaceReclaimed: 1234 } },
  });
  folder = join(engine.folder, 'work');
});
afterAll(() => engine[Symbol.asyncDispose]());

beforeEach(() => {
  mkdirSync(folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('env', 'A=1\n#c\n\n  B=2  \nHOME\nNOPE\n');
  write('badenv', 'A=1\nX = y\n');
  write('crlf', 'A=1\r\nB=2\r\n');
  write('bom', '\uFEFFA=1\n');
  write('quotes', 'A="x y"\nB=\'z\'\nC=a#b\nexport D=1\n');
  write('seccomp.json', '{ "defaultAction": "SCMP_ACT_ALLOW" }\n');
  vi.spyOn(process, 'cwd').mockReturnValue(engine.folder);
  return () => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  };
});

const words = (line: string) =>
  line.split(' ').map((word) => word.replaceAll('{dir}', folder).replaceAll('_', ' ').replaceAll('~', '_'));

async function outcome(run: typeof runBerth, line: string) {
  engine.seen.length = 0;
  rmSync(join(folder, 'cid'), { force: true });
  const { code, stdout, stderr } = await run(engine, words(line));
  const seen = engine.seen.map(({ method, path, query, body, headers }) => ({
    method,
    path,
    query: query.filters ? { ...query, filters: listForm(query.filters) } : query,
    body: readBody(body, headers['content-type']),
  }));
  // Ours asks for nothing before an exec: its creation says what would be wrong.
  const exec = line.startsWith('exec');
  // Docker's client waits for the end of what it starts in the background, too, and does not ask what came of it.
  const detached = line.includes('run -d');
  return {
    code,
    stdout,
    stderr,
    seen: seen
      .filter(({ path }) => !(detached && path.endsWith('/wait')) && !(exec && path.endsWith('/web/json')))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Filters have two forms: `{"name":{"value":true}}` and `{"name":["value"]}`. */
function listForm(filters: string): unknown {
  const entries = Object.entries(JSON.parse(filters) as Record<string, string[] | Record<string, boolean>>);
  return Object.fromEntries(
    entries.map(([key, values]) => [key, [...(Array.isArray(values) ? values : Object.keys(values))].sort()]),
  );
}

function readBody(body: Buffer, type: string | undefined): unknown {
  if (body.length === 0) return undefined;
  return type === 'application/json' ? dropEmpty(JSON.parse(body.toString())) : body.toString('latin1');
}

/** Members that say nothing are left out, except where false differs from absent. */
function dropEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (typeof value !== 'object' || value === null) return value;
  // Docker's client sends several -v and -e in any order.
  const loose = ['Binds', 'Env'];
  const ordered = (key: string, member: unknown) =>
    loose.includes(key) && Array.isArray(member) ? member.sort() : member;
  const members = Object.entries(value).map(([key, member]) => [key, ordered(key, dropEmpty(member))] as const);
  return Object.fromEntries(members.filter(([key, member]) => key === 'Init' || key === 'StopTimeout' || says(member)));
}

function says(member: unknown): boolean {
  // Also a ConsoleSize of nothing.
  if (Array.isArray(member)) return member.some((item) => item !== 0);
  if (typeof member === 'object' && member !== null) return Object.keys(member).length > 0;
  return Boolean(member);
}

/** Where our client says or does something of its own, and why. */
const DIFFER = new Map<string, string>([
  ['create --kernel-memory 8m alpine', 'ours passes it on, and the engine says that it has no effect'],
  ['create --mount type=bind,src=/a,dst=/b,bind-nonrecursive=true alpine', 'a log line with the time'],
  [
    'create --mount type=bind,src=/a,dst=/b,bind-recursive=disabled,bind-nonrecursive=false alpine',
    'a log line with the time',
  ],
  ['create --security-opt seccomp={dir}/badenv alpine', "the JSON reader's own words"],
  ['run --nam x alpine', 'ours knows which flag was meant'],
  ['exec web true', 'the fake engine does not take the connection over'],
  ['stop --time 5 web', 'ours warns on stderr, so that stdout stays a list'],
  ['restart --time 3 web', 'ours warns on stderr, so that stdout stays a list'],
  ['attach nope', 'ours does not wait for what is not there'],
  ['inspect nope', 'plugins are not looked for'],
]);

describe.skipIf(dockerMajor() < COMPARED_VERSION)("asks for what Docker's client asks for", () => {
  const same = async (line: string) => {
    const theirs = await outcome((fake, args) => runClient(fake, [findDocker() ?? 'docker'], args), line);
    const ours = await outcome(runBerth, line);
    expect(ours).toEqual(theirs);
  };
  it.each(createLines.map((line) => `create ${line} alpine`).filter((line) => !DIFFER.has(line)))('%s', same);
  it.each(requestLines.filter((line) => !DIFFER.has(line)))('%s', same);

  it('create --use-api-socket copies the credentials', async () => {
    const auths = { 'r.example': { auth: Buffer.from('me:secret').toString('base64') } };
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ auths, psFormat: '{{.ID}}' }));
    try {
      await same('create --use-api-socket -e A=1 alpine');
      expect(engine.seen.map(({ method }) => method)).toEqual(['POST', 'PUT']);
      await same('create --use-api-socket -e DOCKER~CONFIG=/x alpine');
      await same('-H tcp://127.0.0.1:1 create --use-api-socket alpine');
      await same('-H tcp://127.0.0.1:1 run --use-api-socket alpine');
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });

  it('create passes the proxies of config.json on', async () => {
    const proxies = {
      default: { httpProxy: 'http://p', httpsProxy: 'http://q', noProxy: 'n', ftpProxy: 'f', allProxy: 'a' },
    };
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ proxies }));
    try {
      for (const line of ['create alpine', 'create -e http~proxy=own -e A=1 alpine', 'create -e HTTP~PROXY alpine']) {
        const theirs = await outcome((fake, args) => runClient(fake, [findDocker() ?? 'docker'], args), line);
        const ours = await outcome(runBerth, line);
        // Docker's client sends them in any order.
        const env = ({ seen }: typeof ours) => (seen[0]?.body as { Env: string[] } | undefined)?.Env.sort();
        expect(env(ours)).toEqual(env(theirs));
      }
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });
});
