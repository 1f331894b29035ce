import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';
import { BerthError, errnoOf } from '@berth/kit';
import { calculateJwkThumbprint, exportJWK } from 'jose';

/** The key that our own tokens are signed with (ECDSA P-256, `ES256`). */
export interface TokenKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** RFC 7638 thumbprint. */
  id: string;
}

/**
 * Reads the key at `path`, PEM (PKCS #8); makes it when there is none, readable by its owner only. Kept, so that tokens
 * outlive a restart; processes that share the file accept each other's. Errors: invalid, when it is no such key.
 */
export async function openTokenKey(path: string): Promise<TokenKey> {
  return (await readTokenKey(path)) ?? (await parseKey(await makeKey(path), path));
}

/** As `openTokenKey`; undefined when there is none. */
export async function readTokenKey(path: string): Promise<TokenKey | undefined> {
  const text = await readKey(path);
  return text === undefined ? undefined : parseKey(text, path);
}

async function parseKey(text: string, path: string): Promise<TokenKey> {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(text);
  } catch (cause) {
    throw new BerthError('invalid', `${path} holds no private key`, { cause });
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new BerthError('invalid', `${path} holds no key for the curve P-256`);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, id: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new BerthError('invalid', `the key of tokens cannot be read: ${path}`, { cause: error });
  }
}

/** Whole or not there; of two that begin at once, one wins and both use its key. */
async function makeKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o600);
    await link(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST')
      throw new BerthError('invalid', `the key of tokens cannot be made: ${path}`, { cause: error });
  } finally {
    await rm(temporary, { force: true });
  }
  return readFile(path, 'utf8');
}
