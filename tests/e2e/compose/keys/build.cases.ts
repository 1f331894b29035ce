import type { KeyCase } from './key-case.ts';

/** `build` and `develop`. */
export const BUILD_KEYS: readonly KeyCase[] = [
  {
    keys: [
      'S.develop',
      'S.develop.watch',
      'S.develop.watch[].path',
      'S.develop.watch[].action',
      'S.develop.watch[].target',
      'S.develop.watch[].ignore',
      'S.develop.watch[].include',
      'S.develop.watch[].initial_sync',
    ],
    app: '    develop: {watch: [{path: ., action: sync, target: /w, ignore: [a], include: [b], initial_sync: true}]}\n',
    compose: ['config', '--format', 'json'],
    shows: '"initial_sync": true',
  },
  {
    keys: [
      'S.build',
      'S.build.context',
      'S.build.dockerfile',
      'S.build.args',
      'S.build.labels',
      'S.build.target',
      'S.build.tags',
    ],
    app: '    image: keys-built\n    build: {context: ./ctx, dockerfile: D, args: {A: of-args}, labels: {l: m}, target: first, tags: [keys-tagged]}\n',
    files: { 'ctx/D': 'FROM busybox AS first\nARG A\nRUN echo $A > /made\nFROM busybox\nRUN false\n' },
    run: 'cat /made',
    shows: 'of-args',
  },
  {
    keys: ['S.build.dockerfile_inline', 'S.build.no_cache', 'S.build.pull'],
    app: '    image: keys-inline\n    build: {context: ., dockerfile_inline: "FROM busybox\\nRUN echo inline > /made\\n", no_cache: true, pull: false}\n',
    run: 'cat /made',
    shows: 'inline',
  },
  {
    keys: ['S.build.extra_hosts', 'S.build.shm_size', 'S.build.network'],
    app: '    image: keys-hosts\n    build: {context: ., dockerfile_inline: "FROM busybox\\nRUN cat /etc/hosts > /made; df -k /dev/shm >> /made\\n", extra_hosts: ["built:192.0.2.7"], shm_size: 3m, network: none}\n',
    run: 'cat /made',
    shows: /192\.0\.2\.7\s+built/,
  },
  {
    keys: ['S.build.secrets', 'S.build.secrets[].source', 'S.build.secrets[].target'],
    app: '    image: keys-secret\n    build: {context: ., dockerfile_inline: "FROM busybox\\nRUN --mount=type=secret,id=t wc -c < /run/secrets/t > /made\\n", secrets: [{source: s, target: t}]}\n',
    more: 'secrets: {s: {file: ./s.txt}}\n',
    files: { 's.txt': '12345' },
    run: 'cat /made',
    shows: '5',
  },
  {
    keys: ['S.build.additional_contexts'],
    app: '    image: keys-context\n    build: {context: ., dockerfile_inline: "FROM busybox\\nCOPY --from=extra f /made\\n", additional_contexts: {extra: ./more}}\n',
    files: { 'more/f': 'of the other context\n' },
    run: 'cat /made',
    shows: 'of the other context',
  },
  {
    keys: [
      'S.develop.watch[].exec',
      'S.develop.watch[].exec.command',
      'S.develop.watch[].exec.user',
      'S.develop.watch[].exec.working_dir',
      'S.develop.watch[].exec.environment',
      'S.develop.watch[].exec.privileged',
    ],
    app: '    develop: {watch: [{path: ., action: sync+exec, target: /w, exec: {command: [echo, x], user: "1", working_dir: /tmp, environment: {A: b}, privileged: true}}]}\n',
    compose: ['config', '--format', 'json'],
    shows: '"action": "sync+exec"',
  },
];
