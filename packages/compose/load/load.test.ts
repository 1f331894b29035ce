/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
// Long because each rule of the specification is a line of a table here.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { sourceOfField, toYaml } from '../print/file.ts';
import { type LoadOptions, loadProject } from './load.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Loads a project of these files; the folder is called `shop`. */
function load(files: Record<string, string>, options: Partial<LoadOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'berth-compose-test-'));
  folders.push(root);
  const cwd = join(root, 'shop');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const warnings: string[] = [];
  const project = loadProject({ files: [], cwd, env: {}, onWarning: (text) => warnings.push(text), ...options });
  return { ...project, cwd, warnings, project };
}

const web = (more: string) => `services:\n  web:\n    image: a\n${more}`;

describe('finding files', () => {
  it('takes the first of the usual names and its override file', () => {
    const { services } = load({
      'compose.yaml': web('    user: one\n'),
      'docker-compose.yml': web('    user: two\n'),
      'compose.override.yaml': web('    tty: true\n'),
    });
    expect(services.web).toMatchObject({ user: 'one', tty: true });
  });

  it('looks in the folders above', () => {
    const { files, cwd, name } = load({ 'compose.yaml': web('') });
    const below = join(cwd, 'a/b');
    mkdirSync(below, { recursive: true });
    const found = loadProject({ files: [], cwd: below, env: {} });
    expect(found).toMatchObject({ files, name, workingDir: cwd });
  });

  it('several -f are put one over the other, and COMPOSE_FILE lists them', () => {
    const files = {
      'a.yaml': web('    user: one\n    environment: {A: 1}\n'),
      'b.yaml': web('    environment: [B=2]\n'),
    };
    const wanted = { user: 'one', environment: { A: '1', B: '2' } };
    expect(load(files, { files: ['a.yaml', 'b.yaml'] }).services.web).toMatchObject(wanted);
    expect(load(files, { env: { COMPOSE_FILE: 'a.yaml:b.yaml' } }).services.web).toMatchObject(wanted);
  });

  it('says what it looked for when there is none', () => {
    expect(() => load({})).toThrow('no configuration file provided: not found');
  });
});

describe('the name of a project', () => {
  it.each<[string, Partial<LoadOptions>, string, string]>([
    ['the folder', {}, '', 'shop'],
    ['name:', {}, 'name: from-file\n', 'from-file'],
    ['COMPOSE_PROJECT_NAME', { env: { COMPOSE_PROJECT_NAME: 'env' } }, 'name: from-file\n', 'env'],
    ['-p', { projectName: 'flag', env: { COMPOSE_PROJECT_NAME: 'env' } }, 'name: from-file\n', 'flag'],
  ])('%s', (_, options, text, name) => {
    const project = load({ 'compose.yaml': text + web('    environment: {P: $COMPOSE_PROJECT_NAME}\n') }, options);
    expect(project.name).toBe(name);
    expect(project.services.web?.environment).toEqual({ P: name });
  });

  it('is refused when it is none', () => {
    expect(() => load({ 'compose.yaml': web('') }, { projectName: 'Not Good' })).toThrow(
      /invalid project name "Not Good"/,
    );
  });
});

