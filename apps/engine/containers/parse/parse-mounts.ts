import { posix } from 'node:path';
import type { HostConfig, MountWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type MountMode, PROPAGATIONS, type Propagation, parseMountMode } from './parse-mounts-mode.ts';
import { mergeTmpfsOptions, tmpfsOptionsOf } from './parse-mounts-tmpfs.ts';

/** One mount of a container besides its root and the engine's own files. */
export interface MountPoint {
  type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Which option asked for it. `volumes`: an anonymous volume, of the image or by `-v /path`. */
  origin: 'binds' | 'mounts' | 'tmpfs' | 'volumes' | 'volumes-from';
  /**
   * Of a bind: host path, absolute and cleaned; links in it are not resolved. Of a volume: the name it was wished by,
   * '' for an anonymous one. Of an image: its reference. '' for tmpfs.
   */
  source: string;
  /** Path in the container, absolute and cleaned, never `/`. Links in it are not resolved. */
  target: string;
  readOnly: boolean;
  /** '' for tmpfs and volumes. */
  propagation: Propagation | '';
  /** Nobody said what it should be. */
  defaultPropagation?: true;
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
  /** Directory or file inside the volume or image that is mounted in place of all of it; '' for all. */
  subpath: string;
  /** How to make a volume that is not there yet. */
  volume?: { driver: string; labels: Record<string, string>; options: Record<string, string> };
  /** Id of the volume, or digest of the image, that was found or made at create. */
  id?: string;
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
 * Errors: invalid (Docker's sentences).
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
    if (!targets.has(target)) add(anonymousVolume(checkTarget(target), 'volumes', VolumeDriver));
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
  if (target === undefined) return anonymousVolume(checkTarget(source, wrong), 'binds', volumeDriver);
  if (parts.length === 2 && parseMountMode(target)) throw wrong();
  const parsed = parseMountMode(mode);
  if (!parsed) throw new BerthError('invalid', `invalid mode: ${mode}`);
  const type = source.startsWith('/') ? 'bind' : 'volume';
  const path = checkTarget(target, (reason) => wrong(`invalid mount config for type "${type}": ${reason}`));
  if (type === 'volume') {
    if (parsed.propagation !== undefined) {
      throw wrong('invalid mount config for type "volume": field BindOptions must not be specified');
    }
    return {
      ...namedVolume(source, path, volumeDriver, mode || 'z'),
      ...accessOf(parsed.readOnly),
      copyUp: parsed.copy ?? true,
    };
  }
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
    ...(parsed.propagation === undefined && { defaultPropagation: true }),
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
      mustBeAbsent('BindOptions', 'VolumeOptions', 'TmpfsOptions');
      return parseImage(wish, target, wrong);
    default: // `cluster` and `npipe` among them, which are of swarms and of Windows
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
    ...(!BindOptions.Propagation && { defaultPropagation: true }),
    recursive: !NonRecursive,
    recursiveReadOnly: ReadOnlyForceRecursive ? 'required' : recursiveReadOnly,
    createSource,
  };
}

function parseVolume(wish: MountWish, target: string, wrong: (reason: string) => BerthError): MountPoint {
  const { Source = '', VolumeOptions = {}, ReadOnly = false } = wish;
  const { DriverConfig = {}, Labels = {}, NoCopy = false, Subpath = '' } = VolumeOptions;
  if (Source === '' && ReadOnly) throw wrong('must not set ReadOnly mode when using anonymous volumes');
  if (Source === '' && Subpath !== '') throw wrong('must not set Subpath when using anonymous volumes');
  return {
    ...namedVolume(Source, target, DriverConfig.Name ?? '', 'z'),
    origin: 'mounts',
    ...accessOf(ReadOnly),
    copyUp: !NoCopy && Subpath === '',
    subpath: checkSubpath(Subpath, wrong),
    volume: { driver: DriverConfig.Name ?? '', labels: Labels, options: DriverConfig.Options ?? {} },
  };
}

function parseImage(wish: MountWish, target: string, wrong: (reason: string) => BerthError): MountPoint {
  const { Source = '', ImageOptions = {} } = wish;
  if (Source === '') throw wrong('field Source must not be empty');
  const subpath = checkSubpath(ImageOptions.Subpath ?? '', wrong);
  return { ...NOTHING, type: 'image', origin: 'mounts', source: Source, target, ...accessOf(true), subpath };
}

/** The cleaned path; throws what `wrong` makes of the reason unless it is relative and stays below. */
function checkSubpath(path: string, wrong: (reason: string) => BerthError): string {
  if (path === '') return '';
  const clean = posix.normalize(path);
  if (path.includes('\0') || clean.startsWith('/') || clean === '..' || clean.startsWith('../')) {
    throw wrong('subpath must be a relative path within the volume');
  }
  return clean === '.' || clean === './' ? '' : withoutTrailingSlash(clean);
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

function anonymousVolume(target: string, origin: MountPoint['origin'], driver: string): MountPoint {
  return { ...namedVolume('', target, driver, origin === 'volumes' ? '' : 'z'), origin };
}

/** Docker shows `z` for volumes that say nothing of their mode, but for those of an image and of `-v /path`. */
function namedVolume(name: string, target: string, driver: string, mode: string): MountPoint {
  return {
    ...NOTHING,
    type: 'volume',
    origin: 'binds',
    source: name,
    target,
    copyUp: true,
    mode,
    volume: { driver, labels: {}, options: {} },
  };
}

function accessOf(readOnly: boolean): Pick<MountPoint, 'readOnly' | 'recursiveReadOnly'> {
  return { readOnly, recursiveReadOnly: readOnly ? 'if-possible' : 'no' };
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
  subpath: '',
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

function isPropagation(word: string): word is Propagation {
  return (PROPAGATIONS as readonly string[]).includes(word);
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
