import { BerthError, isBerthError } from '@berth/kit';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { expandPorts } from '../parse/parse-ports.ts';
import { updateLinkLine } from './network-files.ts';

/** Another container as `--link` on the default bridge shows it. */
export interface LinkedContainer {
  id: string;
  name: string;
  alias: string;
  address: string;
  /** `80/tcp` */
  exposed: string[];
  env: string[];
}

/** `name`, `name:alias`, or what inspect shows of one: `/name:/parent/alias`. */
export function parseLink(text: string): { name: string; alias: string } {
  const at = text.indexOf(':');
  const name = (at < 0 ? text : text.slice(0, at)).replace(/^\//, '');
  const alias = (at < 0 ? text : text.slice(at + 1)).split('/').at(-1) ?? '';
  if (name === '' || alias === '' || (at >= 0 && text.includes(':', at + 1))) {
    throw new BerthError('invalid', `invalid link format: ${text}`, { hint: 'A link is NAME or NAME:ALIAS.' });
  }
  return { name, alias };
}

/**
 * The form of links on the default bridge that inspect shows: `/db:/web/alias`.
 * Errors: invalid (malformed, no such container), conflict (a container of another network).
 */
export function checkLinks(context: Context, links: readonly string[], parent: string): string[] {
  return links.map((text) => {
    const { name, alias } = parseLink(text);
    const child = find(context, name);
    if (child.spec.hostConfig.NetworkMode === 'host') {
      throw new BerthError(
        'invalid',
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
    return `/${child.name}:/${parent}/${alias}`;
  });
}

/** The containers that one on the default bridge is linked to. Errors: conflict (one does not run, or is not on that bridge). */
export function linkedContainers(context: Context, record: ContainerRecord): LinkedContainer[] {
  const { Links, NetworkMode } = record.spec.hostConfig;
  if (!Links?.length || NetworkMode !== 'bridge') return [];
  return Links.map((text) => linkedContainer(context, record, text));
}

/** The variables for a process that joins a container later: of those links that lead to what runs now. */
export function currentLinkVariables(context: Context, record: ContainerRecord): string[] {
  const { Links, NetworkMode } = record.spec.hostConfig;
  if (!Links?.length || NetworkMode !== 'bridge') return [];
  const linked = Links.flatMap((text) => {
    try {
      return [linkedContainer(context, record, text)];
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      return [];
    }
  });
  return linkVariables(record.name, linked);
}

/** Errors: invalid (no such container); conflict (it does not run, or is not on the default bridge). */
function linkedContainer(context: Context, record: ContainerRecord, text: string): LinkedContainer {
  const { name, alias } = parseLink(text);
  const child = find(context, name);
  if (child.state.status !== 'running' && child.state.status !== 'paused') {
    throw new BerthError(
      'conflict',
      `Cannot link to a non running container: /${child.name} AS /${record.name}/${alias}`,
    );
  }
  const end = child.sandbox?.endpoints.find(({ networkName }) => networkName === 'bridge');
  if (!end) {
    throw new BerthError('conflict', `Cannot link to /${child.name}, as it does not belong to the default network`);
  }
  return {
    id: child.id,
    name: child.name,
    alias,
    address: end.ipAddress,
    exposed: Object.keys(child.spec.config.ExposedPorts ?? {}),
    env: child.spec.config.Env,
  };
}

/** Tells containers that are linked to this one, which has just been started, where it is now. */
export function refreshLinks(context: Context, record: ContainerRecord, address: string): void {
  for (const { id, name, spec, sandbox } of context.store.all()) {
    if (!sandbox || !spec.hostConfig.Links?.length || id === record.id) continue;
    for (const link of spec.hostConfig.Links) {
      const { name: child, alias } = parseLink(link);
      if (child !== record.name) continue;
      const linked = { id: record.id, name: record.name, alias, address, exposed: [], env: [] };
      updateLinkLine(pathsOf(context.config, id), linked);
      context.log.debug('told a container where another one that it is linked to is now', { container: name, link });
    }
  }
}

/** The variables that tell a container of its links, as Docker names them. */
export function linkVariables(parent: string, linked: readonly LinkedContainer[]): string[] {
  return linked.flatMap(({ alias, address, exposed, env }) => {
    const prefix = alias.replaceAll('-', '_').toUpperCase();
    const ports = expandPorts(exposed).sort(
      (a, b) => Number(b.protocol === 'tcp') - Number(a.protocol === 'tcp') || a.port - b.port,
    );
    const [first] = ports;
    return [
      `${prefix}_NAME=/${parent}/${alias}`,
      ...(first ? [`${prefix}_PORT=${first.protocol}://${address}:${first.port}`] : []),
      ...ports.flatMap(({ port, protocol }) => {
        const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
        return [
          `${name}=${protocol}://${address}:${port}`,
          `${name}_ADDR=${address}`,
          `${name}_PORT=${port}`,
          `${name}_PROTO=${protocol}`,
        ];
      }),
      ...env
        .filter((variable) => !/^(PATH|HOME|HOSTNAME|TERM|container)=/.test(variable))
        .map((variable) => `${prefix}_ENV_${variable}`),
    ];
  });
}

function find(context: Context, name: string): ContainerRecord {
  try {
    return context.store.resolve(name);
  } catch (cause) {
    // Not "not-found": clients take that for a missing image, and pull it.
    if (!isBerthError(cause, 'not-found')) throw cause;
    throw new BerthError('invalid', `could not get container for ${name}: ${cause.message}`, { cause });
  }
}
