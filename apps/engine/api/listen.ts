import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import type { Address } from './address.ts';

/** Linux keeps a socket's path in 108 bytes, the end mark included. */
const UNIX_PATH_MAX = 107;

/**
 * Binds a server to an address. A unix socket gets mode 0660 and the group; the file of a dead engine is replaced, one
 * that answers is refused. Errors: conflict, forbidden, invalid.
 */
export async function listen(server: Server, address: Address, socketGroup: string | undefined): Promise<void> {
  if (address.kind === 'tcp') return listenTcp(server, address);
  if (address.kind === 'fd') return bind(server, () => server.listen({ fd: address.fd }));
  const { path: file } = address;
  if (Buffer.byteLength(file) > UNIX_PATH_MAX) {
    throw new BerthError('invalid', `the socket path ${file} is longer than ${UNIX_PATH_MAX} bytes`, {
      hint: 'Choose a shorter one.',
    });
  }
  const group = groupId(socketGroup);
  mkdirSync(path.dirname(file), { recursive: true });
  await removeStale(file);
  await bind(server, () => {
    const before = process.umask(0o117); // closed to others from its first moment; binding happens inside this call
    try {
      server.listen(file);
    } finally {
      process.umask(before);
    }
  });
  chownSync(file, -1, group);
  chmodSync(file, 0o660);
}

/**
 * Looks whether `listen` would find the address free, so that an engine that cannot listen makes nothing before it ends.
 * Errors: conflict, invalid.
 */
export async function refuseTaken(address: Address): Promise<void> {
  if (address.kind === 'unix') return refuseUsed(address.path);
  if (address.kind === 'fd') return;
  const probe = createServer();
  await listenTcp(probe, address);
  await new Promise((resolve) => probe.close(resolve));
}

async function listenTcp(server: Server, address: { host: string; port: number }): Promise<void> {
  try {
    const host = address.host === '' ? {} : { host: address.host };
    await bind(server, () => server.listen({ ...host, port: address.port, exclusive: true }));
  } catch (cause) {
    throw refusal(`${address.host}:${address.port}`, cause);
  }
}

function refusal(where: string, cause: unknown): BerthError {
  switch (errnoOf(cause)) {
    case 'EADDRINUSE':
      return new BerthError('conflict', `cannot listen on ${where}: the port is taken`, {
        cause,
        hint: 'Stop the program that holds it, or choose another port.',
      });
    case 'EADDRNOTAVAIL':
      return new BerthError('invalid', `cannot listen on ${where}: this machine does not have that address`, { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new BerthError('invalid', `cannot listen on ${where}: the name has no address`, { cause });
    default:
      return new BerthError('unavailable', `cannot listen on ${where}: ${String(cause)}`, { cause });
  }
}

function bind(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    start();
  });
}

async function removeStale(file: string): Promise<void> {
  await refuseUsed(file);
  rmSync(file, { force: true });
}

async function refuseUsed(file: string): Promise<void> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new BerthError('conflict', `cannot listen on ${file}: it exists and is not a socket`, {
      hint: 'Remove it or choose another path.',
    });
  }
  if (await answers(file)) {
    throw new BerthError('conflict', `cannot listen on ${file}: another engine answers there`, {
      hint: 'Stop it first, or give this engine another --host, --data-root and --exec-root.',
    });
  }
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(file);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/** Group of the socket: the wished one, else `berth`, else that of the engine. Errors: invalid when the wished one is unknown. */
function groupId(wished: string | undefined): number {
  const groups = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = groups.find((fields) => fields[0] === (wished ?? 'berth'));
  if (found !== undefined) return Number(found[2]);
  if (wished === undefined) return process.getgid?.() ?? 0;
  if (/^[0-9]+$/.test(wished)) return Number(wished);
  throw new BerthError('invalid', `the group "${wished}" of the API socket does not exist`, {
    hint: `Create it: groupadd --system ${wished}`,
  });
}