describe('variables', () => {
  it('the shell wins over .env, --env-file replaces it', () => {
    const files = { 'compose.yaml': web('    user: $A-$B\n'), '.env': 'A=file\nB=file\n', other: 'A=other\nB=other\n' };
    expect(load(files, { env: { A: 'shell' } }).services.web?.user).toBe('shell-file');
    expect(load(files, { envFiles: ['other'] }).services.web?.user).toBe('other-other');
  });

  it('one that is not set is said once', () => {
    const { warnings, services } = load({ 'compose.yaml': web('    user: "$A$A"\n') });
    expect(warnings).toEqual(['The "A" variable is not set. Defaulting to a blank string.']);
    expect(services.web?.user).toBe('');
  });

  it('env_file is below environment; names alone take the value of the project', () => {
    const { services, project } = load(
      {
        'compose.yaml': web(
          '    env_file: [{path: one}, {path: none, required: false}, {path: raw, format: raw}]\n    environment: {B: own, C: }\n',
        ),
        one: 'A=1\nB=1\nQ="x"\n',
        raw: 'R="x"\n',
      },
      { env: { C: 'shell' } },
    );
    expect(services.web?.environment).toEqual({ A: '1', B: 'own', C: 'shell', Q: 'x', R: '"x"' });
    expect(sourceOfField(project, 'web', 'environment.A')).toBe('one:1');
    expect(sourceOfField(project, 'web', 'environment.C')).toMatch(/^compose.yaml:5 \(C from environment\)$/);
  });

  it('a missing env_file is an error that names it', () => {
    expect(() => load({ 'compose.yaml': web('    env_file: none\n') })).toThrow(/env file .*\/shop\/none not found/);
  });
});

describe('YAML', () => {
  it('anchors, merge keys and x- keys', () => {
    const { services, extensions } = load({
      'compose.yaml': `x-base: &base\n  image: a\n  environment: &env {A: 1}\nservices:\n  web:\n    <<: *base\n    environment: {<<: *env, B: 2}\n  db: {<<: [*base], user: u, x-note: n}\n`,
    });
    expect(services.web).toMatchObject({ image: 'a', environment: { A: '1', B: '2' } });
    expect(services.db).toMatchObject({ image: 'a', user: 'u', environment: { A: '1' } });
    expect(extensions['x-base']).toEqual({ image: 'a', environment: { A: 1 } });
  });

  it('numbers as Go reads them', () => {
    const { services } = load({
      'compose.yaml': web('    environment: {A: 014, B: 0b11, C: 1_000, D: 1.10, E: yes, F: true, G: 0x10}\n'),
    });
    expect(services.web?.environment).toEqual({ A: '12', B: '3', C: '1000', D: '1.1', E: 'yes', F: 'true', G: '16' });
  });

  it.each([
    [
      'a key that is there twice',
      'services:\n  web: {image: a}\n  web: {image: b}\n',
      /compose.yaml:3:3: Map keys must be unique/,
    ],
    [
      'a tag of others',
      web('    user: !custom x\n'),
      /compose.yaml:4:19: unknown tag '!custom'; accepted are !reset and !override/,
    ],
    ['no mapping', '- a\n', /compose.yaml:1:1: Top-level object must be a mapping/],
    ['an empty file', '', /compose.yaml: empty compose file/],
  ])('%s', (_, text, message) => {
    expect(() => load({ 'compose.yaml': text })).toThrow(message);
  });
});

