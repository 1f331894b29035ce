/* biome-ignore-all lint/suspicious/noAssignInExpressions: an edit is an assignment */
/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
/** A Compose file as JSON, which is YAML. */
export interface File {
  services: Record<string, Record<string, unknown>>;
  [section: string]: unknown;
}

/** What an edit does to each service: `keep` unless it is named. */
export interface Edit {
  title: string;
  edit: (file: File) => void;
  /** Services that are not kept; `web#2` is the second container. */
  acts: Record<string, 'replace' | 'create' | 'remove' | 'restart'>;
  /** The `.env` file after it. */
  env?: string;
}

/** Two services, a network and volumes, in the short forms of most files. */
export function baseFile(): File {
  return {
    services: {
      web: {
        image: 'busybox',
        command: ['sleep', '100000'],
        stop_grace_period: '0s',
        environment: { A: '1', B: '$FROM_ENV' },
        labels: { 'shop.tier': 'front' },
        expose: [80],
        volumes: ['data:/data', '/anon'],
        networks: ['front', 'back'],
        configs: ['conf'],
        depends_on: ['db'],
      },
      db: { image: 'busybox', command: ['sleep', '100000'], stop_grace_period: '0s', networks: ['back'] },
    },
    networks: { front: {}, back: {} },
    volumes: { data: {}, more: {} },
    configs: { conf: { content: 'one' } },
  };
}

export const BASE_ENV = 'FROM_ENV=file\n';

const web = (title: string, fields: Record<string, unknown>): Edit => ({
  title,
  edit: ({ services }) => void Object.assign(services.web ?? {}, fields),
  acts: { web: 'replace' },
});
const same = (title: string, fields: Record<string, unknown>): Edit => ({ ...web(title, fields), acts: {} });

