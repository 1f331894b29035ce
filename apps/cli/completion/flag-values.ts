import { filterCompleters } from './filters.ts';
import { containers, contexts, fromInfo, images, networks, registries, volumes, withColon } from './names.ts';
import {
  beginnings,
  type Completer,
  DIRECTIVE,
  directories,
  files,
  nothing,
  oneOf,
  type Suggestions,
  values,
} from './suggestion.ts';

const CAPABILITIES =
  'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM';
const SIGNALS =
  'ABRT ALRM BUS CHLD CONT FPE HUP ILL INT IO KILL PIPE PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ';
const ULIMITS = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack';
const PLATFORMS =
  'linux/386 linux/amd64 linux/arm linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64 linux/arm64/v8 linux/loong64 linux/ppc64le linux/riscv64 linux/s390x';

const capabilities = oneOf('ALL', ...CAPABILITIES.split(' ').map((name) => `CAP_${name}`));
const signals = oneOf(...SIGNALS.split(' ').map((name) => `SIG${name}`));
const platforms = oneOf(...PLATFORMS.split(' '));
const logDrivers = fromInfo(({ Plugins }) => Plugins?.Log);
const environment: Completer = async (context) => values(Object.keys(context.env));

/** Modes with `container:NAME` among them. */
const modes =
  (...list: string[]): Completer =>
  async (context, word, args) => {
    if (!word.startsWith('container:')) return values(['container:', ...list]);
    const { values: names } = await containers('running')(context, word, args);
    return values(names.map(({ value }) => `container:${value}`));
  };

/** Networks and the modes that are none. */
const networkModes: Completer = async (context, word, args) => {
  const [named, other] = await Promise.all([networks(context, word, args), modes()(context, word, args)]);
  return { values: [...named.values, ...other.values], directive: DIRECTIVE.noFiles };
};

/** A named volume, or a path of this machine. */
const volumeOrPath: Completer = (context, word, args) =>
  /^[/.~]/.test(word) ? directories(context, word, args) : withColon(volumes)(context, word, args);

/** By name of the flag, whatever the command. */
const ANYWHERE: Readonly<Record<string, Completer>> = {
  attach: oneOf('stderr', 'stdin', 'stdout'),
  'cap-add': capabilities,
  'cap-drop': capabilities,
  cgroupns: oneOf('host', 'private'),
  cidfile: files,
  'detach-keys': beginnings('ctrl-'),
  device: files,
  env: environment,
  'env-file': files,
  file: files,
  gpus: beginnings('all', 'capabilities=', 'count=', 'device=', 'driver='),
  input: files,
  ipc: modes('host', 'none', 'private', 'shareable'),
  'label-file': files,
  link: withColon(containers()),
  'log-driver': logDrivers,
  mount: beginnings('type=bind,', 'type=image,', 'type=tmpfs,', 'type=volume,'),
  network: networkModes,
  output: files,
  pid: modes('host'),
  platform: platforms,
  publish: nothing,
  pull: oneOf('always', 'missing', 'never'),
  restart: oneOf('no', 'always', 'on-failure', 'unless-stopped'),
  runtime: fromInfo(({ Runtimes }) => Object.keys(Runtimes ?? {})),
  'security-opt': beginnings('apparmor=', 'label=', 'no-new-privileges', 'seccomp=', 'systempaths=unconfined'),
  signal: signals,
  'stop-signal': signals,
  'storage-opt': beginnings('size='),
  ulimit: beginnings(...ULIMITS.split(' ').map((name) => `${name}=`)),
  userns: oneOf('host'),
  uts: oneOf('host'),
  volume: volumeOrPath,
  'volume-driver': fromInfo(({ Plugins }) => Plugins?.Volume),
  'volumes-from': containers(),
};

const BUILD: Readonly<Record<string, Completer>> = {
  allow: oneOf('device', 'network.host', 'security.insecure'),
  'build-arg': environment,
  'cache-from': images,
  'cache-to': beginnings('type=inline', 'type=local,dest=', 'type=registry,ref='),
  call: oneOf('build', 'check', 'outline', 'targets'),
  iidfile: files,
  'metadata-file': files,
  network: networkModes,
  output: beginnings('type=docker,dest=', 'type=image', 'type=local,dest=', 'type=oci,dest=', 'type=tar,dest='),
  progress: oneOf('auto', 'classic', 'json', 'none', 'plain', 'quiet', 'rawjson', 'tty'),
  pull: nothing,
  secret: beginnings('id='),
  ssh: oneOf('default'),
  tag: nothing,
};

/** Where a name means something else. */
const OF_COMMAND: Readonly<Record<string, Readonly<Record<string, Completer>>>> = {
  compose: {
    ansi: oneOf('always', 'auto', 'never'),
    progress: oneOf('auto', 'json', 'plain', 'quiet', 'tty'),
    'project-directory': directories,
  },
  inspect: { type: oneOf('container', 'image', 'network', 'volume') },
  'context create': { from: contexts },
  'network create': { driver: oneOf('bridge', 'ipvlan', 'macvlan') },
  'network connect': { link: withColon(containers()) },
  'volume create': { driver: fromInfo(({ Plugins }) => Plugins?.Volume) },
  'image build': BUILD,
  'buildx build': BUILD,
  login: { registry: registries },
};

/** Of the flags before the command. */
const GLOBAL: Readonly<Record<string, Completer>> = {
  config: directories,
  context: contexts,
  host: beginnings('unix://', 'tcp://', 'ssh://'),
  'log-level': oneOf('debug', 'info', 'warn', 'error', 'fatal'),
  tlscacert: files,
  tlscert: files,
  tlskey: files,
};

const format: Completer = async (): Promise<Suggestions> => values(['json', 'table']);

/** The completer of a flag's value; `path` is '' for the flags before the command. */
export function flagCompleter(path: string, flag: string): Completer {
  if (path === '') return GLOBAL[flag] ?? nothing;
  const own = OF_COMMAND[path]?.[flag];
  if (own) return own;
  if (flag === 'filter') return filterCompleters[path] ?? nothing;
  if (flag === 'format') return format;
  return ANYWHERE[flag] ?? nothing;
}