describe('bombs and cycles end quickly', () => {
  const quick = (files: Record<string, string>) => {
    const before = Date.now();
    try {
      load(files);
    } catch (error) {
      expect(Date.now() - before).toBeLessThan(10_000);
      return error instanceof Error ? error.message : String(error);
    }
    return '';
  };

  it('aliases of aliases', () => {
    const lines = Array.from(
      { length: 30 },
      (_, at) =>
        `x-${at}: &a${at} [${
          at
            ? Array(9)
                .fill(`*a${at - 1}`)
                .join(', ')
            : 'x'
        }]`,
    );
    expect(quick({ 'compose.yaml': `${lines.join('\n')}\nservices: {}\n` })).toMatch(
      /more than 100000 values once its aliases are followed/,
    );
  });

  it('an anchor in itself', () => {
    expect(quick({ 'compose.yaml': 'x-a: &a\n  b: *a\nservices: {}\n' })).toMatch(/anchor 'a' contains itself/);
  });

  it('nesting without end', () => {
    expect(quick({ 'compose.yaml': `x-a: ${'['.repeat(200_000)}` })).toMatch(/nested deeper than 64 levels/);
    expect(quick({ 'compose.yaml': `x-a: ${'{a: '.repeat(100)}1${'}'.repeat(100)}` })).toMatch(
      /nested deeper than 64 levels/,
    );
  });

  it('a million keys', () => {
    const text = Array.from({ length: 1_000_000 }, (_, at) => `k${at}: 1`).join('\n');
    expect(quick({ 'compose.yaml': text })).toMatch(/larger than 1 MiB/);
  });

  it('include of itself', () => {
    expect(
      quick({ 'compose.yaml': 'include: [b.yaml]\nservices: {}\n', 'b.yaml': 'include: [compose.yaml]\n' }),
    ).toMatch(/include cycle detected: compose.yaml -> b.yaml -> compose.yaml/);
  });

  it('include of the same file twice at each step', () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`f${at}.yaml`, `include: [f${at + 1}.yaml, f${at + 1}.yaml]\n`]),
    );
    expect(quick({ 'compose.yaml': 'include: [f0.yaml]\n', ...files, 'f30.yaml': web('') })).toMatch(
      /files include more than 1000 files in total/,
    );
  });

  it('files that never end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-compose-test-'));
    folders.push(folder);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero'])
      for (const text of [
        `include: [${path}]\nservices: {}\n`,
        `include: [{path: b.yaml, env_file: ${path}}]\nservices: {}\n`,
        web(`    env_file: ${path}\n`),
        web(`    label_file: ${path}\n`),
        `services: {a: {extends: {file: ${path}, service: b}}}\n`,
      ])
        expect(quick({ 'compose.yaml': text, 'b.yaml': web('') }), text).toMatch(`open ${path}: not a regular file`);
    expect(() => load({ 'compose.yaml': web('') }, { envFiles: ['/dev/zero'] })).toThrow('larger than 1 MiB');
  });

  it('ranges of ports', () => {
    const many = [2, 3, 4, 5].map((first) => `"${first}-65535"`).join(', ');
    expect(quick({ 'compose.yaml': web(`    ports: [${many}]\n`) })).toMatch(/ports\.3: more than 200000 ports/);
    expect(quick({ 'compose.yaml': web('    ports: ["1-99999999999"]\n') })).toMatch(/invalid containerPort/);
  });

  it('extends of itself', () => {
    expect(quick({ 'compose.yaml': 'services:\n  a: {extends: b}\n  b: {extends: {service: a}}\n' })).toMatch(
      /circular reference with extends/,
    );
  });

  it('dependencies of each other', () => {
    expect(
      quick({ 'compose.yaml': 'services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n' }),
    ).toMatch(/dependency cycle detected: a -> b -> a/);
  });
});

describe('mistakes are named with file, line, key, what was found and what is accepted', () => {
  it.each([
    [
      'services:\n  web:\n    imag: x\n',
      "compose.yaml:3:5: services.web additional properties 'imag' not allowed; did you mean 'image'?",
    ],
    [web('    ports: {a: b}\n'), 'compose.yaml:4:5: services.web.ports is a mapping: a list is wanted'],
    [
      web('    privileged: [1]\n'),
      'compose.yaml:4:5: services.web.privileged is a list: true or false or text is wanted',
    ],
    [web('    cgroup: other\n'), 'services.web.cgroup is the text "other": accepted are "host", "private"'],
    [
      web('    ports: ["80:x"]\n'),
      'compose.yaml:4:13: services.web.ports.0: invalid port "80:x": invalid containerPort: x',
    ],
    [web('    ports: ["1-2:1-3"]\n'), 'the ranges are not of the same length'],
    [web('    mem_limit: 12q\n'), "compose.yaml:4:16: services.web.mem_limit: invalid size: '12q'"],
    [web('    stop_grace_period: soon\n'), 'services.web.stop_grace_period: invalid duration "soon"'],
    [web('    privileged: maybe\n'), 'services.web.privileged: invalid boolean: "maybe"'],
    [web("    command: 'echo \"a'\n"), 'services.web.command: a quote is not closed'],
    [
      web('    networks: [x]\n'),
      'compose.yaml:4:16: service "web" refers to undefined network x: invalid compose project',
    ],
    [web('    volumes: ["x:/y"]\n'), 'service "web" refers to undefined volume x: invalid compose project'],
    [web('    secrets: [x]\n'), 'service "web" refers to undefined secret x'],
    [web('    depends_on: [x]\n'), 'service "web" depends on undefined service "x"'],
    [web('    volumes: ["a:b:c:d"]\n'), 'invalid spec: "a:b:c:d": too many colons'],
    [web('    scale: 2\n    container_name: xy\n'), "can't set container_name and scale"],
    [web('    dns: [1.1.1.1, 1.1.1.1]\n'), 'services.web.dns array items[0,1] must be unique'],
    [web('    network_mode: host\n    networks: [default]\n'), 'mutually exclusive `network_mode` and `networks`'],
    ['services:\n  web: {}\n', 'service "web" has neither an image nor a build context specified'],
    ['services:\n  "a b": {image: x}\n', '(root)'],
    ['secrets:\n  a: {}\nservices: {}\n', 'secret "a" must declare either `file` or `environment`'],
    [web('    ulimits: {nofile: {soft: 1}}\n'), "services.web.ulimits.nofile missing property 'hard'"],
    [web('    extends: {service: none}\n'), 'cannot extend service "web" in compose.yaml: service "none" not found'],
  ])('%j', (text, message) => {
    if (message === '(root)') message = "services additional properties 'a b' not allowed";
    expect(() => load({ 'compose.yaml': text })).toThrow(message);
  });
});