/** Changes of a single thing, with what each has to lead to. */
export const EDITS: readonly Edit[] = [
  web('another command', { command: ['sleep', '99999'] }),
  web('another entry point', { entrypoint: ['sleep'], command: ['99999'] }),
  web('a variable with another value', { environment: { A: '2', B: '$FROM_ENV' } }),
  web('a new variable', { environment: { A: '1', B: '$FROM_ENV', C: '3' } }),
  web('a variable that is gone', { environment: { A: '1' } }),
  web('no variables', { environment: {} }),
  web('another label', { labels: { 'shop.tier': 'back' } }),
  web('a new label', { labels: { 'shop.tier': 'front', 'shop.new': '1' } }),
  web('a port', { ports: ['127.0.0.1::80'] }),
  web('another exposed port', { expose: [81] }),
  web('a bind mount', { volumes: ['data:/data', '/anon', '/tmp:/host'] }),
  web('another volume', { volumes: ['data:/data', 'more:/more', '/anon'] }),
  web('a read-only volume', { volumes: ['data:/data:ro', '/anon'] }),
  web('a volume that is gone', { volumes: ['/anon'] }),
  web('a tmpfs', { tmpfs: '/scratch' }),
  web('a working folder', { working_dir: '/tmp' }),
  web('a user', { user: '1000' }),
  web('a host name', { hostname: 'shop' }),
  web('a domain name', { domainname: 'example.com' }),
  web('a health check', { healthcheck: { test: 'true', interval: '1h' } }),
  web('a restart policy', { restart: 'unless-stopped' }),
  web('a stop signal', { stop_signal: 'SIGINT' }),
  web('a grace period', { stop_grace_period: '1s' }),
  web('a capability more', { cap_add: ['NET_ADMIN'] }),
  web('a capability less', { cap_drop: ['CHOWN'] }),
  web('a DNS server', { dns: '192.0.2.1' }),
  web('DNS options', { dns_opt: ['ndots:2'], dns_search: 'example.com' }),
  web('a further host', { extra_hosts: ['other:192.0.2.2'] }),
  web('a limit of open files', { ulimits: { nofile: { soft: 512, hard: 1024 } } }),
  web('a kernel parameter', { sysctls: { 'net.core.somaxconn': 64 } }),
  web('a memory limit', { mem_limit: '64m' }),
  web('a memory reservation', { mem_reservation: '32m' }),
  web('a CPU limit', { cpus: 0.5 }),
  web('CPU shares', { cpu_shares: 512 }),
  web('a limit of processes', { pids_limit: 64 }),
  web('the size of shared memory', { shm_size: '32m' }),
  web('an init process', { init: true }),
  web('a terminal', { tty: true }),
  web('an open stdin', { stdin_open: true }),
  web('a read-only root', { read_only: true, configs: [] }),
  web('privileges', { privileged: true }),
  web('a security option', { security_opt: ['no-new-privileges:true'] }),
  web('a log driver', { logging: { driver: 'json-file', options: { 'max-size': '1m' } } }),
  web('a further group', { group_add: ['1000'] }),
  web('shared IPC', { ipc: 'shareable' }),
  web('an OOM score', { oom_score_adj: 100 }),
  web('a device', { devices: ['/dev/null:/dev/nothing'] }),
  web('an alias', { networks: { front: { aliases: ['shop'] }, back: null } }),
  web('a network less', { networks: ['back'] }),
  web('limits by deploy', { deploy: { resources: { limits: { pids: 50 } } } }),
  web('annotations', { annotations: { 'shop.note': '1' } }),
  web('a config at another place', { configs: [{ source: 'conf', target: '/etc/conf' }] }),
  web('a runtime namespace', { uts: 'host' }),
  web('a container name', { container_name: 'the-web' }),
  {
    title: 'another content of a config',
    edit: (file) => void (file.configs = { conf: { content: 'two' } }),
    acts: { web: 'replace' },
  },
  { title: 'another value in .env', edit: () => undefined, env: 'FROM_ENV=other\n', acts: { web: 'replace' } },
  { title: 'a variable of .env that nothing uses', edit: () => undefined, env: 'FROM_ENV=file\nUNUSED=1\n', acts: {} },
  {
    title: 'an option of a network',
    edit: (file) => void (file.networks = { front: {}, back: { labels: { a: '1' } } }),
    acts: { web: 'replace', db: 'replace' },
  },
  {
    title: 'an option of a network that one service has',
    edit: (file) => void (file.networks = { front: { internal: true }, back: {} }),
    acts: { web: 'replace' },
  },
  {
    title: 'a label of a volume: data are kept',
    edit: (file) => void (file.volumes = { data: { labels: { a: '1' } }, more: {} }),
    acts: {},
  },
  {
    title: 'a change of what another one depends on',
    edit: ({ services }) => void Object.assign(services.db ?? {}, { user: '1000' }),
    acts: { db: 'replace' },
  },
  {
    title: 'the same, with a wish to be restarted',
    edit({ services }) {
      Object.assign(services.db ?? {}, { user: '1001' });
      Object.assign(services.web ?? {}, { depends_on: { db: { condition: 'service_started', restart: true } } });
    },
    acts: { db: 'replace', web: 'restart' },
  },
  {
    title: 'a further service',
    edit: ({ services }) =>
      void (services.cache = {
        image: 'busybox',
        command: ['sleep', '1000'],
        stop_grace_period: '0s',
        networks: ['back'],
      }),
    acts: { cache: 'create' },
  },
  { ...same('two of a service', { scale: 2 }), acts: { 'web#2': 'create' } },
  { ...same('three by replicas', { deploy: { replicas: 3 } }), acts: { 'web#2': 'create', 'web#3': 'create' } },
  { ...same('none of a service', { scale: 0 }), acts: { web: 'remove' } },
  same('a service that waits for nothing', { depends_on: [] }),
  same('a condition', { depends_on: { db: { condition: 'service_started' } } }),
  same('a build section besides the image', { build: { context: '.' }, pull_policy: 'never' }),
  same('a pull policy', { pull_policy: 'missing' }),
  same('rules for watching', { develop: { watch: [] } }),
  same('a key of its own', { 'x-note': 'hello' }),
  same('variables as a list', { environment: ['A=1', 'B=$FROM_ENV'] }),
  same('variables in another order', { environment: { B: '$FROM_ENV', A: '1' } }),
  same('a number instead of text', { environment: { A: 1, B: '$FROM_ENV' } }),
  same('a default that is not used', { environment: { A: '1', B: '${FROM_ENV:-x}' } }),
  same('the command as text', { command: 'sleep 100000' }),
  same('labels as a list', { labels: ['shop.tier=front'] }),
  same('a duration written otherwise', { stop_grace_period: '0ms' }),
  same('networks as a mapping', { networks: { back: null, front: {} } }),
  same('volumes in the long form', {
    volumes: [
      { type: 'volume', source: 'data', target: '/data', volume: {} },
      { type: 'volume', target: '/anon', volume: {} },
    ],
  }),
  same('a hook after the start', { post_start: [{ command: 'true' }] }),
  same('not to be attached to', { attach: false }),
  {
    title: 'the order of services',
    edit: (file) => void (file.services = Object.fromEntries(Object.entries(file.services).reverse())),
    acts: {},
  },
  { title: 'the obsolete version', edit: (file) => void (file.version = '3.8'), acts: {} },
  { title: 'a key of its own at the top', edit: (file) => void (file['x-shop'] = { a: [1, 2] }), acts: {} },
];
