import { posix } from 'node:path';
import type { HostConfig, MountWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type MountMode, PROPAGATIONS, type Propagation, parseMountMode } from './parse-mounts-mode.ts';
import { mergeTmpfsOptions, tmpfsOptionsOf } from './parse-mounts-tmpfs.ts';

/** One mount of a container besides its root and the engine's own files. */
export interface MountPoint {
  type: 'bind' | 'volume' | 'tmpfs';
  /** Which option asked for it. `volumes`: an anonymous volume, of the image or by `-v /path`. */
  origin: 'binds' | 'mounts' | 'tmpfs' | 'volumes';
  /** Host path, absolute and cleaned; '' for tmpfs and for anonymous volumes. Links in it are not resolved. */
  source: string;
  /** Path in the container, absolute and cleaned, never `/`. Links in it are not resolved. */
  target: string;
  readOnly: boolean;
  /** '' for tmpfs and volumes. */
  propagation: Propagation | '';
  /** Take the mounts below the source along (`rbind`). */
  recursive: boolean;
  /** Of a read-only mount: whether the mounts below it become read-only too. */
  recursiveReadOnly: 'no' | 'if-possible' | 'required';
  /** A missing source is made as a directory on the host at start. */
  createSource: boolean;
  /** Fill an empty volume with what the image has at the target. */
  copyUp: boolean;
  /** Mount options of a tmpfs, Docker's defaults included. */
  options: string[];
  /** The options as they were written with `-v`, for inspect. */
  mode: string;
}

export interface MountWishes {
  hostConfig: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs' | 'VolumeDriver'>;
  /** ContainerConfig.Volumes, the image's included. */
  volumes: Record<string, object> | null;
}

/**
 * All mounts, parents before what is mounted below them. An anonymous volume gives way to any other wish for its path.
 * `sourceExists` is asked for bind mounts of the `Mounts` kind, which refuse a missing source; leave it out when the
 * wishes were checked before.
 * Errors: invalid (Docker's sentences), not-supported (named volumes, image mounts, …).
 */
export function parseMounts(wishes: MountWishes, sourceExists?: (path: string) => boolean): MountPoint[] {
  const { Binds, Mounts, Tmpfs, VolumeDriver } = wishes.hostConfig;
  const mounts: MountPoint[] = [];
  const targets = new Set<string>();
  const add = (mount: MountPoint) => {
    refuseInsideProc(mount);
    if (targets.has(mount.target)) throw new BerthError('invalid', `Duplicate mount point: ${mount.target}`);
    targets.add(mount.target);
    mounts.push(mount);
  };
  for (const bind of Binds ?? []) add(parseBind(bind, VolumeDriver));
  for (const wish of Mounts ?? []) add(parseMount(wish, sourceExists));
  for (const [path, options] of Object.entries(Tmpfs ?? {})) add(parseTmpfs(path, options));
  for (const path of Object.keys(wishes.volumes ?? {})) {
    const target = posix.resolve('/', path);
    if (!targets.has(target)) add(anonymousVolume(checkTarget(target), 'volumes'));
  }
  return mounts.sort((a, b) => depth(a.target) - depth(b.target));
}

/** Files of /proc that lxcfs and others show for a container; runc allows these. */
const EMULATED = new Set(
  'cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev sys/kernel/ns_last_pid sys/crypto/fips_enabled'
    .split(' ')
    .map((name) => `/proc/${name}`),
);

/**
 * Nothing may cover /proc, by which the runtime sets up security (CVE-2023-27561), but another proc, which is looked at
 * when it is mounted.
 */
function refuseInsideProc({ type, target }: MountPoint): void {
  if (target === '/proc' && type !== 'bind') {
    throw new BerthError(
      'invalid',
      `invalid mount config for type "${type}": "/proc" cannot be mounted because it is not of type proc`,
    );
  }
  if (target.startsWith('/proc/') && !EMULATED.has(target)) {
    throw new BerthError(
      'invalid',
      `invalid mount config for type "${type}": "${target}" cannot be mounted because it is inside /proc`,
    );
  }
}