describe('putting files together', () => {
  const merged = (one: string, two: string) =>
    load({ 'a.yaml': web(one), 'b.yaml': web(two) }, { files: ['a.yaml', 'b.yaml'] }).services.web;

  it.each([
    ['command is replaced', '    command: [a, b]\n', '    command: c\n', { command: ['c'] }],
    ['entrypoint is replaced', '    entrypoint: [a]\n', '    entrypoint: [b]\n', { entrypoint: ['b'] }],
    [
      'the test of a health check is replaced',
      '    healthcheck: {test: [CMD, a], interval: 1s}\n',
      '    healthcheck: {test: b}\n',
      { healthcheck: { test: ['CMD-SHELL', 'b'], interval: '1s' } },
    ],
    [
      'names with values: the later wins',
      '    environment: {A: 1, B: 1}\n',
      '    environment: [B=2, C=3]\n',
      { environment: { A: '1', B: '2', C: '3' } },
    ],
    ['labels alike', '    labels: [a=1]\n', '    labels: {a: 2, b: }\n', { labels: { a: '2', b: '' } }],
    ['lists are appended', '    security_opt: [a]\n', '    security_opt: [b]\n', { security_opt: ['a', 'b'] }],
    ['what is the same is there once', '    dns: [a, b]\n', '    dns: [b, c]\n', { dns: ['a', 'b', 'c'] }],
    ['capabilities alike', '    cap_add: [A]\n', '    cap_add: [A, B]\n', { cap_add: ['A', 'B'] }],
    [
      'volumes by target',
      '    volumes: ["/a:/x", "/b:/y"]\n',
      '    volumes: ["/c:/x:ro"]\n',
      {
        volumes: [
          { source: '/c', target: '/x', read_only: true },
          { source: '/b', target: '/y' },
        ],
      },
    ],
    [
      'devices by target',
      '    devices: ["/dev/a:/dev/x"]\n',
      '    devices: ["/dev/b:/dev/x"]\n',
      { devices: [{ source: '/dev/b', target: '/dev/x' }] },
    ],
    [
      'ports by all of them',
      '    ports: ["80:80"]\n',
      '    ports: ["80:80", "81:80"]\n',
      { ports: [{ published: '80' }, { published: '81' }] },
    ],
    ['expose once', '    expose: [80]\n', '    expose: ["80", "81"]\n', { expose: ['80', '81'] }],
    ['depends_on by service', '    depends_on: []\n', '    depends_on: {}\n', {}],
    [
      'networks by name',
      '    networks: {default: {aliases: [a]}}\n',
      '    networks: {default: {aliases: [b]}}\n',
      { networks: { default: { aliases: ['a', 'b'] } } },
    ],
    [
      'options of the same log driver',
      '    logging: {driver: a, options: {x: 1}}\n',
      '    logging: {options: {y: 2}}\n',
      { logging: { driver: 'a', options: { x: '1', y: '2' } } },
    ],
    [
      'another log driver replaces',
      '    logging: {driver: a, options: {x: 1}}\n',
      '    logging: {driver: b, options: {y: 2}}\n',
      { logging: { driver: 'b', options: { y: '2' } } },
    ],
    [
      'build: text and mapping',
      '    build: /a\n',
      '    build: {target: t}\n',
      { build: { context: '/a', target: 't' } },
    ],
    [
      'ulimits: a number by both',
      '    ulimits: {nofile: 1}\n',
      '    ulimits: {nofile: {soft: 2, hard: 3}}\n',
      { ulimits: { nofile: { soft: 2, hard: 3 } } },
    ],
    [
      'extra hosts',
      '    extra_hosts: ["a:1.1.1.1"]\n',
      '    extra_hosts: {a: 2.2.2.2, b: 3.3.3.3}\n',
      { extra_hosts: { a: ['1.1.1.1', '2.2.2.2'], b: ['3.3.3.3'] } },
    ],
    ['sysctls', '    sysctls: [a=1]\n', '    sysctls: {a: 2}\n', { sysctls: { a: '2' } }],
    ['scalars', '    user: a\n', '    user: b\n', { user: 'b' }],
    ['a later nothing changes no mapping', '    deploy: {replicas: 2}\n', '    deploy:\n', { deploy: { replicas: 2 } }],
    ['secrets by target', '', '', {}],
  ])('%s', (_, one, two, wanted) => {
    expect(merged(one, two)).toMatchObject(wanted);
  });

  it('!reset drops, !override replaces', () => {
    const made = merged(
      '    ports: ["80:80"]\n    environment: {A: 1, B: 2}\n    user: a\n',
      '    ports: !reset []\n    environment: !override {C: 3}\n    user: !reset null\n',
    );
    expect(made).toEqual({ image: 'a', environment: { C: '3' }, networks: { default: null } });
    expect(merged('    environment: {A: 1, B: 2}\n', '    environment: {A: !reset null}\n')).toMatchObject({
      environment: { B: '2' },
    });
  });
});

