import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { BerthError, type Logger } from '@berth/kit';

/** How a registry is reached over TLS. */
export interface TlsSettings {
  /** PEM: the server's certificate, those between it and its authority after it. */
  certificate: string;
  /** PEM: its private key, not encrypted. */
  key: string;
  /** `1.2` unless said; older ones are not spoken. */
  minVersion?: '1.2' | '1.3' | undefined;
  /** PEM: authorities of clients. With it, clients without a certificate of theirs are not let in. */
  clientAuthorities?: string | undefined;
}

/** Certificates that can change while they are used. */
export interface TlsFiles {
  /** For `https.createServer`. */
  readonly options: TlsOptions;
  /**
   * From now on a server follows its files: those that changed are used for new connections, old ones go on. Files that
   * cannot be used leave what was, and a line in the log. Ends with the call of what it gives.
   */
  follow(server: Pick<Server, 'setSecureContext'>, everyMs?: number): { look(): Promise<void>; end(): void };
}

const EVERY = 10_000;

/** Errors: invalid, naming the file that cannot be used. */
export async function openTls(settings: TlsSettings, logger: Logger): Promise<TlsFiles> {
  let known = { version: await versionOf(settings), context: await load(settings) };
  const { minVersion = '1.2', clientAuthorities } = settings;
  if (minVersion !== '1.2' && minVersion !== '1.3')
    throw new BerthError('invalid', `TLS ${JSON.stringify(minVersion)} is none of 1.2 and 1.3`);
  const mutual = clientAuthorities !== undefined;
  return {
    options: { ...known.context, requestCert: mutual, rejectUnauthorized: mutual },
    follow: (server, everyMs = EVERY) => {
      const look = async () => {
        let version = 'unreadable';
        try {
          version = await versionOf(settings);
          if (version === known.version) return;
          const context = await load(settings);
          server.setSecureContext(context);
          known = { version, context };
          logger.info('certificates were read again', { certificate: settings.certificate });
        } catch (error) {
          // Said once for each state of the files.
          if (version !== known.version) logger.error('certificates cannot be used; those before stay', { error });
          known = { ...known, version };
        }
      };
      const timer = setInterval(() => void look(), everyMs);
      timer.unref();
      return { look, end: () => clearInterval(timer) };
    },
  };
}

/** Whether a start could use them. Errors: as `openTls`. */
export async function checkTlsFiles(settings: TlsSettings): Promise<void> {
  await load(settings);
}

async function load(settings: TlsSettings): Promise<SecureContextOptions> {
  const { certificate, key, clientAuthorities, minVersion = '1.2' } = settings;
  const [cert, privateKey, ca] = await Promise.all([certificate, key, clientAuthorities].map(read));
  const context: SecureContextOptions = {
    cert,
    key: privateKey,
    minVersion: minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new BerthError('invalid', `${certificate} and ${key} cannot be used for TLS together`, { cause });
  }
  const ends = new X509Certificate(cert ?? '').validToDate;
  if (ends.getTime() < Date.now())
    throw new BerthError('invalid', `the certificate ${certificate} has expired on ${ends.toISOString()}`);
  return context;
}

async function read(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  return readFile(path).catch((cause: unknown) => {
    throw new BerthError('invalid', `the file ${path} for TLS cannot be read`, { cause });
  });
}

async function versionOf({ certificate, key, clientAuthorities }: TlsSettings): Promise<string> {
  const paths = [certificate, key, ...(clientAuthorities === undefined ? [] : [clientAuthorities])];
  const files = await Promise.all(
    paths.map((path) =>
      stat(path, { bigint: true }).catch((cause: unknown) => {
        throw new BerthError('invalid', `the file ${path} for TLS cannot be read`, { cause });
      }),
    ),
  );
  return files.map(({ dev, ino, size, mtimeNs }) => `${dev} ${ino} ${size} ${mtimeNs}`).join(', ');
}