function depth(path: string): number {
  return path.split('/').length;
}

function parseBind(specification: string, volumeDriver: string): MountPoint {
  const wrong = (reason = '') =>
    new BerthError('invalid', `invalid volume specification: '${specification}'${reason && `: ${reason}`}`);
  const parts = specification.split(':');
  const [source = '', target, mode = ''] = parts;
  if (source === '' || target === '' || parts.length > 3 || specification.includes('\0')) throw wrong();
  if (target === undefined) return anonymousVolume(checkTarget(source, wrong), 'binds');
  if (parts.length === 2 && parseMountMode(target)) throw wrong();
  const parsed = parseMountMode(mode);
  if (!parsed) throw new BerthError('invalid', `invalid mode: ${mode}`);
  const path = checkTarget(target, (reason) => wrong(`invalid mount config for type "bind": ${reason}`));
  if (!source.startsWith('/')) throw namedVolume(source, volumeDriver);
  if (parsed.copy !== undefined) {
    throw wrong('invalid mount config for type "bind": field VolumeOptions must not be specified');
  }
  return bindMount(posix.normalize(source), path, parsed, mode);
}

function bindMount(source: string, target: string, parsed: MountMode, mode: string): MountPoint {
  return {
    ...NOTHING,
    type: 'bind',
    origin: 'binds',
    source: withoutTrailingSlash(source),
    target,
    readOnly: parsed.readOnly,
    propagation: parsed.propagation ?? 'rprivate',
    recursiveReadOnly: parsed.readOnly ? 'if-possible' : 'no',
    createSource: true,
    mode,
  };
}

function parseMount(wish: MountWish, sourceExists: ((path: string) => boolean) | undefined): MountPoint {
  const wrong = (reason: string) =>
    new BerthError('invalid', `invalid mount config for type "${wish.Type}": ${reason}`);
  const mustBeAbsent = (...names: (keyof MountWish)[]) => {
    for (const name of names) if (wish[name]) throw wrong(`field ${name} must not be specified`);
  };
  if (wish.Target === '') throw wrong('field Target must not be empty');
  if (`${wish.Target}${wish.Source ?? ''}`.includes('\0')) throw wrong('a path must not contain a null byte');
  const target = checkTarget(wish.Target, wrong);
  switch (wish.Type) {
    case 'bind':
      mustBeAbsent('VolumeOptions', 'ImageOptions', 'TmpfsOptions');
      return parseMountedPath(wish, target, wrong, sourceExists);
    case 'tmpfs':
      mustBeAbsent('BindOptions', 'VolumeOptions', 'ImageOptions', 'Source');
      return { ...tmpfsMount(target, tmpfsOptionsOf(wish, wrong)), origin: 'mounts', readOnly: wish.ReadOnly ?? false };
    case 'volume':
      mustBeAbsent('BindOptions', 'ImageOptions', 'TmpfsOptions');
      return parseVolume(wish, target, wrong);
    case 'image':
    case 'cluster':
    case 'npipe':
      throw new BerthError('not-supported', `mounts of type "${wish.Type}" are not supported by this version of Berth`);
    default:
      throw wrong('mount type unknown');
  }
}

