import { isIP } from 'node:net';
import { BerthError } from '@berth/kit';
import { addressBytes } from '../ip-address.ts';

/** `nat`: published ports are host ports. `nat-unprotected`: and all others are open to who can route there. `routed`: no host ports, published ones are open. `isolated`: the host has no address. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** Options of a bridge network, read. */
export interface BridgeOptions {
  /** Wished link name, or undefined. */
  name: string | undefined;
  interContainer: boolean;
  masquerade: boolean;
  /** Host address of ports that are published without one; '' for all. */
  hostBinding: string;
  mode4: GatewayMode;
  mode6: GatewayMode;
  inhibitIpv4: boolean;
  mtu: number | undefined;
  /** Beginning of the names of containers' links. */
  interfacePrefix: string;
}

/** Names that Docker gave these options; option-names.ts lists all that are read. */
export const BRIDGE = 'com.docker.network.bridge.';
export const MTU = 'com.docker.network.driver.mtu';
export const PREFIX = 'com.docker.network.container_iface_prefix';

/** Reads a network's driver options. Errors: invalid, naming the option. */
export function readBridgeOptions(options: Readonly<Record<string, string>>, internal: boolean): BridgeOptions {
  const mode4 = gatewayMode(options, 4, internal);
  const mode6 = gatewayMode(options, 6, internal);
  return {
    name: linkName(options[`${BRIDGE}name`]),
    interContainer: flag(options, `${BRIDGE}enable_icc`, true),
    masquerade: flag(options, `${BRIDGE}enable_ip_masquerade`, true),
    hostBinding: address(options, `${BRIDGE}host_binding_ipv4`),
    mode4,
    mode6,
    inhibitIpv4: flag(options, `${BRIDGE}inhibit_ipv4`, false),
    mtu: readMtu(options),
    interfacePrefix: interfacePrefix(options[PREFIX]),
  };
}

/** Errors: invalid. */
export function readMtu(options: Readonly<Record<string, string>>): number | undefined {
  const text = options[MTU];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || (value !== 0 && (value < 68 || value > 65535)))
    throw wrong(MTU, text, 'a number of bytes');
  return value === 0 ? undefined : value;
}

function gatewayMode(options: Readonly<Record<string, string>>, family: 4 | 6, internal: boolean): GatewayMode {
  const key = `${BRIDGE}gateway_mode_ipv${family}`;
  const text = options[key] ?? 'nat';
  const mode = (['nat', 'nat-unprotected', 'routed', 'isolated'] as const).find((known) => known === text);
  if (mode === undefined) throw new BerthError('invalid', `unknown gateway mode ${text}`, { hint: `Option ${key}` });
  if (mode === 'isolated' && !internal) {
    throw new BerthError('invalid', `gateway mode 'isolated' can only be used for an internal network`);
  }
  return mode;
}

function flag(options: Readonly<Record<string, string>>, key: string, normally: boolean): boolean {
  const text = options[key];
  if (text === undefined) return normally;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw wrong(key, text, 'true or false');
}

function address(options: Readonly<Record<string, string>>, key: string): string {
  const text = options[key] ?? '';
  if (text === '' || text === '0.0.0.0') return '';
  if (isIP(text) !== 4 || !addressBytes(text)) throw wrong(key, text, 'an IPv4 address');
  return text;
}

/** Names become parts of rules and of file names. The kernel allows 15 bytes. */
function linkName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(text))
    throw wrong(`${BRIDGE}name`, text, 'a link name of 1 to 15 letters');
  return text;
}

function interfacePrefix(text: string | undefined): string {
  if (text === undefined || text === '') return 'eth';
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,11}$/.test(text)) throw wrong(PREFIX, text, 'the beginning of a link name');
  return text;
}

function wrong(key: string, value: string, wanted: string): BerthError {
  return new BerthError('invalid', `failed to parse ${key} value: ${JSON.stringify(value)} is not ${wanted}`);
}