describe('extends and include', () => {
  it('a service of another file, with the paths of that file', () => {
    const { services, cwd } = load({
      'compose.yaml': 'services:\n  web: {extends: {file: base/c.yaml, service: base}, environment: {B: 2}}\n',
      'base/c.yaml':
        'services:\n  base: {extends: root, build: ., env_file: e, environment: {A: 1, B: 1}}\n  root: {user: u, command: [x]}\n',
      'base/e': 'E=1\n',
    });
    expect(services.web).toMatchObject({
      user: 'u',
      command: ['x'],
      build: { context: join(cwd, 'base') },
      environment: { A: '1', B: '2', E: '1' },
    });
  });

  it('a file with its own folder and variables', () => {
    const { services, cwd, volumes } = load({
      'compose.yaml':
        'include:\n  - sub/compose.yaml\n  - {path: [o.yaml], env_file: o.env, project_directory: other}\nservices:\n  web: {image: a, depends_on: [db]}\n',
      'sub/compose.yaml': 'services:\n  db: {image: "x:${TAG}", volumes: ["./data:/data", "v:/v"]}\nvolumes: {v: }\n',
      'sub/.env': 'TAG=sub\n',
      'o.yaml': 'services:\n  o: {image: "o:${TAG}", volumes: ["./x:/x"]}\n',
      'o.env': 'TAG=o\n',
    });
    expect(services.db).toMatchObject({
      image: 'x:sub',
      volumes: [{ source: join(cwd, 'sub/data') }, { source: 'v' }],
    });
    expect(services.o).toMatchObject({ image: 'o:o', volumes: [{ source: join(cwd, 'other/x') }] });
    expect(volumes).toEqual({ v: { name: 'shop_v' } });
  });

  it('two different services of one name are refused, with both places', () => {
    const files = {
      'compose.yaml': 'include: [b.yaml]\nservices: {web: {image: a}}\n',
      'b.yaml': 'services: {web: {image: b}}\n',
    };
    expect(() => load(files)).toThrow('services.web conflicts with imported resource');
  });

  it('an override file changes what is included', () => {
    const { services } = load({
      'compose.yaml': 'include: [b.yaml]\nservices: {a: {image: a}}\n',
      'b.yaml': 'services: {web: {image: b}}\n',
      'compose.override.yaml': 'services: {web: {user: u}}\n',
    });
    expect(services.web).toMatchObject({ image: 'b', user: 'u' });
  });
});

