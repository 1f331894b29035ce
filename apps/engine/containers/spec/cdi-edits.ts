import { statSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import type { CdiEdits, CdiHook, CdiRegistry } from '../../cdi/index.ts';
import { deviceNumber } from './devices.ts';
import { mergeEnvironment } from './process.ts';
import type { DeviceRule, RuntimeDevice, RuntimeMount, RuntimeSpec } from './runtime-spec.ts';

/** Hooks after the start and the end: the engine lets programs run and takes them down without the runtime's help. */
const REFUSED_HOOKS = ['poststart', 'poststop'];
/** Seconds that a hook may take when its specification does not say. */
const HOOK_TIMEOUT_S = 30;

/**
 * Puts into a runtime configuration what these devices need, those of a specification as a whole first and once.
 * Errors: invalid where the host lacks a device node; not-supported, naming the part.
 */
export function applyCdiDevices(spec: RuntimeSpec, names: readonly string[], registry: CdiRegistry): void {
  const done = new Set<object>();
  for (const name of names) {
    const found = registry.devices.get(name);
    if (!found) continue;
    if (!done.has(found.spec)) applyEdits(spec, found.spec.edits, name);
    done.add(found.spec);
    applyEdits(spec, found.device.edits, name);
  }
}

function applyEdits(spec: RuntimeSpec, edits: CdiEdits, name: string): void {
  const [unsupported] = edits.unsupported;
  if (unsupported !== undefined)
    throw new BerthError(
      'not-supported',
      `CDI device ${name} needs ${unsupported}, which this version does not support`,
    );
  const { process, linux } = spec;
  process.env = mergeEnvironment(process.env, edits.env);
  for (const node of edits.deviceNodes) {
    const device = deviceOf(node, name, process.user);
    linux.devices = [...linux.devices.filter(({ path }) => path !== device.path), device];
    const { type, major, minor } = device;
    if (type !== 'p') linux.resources.devices.push(ruleOf(type, major, minor, node.permissions));
  }
  for (const mount of edits.mounts) spec.mounts.push(mountOf(mount));
  for (const hook of edits.hooks) addHook(spec, hook, name);
  const groups = [...process.user.additionalGids, ...edits.additionalGids.filter((gid) => gid !== 0)];
  process.user.additionalGids = [...new Set(groups)];
}

function ruleOf(type: string, major: number, minor: number, access: string): DeviceRule {
  return { allow: true, type, major, minor, access };
}

/** What the specification leaves open is as on the host; the node belongs to the container's user. */
function deviceOf(
  node: CdiEdits['deviceNodes'][number],
  name: string,
  user: { uid: number; gid: number },
): RuntimeDevice {
  const owner = { uid: node.uid ?? user.uid, gid: node.gid ?? user.gid };
  if (node.type !== undefined && node.major !== undefined && node.minor !== undefined) {
    const { path, type, major, minor, fileMode = 0o666 } = node;
    return { path, type, major, minor, fileMode, ...owner };
  }
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(node.hostPath);
  } catch (cause) {
    const why = `${node.hostPath}: ${errnoOf(cause) ?? 'unknown'}`;
    throw new BerthError(
      'invalid',
      `CDI device injection failed: device ${name} needs a node that is not there (${why})`,
      {
        cause,
      },
    );
  }
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : stat.isFIFO() ? 'p' : undefined;
  if (type === undefined || (node.type !== undefined && node.type !== type)) {
    throw new BerthError(
      'invalid',
      `CDI device injection failed: ${node.hostPath} of ${name} is not such a device node`,
    );
  }
  return { path: node.path, type, ...deviceNumber(stat.rdev), fileMode: node.fileMode ?? stat.mode & 0o777, ...owner };
}

function mountOf({ hostPath, containerPath, type, options }: CdiEdits['mounts'][number]): RuntimeMount {
  const binds = options.some((option) => option === 'bind' || option === 'rbind');
  const isBind = binds || type === '' || type === 'bind';
  return {
    source: hostPath,
    destination: containerPath,
    type: isBind ? 'bind' : type,
    options: isBind && !binds ? ['rbind', ...options] : options,
  };
}

function addHook(spec: RuntimeSpec, hook: CdiHook, name: string): void {
  if (REFUSED_HOOKS.includes(hook.hookName))
    throw new BerthError(
      'not-supported',
      `CDI device ${name} needs a hook ${hook.hookName}, which this version does not support`,
    );
  const { hookName, path, args, env, timeout = HOOK_TIMEOUT_S } = hook;
  spec.hooks ??= {};
  spec.hooks[hookName] = [...(spec.hooks[hookName] ?? []), { path, args, env, timeout }];
}
