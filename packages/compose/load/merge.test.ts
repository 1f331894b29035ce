import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';

describe('putting files together', () => {
  const merged = (one: string, two: string) =>
    loadFiles({ 'a.yaml': web(one), 'b.yaml': web(two) }, { files: ['a.yaml', 'b.yaml'] }).services.web;

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
