import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';
import { toYaml } from '../print/file.ts';

describe('short and long forms', () => {
  const one = (more: string) =>
    loadFiles({
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
    const { services } = loadFiles({
      'compose.yaml':
        'services:\n  a: {image: x}\n  b: {image: x, network_mode: "service:a"}\n  c: {image: x, links: ["a:db"], volumes_from: ["b:ro", "container:z"], ipc: "service:b"}\n',
    });
    expect(Object.keys(services.b?.depends_on ?? {})).toEqual(['a']);
    expect(Object.keys(services.c?.depends_on ?? {}).sort()).toEqual(['a', 'b']);
  });

  it('old files: version 2 and 3, external by name', () => {
    const { networks, volumes, warnings } = loadFiles({
      'compose.yaml':
        'version: "2.4"\nservices:\n  web: {image: x, mem_limit: 1g, networks: [n], volumes: ["v:/v"], depends_on: {db: {condition: service_started}}}\n  db: {image: x}\nnetworks: {n: {external: {name: outside}}}\nvolumes: {v: {external: true}}\n',
    });
    expect(networks).toMatchObject({ n: { external: true, name: 'outside' } });
    expect(volumes).toEqual({ v: { external: true, name: 'v' } });
    expect(warnings[0]).toMatch(/the attribute `version` is obsolete/);
  });
});

it('what is printed reads back as the same project', () => {
  const first = loadFiles({
    'compose.yaml': `${web('    environment: {A: "$$x", B: "yes", C: "012"}\n    ports: ["8080:80"]\n    volumes: ["v:/v", "./d:/d"]\n    command: echo "$$HOME"\n    healthcheck: {test: "true", interval: 90s}\n')}volumes: {v: {labels: [a=b]}}\n`,
  });
  const print = (project: typeof first) =>
    toYaml({
      name: project.name,
      services: JSON.parse(JSON.stringify(project.services).replaceAll('$', '$$$$')),
      networks: JSON.parse(JSON.stringify(project.networks)),
      volumes: JSON.parse(JSON.stringify(project.volumes)),
    });
  const second = loadFiles({ 'compose.yaml': print(first) });
  expect(second.services).toEqual(first.services);
  expect(second.volumes).toEqual(first.volumes);
});
