import {
  type CdiDevice,
  type CdiDeviceNode,
  type CdiEdits,
  type CdiHook,
  type CdiMount,
  type CdiSpec,
  HOOK_NAMES,
} from './model.ts';

/** Versions of the interface whose meaning is known here. */
const VERSIONS = /^v?(0\.[2-9]\.\d+|1\.\d+\.\d+)$/;
const KIND = /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/;
const DEVICE = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
/** Entries of one list: far more than any device needs. */
const MAX_ENTRIES = 4096;

/** A parsed file as a specification. Throws an Error whose message names what is wrong, by its path. */
export function checkSpec(value: unknown): CdiSpec {
  const spec = object(value, 'specification');
  const version = text(spec['cdiVersion'], 'cdiVersion');
  if (!VERSIONS.test(version)) throw new Error(`cdiVersion ${JSON.stringify(version)} is not supported`);
  const kind = text(spec['kind'], 'kind');
  if (!KIND.test(kind)) throw new Error(`kind ${JSON.stringify(kind)} is not of the form vendor.com/class`);
  const devices = list(spec['devices'], 'devices').map((device, index) => checkDevice(device, `devices[${index}]`));
  if (devices.length === 0) throw new Error('devices: there are none');
  const twice = devices.find(({ name }, index) => devices.findIndex((other) => other.name === name) !== index);
  if (twice) throw new Error(`devices: ${twice.name} is there twice`);
  return { kind, devices, edits: checkEdits(spec['containerEdits'], 'containerEdits') };
}

function checkDevice(value: unknown, at: string): CdiDevice {
  const device = object(value, at);
  const name = text(device['name'], `${at}.name`);
  if (!DEVICE.test(name)) throw new Error(`${at}.name: ${JSON.stringify(name)} is not a device name`);
  return { name, edits: checkEdits(device['containerEdits'], `${at}.containerEdits`) };
}

function checkEdits(value: unknown, at: string): CdiEdits {
  const edits = value == null ? {} : object(value, at);
  return {
    env: list(edits['env'], `${at}.env`).map((variable, index) => checkVariable(variable, `${at}.env[${index}]`)),
    deviceNodes: list(edits['deviceNodes'], `${at}.deviceNodes`).map((node, index) =>
      checkNode(node, `${at}.deviceNodes[${index}]`),
    ),
    mounts: list(edits['mounts'], `${at}.mounts`).map((mount, index) => checkMount(mount, `${at}.mounts[${index}]`)),
    hooks: list(edits['hooks'], `${at}.hooks`).map((hook, index) => checkHook(hook, `${at}.hooks[${index}]`)),
    additionalGids: list(edits['additionalGids'], `${at}.additionalGids`).map((gid) =>
      number(gid, `${at}.additionalGids`, 0, 2 ** 32 - 1),
    ),
    unsupported: ['intelRdt', 'netDevices'].filter((name) => isFilled(edits[name])),
  };
}

const isFilled = (value: unknown) => value != null && !(Array.isArray(value) && value.length === 0);

function checkVariable(value: unknown, at: string): string {
  const variable = text(value, at);
  if (variable.indexOf('=') < 1) throw new Error(`${at}: ${JSON.stringify(variable)} is not NAME=value`);
  return variable;
}

function checkNode(value: unknown, at: string): CdiDeviceNode {
  const node = object(value, at);
  const path = absolute(node['path'], `${at}.path`);
  const type = node['type'] == null || node['type'] === '' ? undefined : text(node['type'], `${at}.type`);
  if (type !== undefined && !/^[bcup]$/.test(type)) throw new Error(`${at}.type: ${type} is not b, c, u or p`);
  const permissions = node['permissions'] == null ? '' : text(node['permissions'], `${at}.permissions`);
  if (!/^[rwm]{0,3}$/.test(permissions)) throw new Error(`${at}.permissions: ${permissions} is not of r, w and m`);
  const optional = (name: string, max: number) =>
    node[name] == null ? undefined : number(node[name], `${at}.${name}`, 0, max);
  return {
    path,
    hostPath: node['hostPath'] == null ? path : absolute(node['hostPath'], `${at}.hostPath`),
    type: type === 'u' ? 'c' : (type as CdiDeviceNode['type']),
    major: optional('major', 2 ** 31),
    minor: optional('minor', 2 ** 31),
    fileMode: optional('fileMode', 0o7777),
    permissions: permissions || 'rwm',
    uid: optional('uid', 2 ** 32 - 1),
    gid: optional('gid', 2 ** 32 - 1),
  };
}

function checkMount(value: unknown, at: string): CdiMount {
  const mount = object(value, at);
  const options = list(mount['options'], `${at}.options`).map((option) => text(option, `${at}.options`));
  return {
    hostPath: absolute(mount['hostPath'], `${at}.hostPath`),
    containerPath: absolute(mount['containerPath'], `${at}.containerPath`),
    type: mount['type'] == null ? '' : text(mount['type'], `${at}.type`),
    options,
  };
}

function checkHook(value: unknown, at: string): CdiHook {
  const hook = object(value, at);
  const name = text(hook['hookName'], `${at}.hookName`);
  const hookName = HOOK_NAMES.find((known) => known === name);
  if (!hookName) throw new Error(`${at}.hookName: ${name} is none of ${HOOK_NAMES.join(', ')}`);
  return {
    hookName,
    path: absolute(hook['path'], `${at}.path`),
    args: list(hook['args'], `${at}.args`).map((arg) => text(arg, `${at}.args`)),
    env: list(hook['env'], `${at}.env`).map((variable) => checkVariable(variable, `${at}.env`)),
    timeout: hook['timeout'] == null ? undefined : number(hook['timeout'], `${at}.timeout`, 1, 3600),
  };
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${at}: not an object`);
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, at: string): unknown[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw new Error(`${at}: not a list`);
  if (value.length > MAX_ENTRIES) throw new Error(`${at}: more than ${MAX_ENTRIES} entries`);
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Error(`${at}: not a text`);
  if (value.includes('\0')) throw new Error(`${at}: has a zero byte`);
  return value;
}

function absolute(value: unknown, at: string): string {
  const path = text(value, at);
  if (!path.startsWith('/')) throw new Error(`${at}: ${JSON.stringify(path)} is not an absolute path`);
  return path;
}

function number(value: unknown, at: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new Error(`${at}: not a whole number from ${min} to ${max}`);
  return value;
}