function parseMountedPath(
  wish: MountWish,
  target: string,
  wrong: (reason: string) => BerthError,
  sourceExists: ((path: string) => boolean) | undefined,
): MountPoint {
  const { Source = '', BindOptions = {}, ReadOnly = false } = wish;
  if (Source === '') throw wrong('field Source must not be empty');
  const propagation = BindOptions.Propagation || 'rprivate';
  if (!isPropagation(propagation)) throw wrong(`invalid propagation mode: ${propagation}`);
  if (!Source.startsWith('/')) throw wrong(`invalid mount path: '${Source}' mount path must be absolute`);
  const { NonRecursive = false, ReadOnlyNonRecursive = false, ReadOnlyForceRecursive = false } = BindOptions;
  if (ReadOnlyForceRecursive && (!ReadOnly || NonRecursive || ReadOnlyNonRecursive || propagation !== 'rprivate')) {
    throw wrong(
      'ReadOnlyForceRecursive needs ReadOnly, Propagation rprivate, and neither NonRecursive nor ReadOnlyNonRecursive',
    );
  }
  const createSource = BindOptions.CreateMountpoint ?? false;
  if (!createSource && sourceExists && !sourceExists(Source)) {
    throw wrong(`bind source path does not exist: ${Source}`);
  }
  const recursiveReadOnly = !ReadOnly || NonRecursive || ReadOnlyNonRecursive ? 'no' : 'if-possible';
  return {
    ...NOTHING,
    type: 'bind',
    origin: 'mounts',
    source: withoutTrailingSlash(posix.normalize(Source)),
    target,
    readOnly: ReadOnly,
    propagation,
    recursive: !NonRecursive,
    recursiveReadOnly: ReadOnlyForceRecursive ? 'required' : recursiveReadOnly,
    createSource,
  };
}

function parseVolume(wish: MountWish, target: string, wrong: (reason: string) => BerthError): MountPoint {
  const { Source = '', VolumeOptions = {} } = wish;
  if (Source !== '') throw namedVolume(Source, VolumeOptions.DriverConfig?.Name ?? '');
  if (wish.ReadOnly) throw wrong('must not set ReadOnly mode when using anonymous volumes');
  if (VolumeOptions.Subpath) throw wrong('must not set Subpath when using anonymous volumes');
  const { Name = '', Options = {} } = VolumeOptions.DriverConfig ?? {};
  if ((Name !== '' && Name !== 'local') || Object.keys(Options).length > 0 || hasKeys(VolumeOptions.Labels)) {
    throw new BerthError(
      'not-supported',
      'volume drivers, their options and volume labels are not supported by this version of Berth',
    );
  }
  return { ...anonymousVolume(target, 'mounts'), copyUp: !VolumeOptions.NoCopy };
}

function parseTmpfs(path: string, options: string): MountPoint {
  const wrong = (reason: string) => new BerthError('invalid', `invalid mount config for type "tmpfs": ${reason}`);
  if (path.includes('\0')) throw wrong('a path must not contain a null byte');
  const wished = options.split(',').filter((option) => option !== '');
  return { ...tmpfsMount(checkTarget(path, wrong), mergeTmpfsOptions(wished)), mode: options };
}

function tmpfsMount(target: string, options: string[]): MountPoint {
  return { ...NOTHING, type: 'tmpfs', origin: 'tmpfs', target, options, readOnly: options.includes('ro') };
}

function anonymousVolume(target: string, origin: MountPoint['origin']): MountPoint {
  return { ...NOTHING, type: 'volume', origin, target, copyUp: true };
}

const NOTHING: Omit<MountPoint, 'type' | 'origin' | 'target'> = {
  source: '',
  readOnly: false,
  propagation: '',
  recursive: true,
  recursiveReadOnly: 'no',
  createSource: false,
  copyUp: false,
  options: [],
  mode: '',
};

/** The cleaned target; throws what `wrong` makes of the reason. */
function checkTarget(
  path: string,
  wrong: (reason: string) => BerthError = (reason) => new BerthError('invalid', reason),
): string {
  if (!path.startsWith('/')) throw wrong(`invalid mount path: '${path}' mount path must be absolute`);
  const target = withoutTrailingSlash(posix.normalize(path));
  if (target === '/') throw wrong("invalid specification: destination can't be '/'");
  return target;
}

function namedVolume(name: string, driver: string): BerthError {
  const what = driver && driver !== 'local' ? `volume driver "${driver}" is` : 'named volumes are';
  return new BerthError('not-supported', `${what} not supported by this version of Berth (volume "${name}")`, {
    hint: 'Give an absolute host path to mount a directory of the host, or leave the name out for an anonymous volume.',
  });
}

function isPropagation(word: string): word is Propagation {
  return (PROPAGATIONS as readonly string[]).includes(word);
}

function hasKeys(object: object | undefined): boolean {
  return object !== undefined && Object.keys(object).length > 0;
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