describe('profiles', () => {
  const text =
    'services:\n  a: {image: x}\n  b: {image: x, profiles: [debug]}\n  c: {image: x, profiles: [other], depends_on: [a]}\n';
  it.each<[string, Partial<LoadOptions>, string[]]>([
    ['none', {}, ['a']],
    ['--profile', { profiles: ['debug'] }, ['a', 'b']],
    ['COMPOSE_PROFILES', { env: { COMPOSE_PROFILES: 'debug,other' } }, ['a', 'b', 'c']],
    ['*', { profiles: ['*'] }, ['a', 'b', 'c']],
    ['a service that is named', { named: ['c'] }, ['a', 'c']],
  ])('%s', (_, options, names) => {
    expect(Object.keys(load({ 'compose.yaml': text }, options).services)).toEqual(names);
  });
});

describe('short and long forms', () => {
  const one = (more: string) =>
    load({
      'compose.yaml': `${web(more)}volumes: {v: }\nnetworks: {n: }\nsecrets: {s: {file: ./s}}\nconfigs: {c: {content: x}}\n`,
    }).services.web;
  it.each([
    [
      '    ports: ["8000-8001:80-81/udp", 3000, "127.0.0.1::90", "[::1]:5:6"]\n',
      {
        ports: [
          { mode: 'ingress', target: 80, published: '8000', protocol: 'udp' },
          { mode: 'ingress', target: 81, published: '8001', protocol: 'udp' },
          { mode: 'ingress', target: 3000, protocol: 'tcp' },
          { mode: 'ingress', host_ip: '127.0.0.1', target: 90, protocol: 'tcp' },
          { mode: 'ingress', host_ip: '::1', target: 6, published: '5', protocol: 'tcp' },
        ],
      },
    ],
    ['    ports: ["8000-8010:80"]\n', { ports: [{ target: 80, published: '8000-8010' }] }],
    [
      '    volumes: ["v:/v:ro,nocopy", "/h:/h:z,rshared", "/anon"]\n',
      {
        volumes: [
          { type: 'volume', source: 'v', target: '/v', read_only: true, volume: { nocopy: true } },
          {
            type: 'bind',
            source: '/h',
            target: '/h',
            bind: { selinux: 'z', propagation: 'rshared', create_host_path: true },
          },
          { type: 'volume', target: '/anon' },
        ],
      },
    ],
    [
      '    volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0o1777}}]\n',
      { volumes: [{ type: 'tmpfs', target: '/t', tmpfs: { size: '1048576', mode: 0o1777 } }] },
    ],
    [
      '    secrets: [s, {source: s, target: x, mode: "0440"}]\n',
      { secrets: [{ source: 's' }, { source: 's', target: 'x', mode: 0o440 }] },
    ],
    ['    configs: [c]\n', { configs: [{ source: 'c' }] }],
    [
      '    devices: ["/dev/a:/dev/b:r", "/dev/c"]\n',
      {
        devices: [
          { source: '/dev/a', target: '/dev/b', permissions: 'r' },
          { source: '/dev/c', target: '/dev/c', permissions: 'rwm' },
        ],
      },
    ],
    ['    command: echo "a b" \'c\' d\\ e\n', { command: ['echo', 'a b', 'c', 'd e'] }],
    [
      '    healthcheck: {test: curl x, timeout: 90s}\n',
      { healthcheck: { test: ['CMD-SHELL', 'curl x'], timeout: '1m30s' } },
    ],
    ['    tmpfs: /t\n    dns: 1.1.1.1\n', { tmpfs: ['/t'], dns: ['1.1.1.1'] }],
    ['    extra_hosts: ["a=1.1.1.1", "b:[::1]"]\n', { extra_hosts: { a: ['1.1.1.1'], b: ['::1'] } }],
    ['    networks: [n]\n', { networks: { n: null } }],
    ['    ulimits: {nproc: "5"}\n', { ulimits: { nproc: 5 } }],
    ['    mem_limit: 1.5g\n    shm_size: 64mb\n', { mem_limit: '1610612736', shm_size: '67108864' }],
    ['    gpus: all\n', { gpus: [{ count: -1 }] }],
    ['    cpu_period: 50ms\n', { cpu_period: 50000 }],
    ['    privileged: "yes"\n    init: on\n', { privileged: true, init: true }],
    ['    group_add: [1000, users]\n', { group_add: ['1000', 'users'] }],
    ['    build: https://example.com/a.git#main\n', { build: { context: 'https://example.com/a.git#main' } }],
    [
      '    deploy: {resources: {limits: {cpus: "0.5", memory: 50M, pids: 1}, reservations: {devices: [{capabilities: [gpu], count: all}]}}}\n',
      {
        deploy: {
          resources: {
            limits: { cpus: 0.5, memory: '52428800', pids: 1 },
            reservations: { devices: [{ capabilities: ['gpu'], count: -1 }] },
          },
        },
      },
    ],
  ])('%j', (text, wanted) => {
    expect(one(text)).toMatchObject(wanted);
  });

  it('links, namespaces and volumes of other services are dependencies', () => {
    const { services } = load({
      'compose.yaml':
        'services:\n  a: {image: x}\n  b: {image: x, network_mode: "service:a"}\n  c: {image: x, links: ["a:db"], volumes_from: ["b:ro", "container:z"], ipc: "service:b"}\n',
    });
    expect(Object.keys(services.b?.depends_on ?? {})).toEqual(['a']);
    expect(Object.keys(services.c?.depends_on ?? {}).sort()).toEqual(['a', 'b']);
  });

  it('old files: version 2 and 3, external by name', () => {
    const { networks, volumes, warnings } = load({
      'compose.yaml':
        'version: "2.4"\nservices:\n  web: {image: x, mem_limit: 1g, networks: [n], volumes: ["v:/v"], depends_on: {db: {condition: service_started}}}\n  db: {image: x}\nnetworks: {n: {external: {name: outside}}}\nvolumes: {v: {external: true}}\n',
    });
    expect(networks).toMatchObject({ n: { external: true, name: 'outside' } });
    expect(volumes).toEqual({ v: { external: true, name: 'v' } });
    expect(warnings[0]).toMatch(/the attribute `version` is obsolete/);
  });
});

it('what is printed reads back as the same project', () => {
  const first = load({
    'compose.yaml': `${web('    environment: {A: "$$x", B: "yes", C: "012"}\n    ports: ["8080:80"]\n    volumes: ["v:/v", "./d:/d"]\n    command: echo "$$HOME"\n    healthcheck: {test: "true", interval: 90s}\n')}volumes: {v: {labels: [a=b]}}\n`,
  });
  const print = (project: typeof first) =>
    toYaml({
      name: project.name,
      services: JSON.parse(JSON.stringify(project.services).replaceAll('$', '$$$$')),
      networks: JSON.parse(JSON.stringify(project.networks)),
      volumes: JSON.parse(JSON.stringify(project.volumes)),
    });
  const second = load({ 'compose.yaml': print(first) });
  expect(second.services).toEqual(first.services);
  expect(second.volumes).toEqual(first.volumes);
});
