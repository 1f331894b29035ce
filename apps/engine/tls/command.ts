import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BerthError } from '@berth/kit';
import { DEFAULT_TLS_DIRECTORY } from '../config.ts';
import { initTls, type TlsInitResult } from './init.ts';

/** What most clients take for a server at most. */
const DEFAULT_DAYS = 825;
const MOST_DAYS = 36_500;

const USAGE = `Usage:  berth daemon tls init [OPTIONS]

Make a certificate authority, a certificate of this engine and one of a client

Options:
      --days N         Days that the certificates are good for (default ${DEFAULT_DAYS})
      --dir DIR        Directory to make (default "${DEFAULT_TLS_DIRECTORY}")
  -h, --help           Print this
      --host NAME|IP   Name or address by which clients reach this engine (repeatable; this machine's own)
`;

/** \`berth daemon tls …\`: words → what is printed. Errors: invalid, conflict, unavailable. */
export async function tlsCommand(words: readonly string[]): Promise<string> {
  const [verb, ...args] = words;
  if (verb === undefined || verb === '--help' || verb === '-h') return USAGE;
  if (verb !== 'init')
    throw new BerthError('invalid', `unknown command: berth daemon tls ${verb}`, {
      hint: "See 'berth daemon tls --help'.",
    });
  const values = parse(args);
  if (values.help) return USAGE;
  const days = Number(values.days ?? DEFAULT_DAYS);
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
    throw new BerthError('invalid', `--days: "${values.days}" is not a whole number from 1 to ${MOST_DAYS}`);
  const directory = values.dir ?? DEFAULT_TLS_DIRECTORY;
  return report(
    await initTls({
      directory: isAbsolute(directory) ? directory : resolve(directory),
      hosts: (values.host ?? []).map(checkHost),
      days,
    }),
  );
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        days: { type: 'string' },
        dir: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        host: { type: 'string', multiple: true },
      },
    }).values;
  } catch (cause) {
    throw new BerthError('invalid', cause instanceof Error ? cause.message : String(cause), {
      cause,
      hint: "See 'berth daemon tls init --help'.",
    });
  }
}

/** A name or address becomes a part of the settings for openssl: nothing else gets there. */
function checkHost(host: string): string {
  if (/^[a-zA-Z0-9_*]([\w.-]*[a-zA-Z0-9_])?$/.test(host) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host)) return host;
  throw new BerthError('invalid', `--host: "${host}" is neither a host name nor an IP address`);
}

function report({ directory, hosts, validUntil }: TlsInitResult): string {
  const [host = 'HOST'] = hosts;
  return `Made an authority, a certificate of this engine and one of a client in ${directory},
for ${hosts.join(', ')}, good until ${validUntil.toISOString().slice(0, 10)}.

Start the engine with them${directory === DEFAULT_TLS_DIRECTORY ? '' : ' (--tlscacert, --tlscert, --tlskey can stand in daemon.json too)'}:
  berth daemon --tlsverify -H unix:///run/berth/berth.sock -H tcp://0.0.0.0:2376${fileFlags(directory)}

Who has the client's key has this machine. Copy it to where it is used, and to no other place:
  scp -r root@${host}:${directory}/client/. ~/.docker/

There:
  export DOCKER_HOST=tcp://${host}:2376 DOCKER_TLS_VERIFY=1
  berth info
`;
}

function fileFlags(directory: string): string {
  if (directory === DEFAULT_TLS_DIRECTORY) return '';
  const flags = [
    `--tlscacert ${directory}/ca.pem`,
    `--tlscert ${directory}/server-cert.pem`,
    `--tlskey ${directory}/server-key.pem`,
  ];
  return ` \\\n    ${flags.join(' \\\n    ')}`;
}
