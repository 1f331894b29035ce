import type { MountWish } from '@berth/contract';
import type { Grant, Mount, Project, Service } from '../model.ts';
import { defined } from './resources.ts';

/** Folders, volumes and files of a container. */
export interface MountParts {
  binds: string[];
  mounts: MountWish[];
  tmpfs: Record<string, string>;
}

/** A file that is copied into the container before it starts. */
export interface FileCopy {
  target: string;
  /** Undefined: read from `file`. */
  content?: string;
  file?: string;
  uid: number;
  gid: number;
  mode: number;
}

/** `inherited` are volumes without a name of the container that is replaced: target to name. */
export function mountParts(project: Project, service: Service, inherited: ReadonlyMap<string, string>): MountParts {
  const parts: MountParts = { binds: [], mounts: [], tmpfs: {} };
  for (const mount of service.volumes ?? []) addMount(parts, mount, project, inherited);
  const given = new Set((service.volumes ?? []).map(({ target }) => target));
  for (const [target, name] of inherited)
    if (!given.has(target)) parts.mounts.push({ Type: 'volume', Source: name, Target: target });
  for (const text of service.tmpfs ?? []) {
    const colon = text.indexOf(':');
    parts.tmpfs[colon < 0 ? text : text.slice(0, colon)] = colon < 0 ? '' : text.slice(colon + 1);
  }
  for (const { source, target } of boundFiles(project, service))
    parts.mounts.push({ Type: 'bind', Source: source, Target: target, ReadOnly: true });
  return parts;
}

function addMount(parts: MountParts, mount: Mount, project: Project, inherited: ReadonlyMap<string, string>): void {
  const { type, bind } = mount;
  const isSimple = bind?.create_host_path !== false && !bind?.recursive && !mount.consistency;
  if (type === 'bind' && mount.source !== undefined && isSimple && bind?.create_host_path !== undefined) {
    const options = [mount.read_only ? 'ro' : 'rw', bind.propagation, bind.selinux].filter(
      (option) => option !== undefined,
    );
    parts.binds.push(`${mount.source}:${mount.target}:${options.join(',')}`);
    return;
  }
  parts.mounts.push(longMount(mount, project, inherited));
}

function longMount(mount: Mount, project: Project, inherited: ReadonlyMap<string, string>): MountWish {
  const source = mount.type === 'volume' ? volumeName(mount, project, inherited) : mount.source;
  const { bind, volume, tmpfs, image } = mount;
  const bindOptions = bind && {
    ...(bind.propagation && { Propagation: bind.propagation }),
    ...(bind.create_host_path && { CreateMountpoint: true }),
    ...(bind.recursive === 'disabled' && { NonRecursive: true }),
    ...(bind.recursive === 'writable' && { ReadOnlyNonRecursive: true }),
    ...(bind.recursive === 'readonly' && { ReadOnlyForceRecursive: true }),
  };
  const volumeOptions = volume && {
    ...(volume.nocopy && { NoCopy: true }),
    ...(volume.labels && { Labels: volume.labels }),
    ...(volume.subpath && { Subpath: volume.subpath }),
  };
  return {
    Type: mount.type,
    Target: mount.target,
    ...defined<Pick<MountWish, 'Source' | 'ReadOnly' | 'Consistency'>>({
      Source: source,
      ReadOnly: mount.read_only,
      Consistency: mount.consistency,
    }),
    ...(mount.type === 'bind' && bindOptions && Object.keys(bindOptions).length && { BindOptions: bindOptions }),
    ...(mount.type === 'volume' &&
      volumeOptions &&
      Object.keys(volumeOptions).length && { VolumeOptions: volumeOptions }),
    ...(tmpfs && {
      TmpfsOptions: {
        ...(tmpfs.size && { SizeBytes: Number(tmpfs.size) }),
        ...(tmpfs.mode !== undefined && { Mode: tmpfs.mode }),
      },
    }),
    ...(image?.subpath && { ImageOptions: { Subpath: image.subpath } }),
  };
}

function volumeName(
  { source, target }: Mount,
  project: Project,
  inherited: ReadonlyMap<string, string>,
): string | undefined {
  if (source === undefined || source === '') return inherited.get(target);
  return project.volumes[source]?.name ?? source;
}

/** Where a config or secret is in the container. */
export function grantTarget(kind: 'configs' | 'secrets', { source, target }: Grant): string {
  if (kind === 'configs') return target ?? `/${source}`;
  if (target === undefined || target === '') return `/run/secrets/${source}`;
  return target.startsWith('/') ? target : `/run/secrets/${target}`;
}

/** Files of the host that are shown as they are: those without a wish for owner or mode. */
function boundFiles(project: Project, service: Service): { source: string; target: string }[] {
  return grants(project, service).flatMap(({ kind, grant, given }) =>
    given.file !== undefined && !isCopied(grant) ? [{ source: given.file, target: grantTarget(kind, grant) }] : [],
  );
}

/** Configs and secrets that have no file of their own, or are to have another owner or mode. */
export function copiedFiles(project: Project, service: Service): FileCopy[] {
  return grants(project, service).flatMap(({ kind, grant, given }) => {
    if (given.external || (given.file !== undefined && !isCopied(grant))) return [];
    const content =
      given.content ??
      (given.environment === undefined ? undefined : (project.variables.get(given.environment)?.value ?? ''));
    return [
      {
        target: grantTarget(kind, grant),
        ...(content === undefined ? { file: given.file ?? '' } : { content }),
        uid: Number(grant.uid ?? 0),
        gid: Number(grant.gid ?? 0),
        mode: grant.mode ?? 0o444,
      },
    ];
  });
}

const isCopied = ({ uid, gid, mode }: Grant) => uid !== undefined || gid !== undefined || mode !== undefined;

function grants(project: Project, service: Service) {
  return (['configs', 'secrets'] as const).flatMap((kind) =>
    (service[kind] ?? []).flatMap((grant) => {
      const given = project[kind][grant.source];
      return given ? [{ kind, grant, given }] : [];
    }),
  );
}
