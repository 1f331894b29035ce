import type { KeyCase } from './key-case.ts';

/** What makes a project of services: files, dependencies, profiles, replicas. */
export const PROJECT_KEYS: readonly KeyCase[] = [
  { keys: ['version', 'name', 'services'], more: 'version: "3.8"\nname: keys\n', run: 'echo ok', shows: 'ok' },
  {
    keys: ['S.depends_on', 'S.depends_on.*.condition'],
    app: '    depends_on: {db: {condition: service_completed_successfully}}\n    volumes: ["data:/data"]\n    command: sh -c "cp /data/f /seen; sleep 1000"\n',
    more: 'SERVICE db:\n    command: sh -c "sleep 0.3; echo first > /data/f"\n    volumes: ["data:/data"]\nvolumes: {data: }\n',
    run: 'cat /seen',
    shows: 'first',
  },
  {
    keys: ['S.depends_on.*.required'],
    app: '    depends_on: {db: {condition: service_started, required: false}}\n',
    more: 'SERVICE db:\n    profiles: [never]\n',
    run: 'echo started',
    shows: 'started',
  },
  {
    keys: ['S.profiles'],
    more: 'SERVICE extra:\n    profiles: [more]\n',
    flags: ['--profile', 'more'],
    container: 'extra-1',
    run: 'echo active',
    shows: 'active',
  },
  { keys: ['S.scale'], app: '    scale: 2\n', container: 'app-2', run: 'echo second', shows: 'second' },
  {
    keys: ['S.deploy', 'S.deploy.replicas', 'S.deploy.mode', 'S.deploy.labels', 'S.deploy.endpoint_mode'],
    app: '    deploy: {mode: replicated, endpoint_mode: vip, replicas: 3, labels: {a: b}}\n',
    container: 'app-3',
    run: 'echo third',
    shows: 'third',
  },
  {
    keys: ['S.deploy.restart_policy', 'S.deploy.restart_policy.condition', 'S.deploy.restart_policy.max_attempts'],
    app: '    deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}\n',
    inspect: '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}',
    shows: 'on-failure:2',
  },
  {
    keys: ['S.extends', 'S.extends.service', 'S.extends.file'],
    app: '    extends: {file: base.yaml, service: base}\n',
    files: { 'base.yaml': 'services:\n  base:\n    environment: {FROM: base}\n' },
    run: 'echo $FROM',
    shows: 'base',
  },
  {
    keys: ['include', 'include[].path', 'include[].env_file', 'include[].project_directory'],
    more: 'include: [{path: sub/c.yaml, env_file: sub/e.env, project_directory: sub}]\n',
    files: {
      'sub/c.yaml':
        'services:\n  extra: {image: busybox, command: sleep 1000, stop_grace_period: 0s, environment: {V: "$V"}}\n',
      'sub/e.env': 'V=included\n',
    },
    container: 'extra-1',
    run: 'echo $V',
    shows: 'included',
  },
  { keys: ['S.pull_policy'], app: '    pull_policy: never\n', run: 'echo here', shows: 'here' },
  { keys: ['S.platform'], app: '    platform: linux/amd64\n', run: 'uname -m', shows: /x86_64|aarch64/ },
  { keys: ['S.attach'], app: '    attach: false\n', compose: ['config', '--format', 'json'], shows: '"attach": false' },
  {
    keys: ['S.depends_on.*.restart'],
    app: '    depends_on: {db: {condition: service_started, restart: true}}\n',
    more: 'SERVICE db:\n    hostname: d\n',
    compose: ['restart', '-t', '0', 'db'],
    shows: 'Container keys-app-1  Started',
  },
];
