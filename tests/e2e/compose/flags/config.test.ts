/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { composeHere, projectFolder } from '../../../support/compose.ts';

const NO_ENGINE = { host: 'unix:///nowhere/engine.sock' };

const FILE = `services:
  web:
    image: "web:\${TAG:-1}"
    container_name: the-web
    env_file: web.env
    environment: {TOKEN: "\${TOKEN:?wanted}", MODE: "\${MODE:+on}"}
    volumes: ["./data:/data", "kept:/kept"]
    ports: ["127.0.0.1:8000:80"]
    networks: [front]
    depends_on: [db]
  db: {image: db, networks: [back]}
  debugger: {image: debugger, profiles: [debug, tools]}
networks: {front: , back: }
volumes: {kept: , unused: }
models: {llm: {model: ai/small}}
`;
const FILES = { 'compose.yaml': FILE, 'web.env': 'FROM_FILE=1\n', '.env': 'TOKEN=secret\n' };

/** Runs a command on the project above, with its file and with `files` beside or in place of what is there. */
async function call(words: string[], files: Record<string, string> = {}) {
  using project = projectFolder('shop', { ...FILES, ...files });
  const result = await composeHere(NO_ENGINE, project, ['-f', `${project.folder}/compose.yaml`, ...words]);
  return { ...result, folder: project.folder };
}

describe('parts of the model', () => {
  it.each<[string, string[], string | RegExp]>([
    ['config --environment: variables of the project', ['--environment'], /^TOKEN=secret$/m],
    ['config --services: their names', ['--services'], /^db\nweb\n$/],
    ['config --services: of a service, with what it depends on', ['--services', 'web'], /^db\nweb\n$/],
    ['config --volumes: their names', ['--volumes'], /^kept\n$/],
    ['config --images: their names', ['--images'], /^db\nweb:1\n$/],
    ['config --profiles: of all services', ['--profiles'], /^debug\ntools\n$/],
    [
      'config --provenance: where a value is from',
      ['--provenance'],
      /^services\.web\.image: "web:1" # \S*compose\.yaml:3 \(TAG is not set: its default\)$/m,
    ],
    ['config --format json: for programs', ['--format', 'json'], '"name": "shop",\n  "services": {'],
    ['config --networks: their names', ['--networks'], /^back\nfront\n$/],
    ['config --models: their names', ['--models'], /^ai\/small\n$/],
    [
      'config --variables: what the files ask for',
      ['--variables'],
      /^NAME +REQUIRED +DEFAULT VALUE +ALTERNATE VALUE\nMODE +false +on\nTAG +false +1\nTOKEN +true$/m,
    ],
    [
      'config --variables --format json: the same for programs',
      ['--variables', '--format', 'json'],
      '"TAG":{"Name":"TAG","DefaultValue":"1","PresenceValue":"","Required":false}',
    ],
    [
      'config --variables --format yaml: the same as YAML',
      ['--variables', '--format', 'yaml'],
      /TOKEN:\n {2}name: TOKEN\n {2}defaultvalue: ""\n {2}presencevalue: ""\n {2}required: true/,
    ],
    ['config --hash: in the order of names', ['--hash', 'web,db'], /^db [0-9a-f]{64}\nweb [0-9a-f]{64}\n$/],
  ])('%s', async (_, words, shows) => {
    const { stdout, stderr, code } = await call(['config', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (typeof shows === 'string') expect(stdout).toContain(shows);
    else expect(stdout).toMatch(shows);
  });
});

describe('what is left as it was written', () => {
  it.each<[string, string[], string | RegExp, string | RegExp]>([
    ['config --no-interpolate: variables', ['--no-interpolate'], 'web:${TAG:-1}', 'web:1'],
    ['config --no-path-resolution: paths', ['--no-path-resolution'], 'source: ./data', /source: \/.*\/shop\/data/],
    [
      'config --no-env-resolution: files of variables',
      ['--no-env-resolution'],
      /env_file:\n {6}- path: \/.*\/shop\/web\.env/,
      'FROM_FILE: "1"',
    ],
    [
      'config --no-normalize: names of networks',
      ['--no-normalize'],
      /\nnetworks:\n {2}back: null\n {2}front: null\n/,
      'name: shop_front',
    ],
  ])('%s', async (_, flags, shows, otherwise) => {
    const has = (text: string, wanted: string | RegExp) =>
      typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    const [plain, raw] = [(await call(['config'])).stdout, (await call(['config', ...flags])).stdout];
    expect(raw).toMatch(shows);
    expect(has(plain, otherwise), plain).toBe(true);
    expect(has(raw, otherwise), raw).toBe(false);
  });

  it('config --no-consistency: a network that is not there', async () => {
    const files = { 'compose.yaml': 'services: {a: {image: x, networks: [none]}}\n' };
    expect(await call(['config'], files)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('service "a" refers to undefined network none'),
    });
    expect(await call(['config', '--no-consistency'], files)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/networks:\n {6}none: null/),
    });
  });
});

it('config -o, config -q: into a file, and into none with -q', async () => {
  using project = projectFolder('shop', FILES);
  const file = `${project.folder}/out.yaml`;
  const config = (...words: string[]) =>
    composeHere(NO_ENGINE, project, ['-f', `${project.folder}/compose.yaml`, 'config', ...words]);
  expect(await config('-q', '-o', file)).toMatchObject({ code: 0, stdout: '' });
  expect(existsSync(file)).toBe(false);
  expect(await config('-o', file)).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(file, 'utf8')).toBe((await config()).stdout);
});

describe('the graph', () => {
  it.each<[string, string[], string]>([
    ['viz: services', [], '\t"db" [style="filled" label=<<font point-size="15">db</font>>];\n'],
    ['viz --networks: theirs', ['--networks'], '<br/><br/><b>Networks:</b><br/>front</font>'],
    ['viz --ports: theirs', ['--ports'], '<br/><br/><b>Ports:</b><br/>127.0.0.1:8000:80 (tcp, ingress)</font>'],
    ['viz --image: theirs', ['--image'], '<br/><br/><b>Image:</b><br/>web:1</font>'],
    ['viz --spaces: in place of a tab', ['--spaces'], '\n "web" -> "db";\n'],
    ['viz --indentation-size: tabs', ['--indentation-size', '3'], '\n\t\t\t"web" -> "db";\n'],
    ['viz --indentation-size: spaces', ['--spaces', '--indentation-size=2'], '\n  "web" -> "db";\n'],
  ])('%s', async (_, flags, shows) => {
    const { stdout } = await call(['viz', ...flags]);
    expect(stdout).toContain(shows);
    for (const [flag, word] of [
      ['--networks', 'Networks'],
      ['--ports', 'Ports'],
      ['--image', 'Image'],
    ] as const)
      expect(stdout.includes(`<b>${word}:</b>`)).toBe(flags.includes(flag));
  });

  it('viz --indentation-size: not below nothing', async () => {
    expect(await call(['viz', '--indentation-size', '-1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('invalid indentation size: -1'),
    });
  });
});
