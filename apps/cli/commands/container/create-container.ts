import { existsSync, writeFileSync } from 'node:fs';
import { type CreateContainerBody, createContainer } from '@berth/client';
import { describeError, isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { refuseContentTrust } from '../image/content-trust.ts';
import { checkReference, taggedFamiliar } from './image-reference.ts';
import { createBody } from './options/create-body.ts';

/** Exit code of `run` and `create` for everything that is not the process's own. */
const FAILED = 125;

/**
 * Creates the container of `run` and `create`: pulls the image when the policy says so or when it is missing, prints
 * warnings, writes the id to `--cidfile`.
 */
export async function createFromFlags(context: Context, flags: FlagValues, body: CreateContainerBody): Promise<string> {
  const policy = flags.string('pull');
  const image = body.Image ?? '';
  checkReference(image);
  refuseContentTrust(flags, context);
  const idFile = flags.string('cidfile');
  if (idFile && existsSync(idFile))
    throw new CliError(`container ID file found, make sure the other container isn't running or delete ${idFile}`);
  warnOfLocalDns(context, body);
  const platform = flags.string('platform') || context.env.DOCKER_DEFAULT_PLATFORM || '';
  const options = { name: flags.string('name'), platform: platform && (await checkedPlatform(platform)) };
  const apiSocket =
    flags.bool('use-api-socket') && (await (await import('./api-socket.ts')).addApiSocket(context, body));
  const pull = async () => {
    const { pullImage } = await import('./pull-image.ts');
    await pullImage(context, image, { platform: options.platform, quiet: flags.bool('quiet') });
  };
  if (policy === 'always') await pull();
  const created = await createContainer(context.client, body, options).catch(async (error: unknown) => {
    if (policy === 'never' || !isMissingImage(error)) throw error;
    if (!flags.bool('quiet')) context.err.write(`Unable to find image '${taggedFamiliar(image)}' locally\n`);
    await pull();
    return createContainer(context.client, body, options);
  });
  for (const warning of created.Warnings ?? []) context.err.write(`WARNING: ${warning}\n`);
  if (apiSocket) await apiSocket.copyCredentials(created.Id);
  if (idFile) writeFileSync(idFile, created.Id);
  return created.Id;
}

async function checkedPlatform(text: string): Promise<string> {
  const { formatPlatform } = await import('../image/platform.ts');
  return formatPlatform(text);
}

/** Any failure of `run` or `create` as Docker shows it: with the program's name and where to find help. */
export function withHelp(error: unknown, context: Context, word: 'run' | 'create', exitCode = FAILED): CliError {
  const { programName } = context;
  return new CliError(
    `${programName}: ${describeError(error)}\n\nRun '${programName} ${word} --help' for more information`,
    exitCode,
  );
}

/** What the flags say, checked; failures in Docker's form with exit code 125. */
export function bodyFromFlags(
  context: Context,
  flags: FlagValues,
  args: readonly string[],
  word: 'run' | 'create',
): CreateContainerBody {
  refuseWindowsFlags(flags);
  try {
    const policy = flags.string('pull');
    if (!['always', 'missing', 'never', ''].includes(policy))
      throw new CliError(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
    return createBody(flags, args, context);
  } catch (error) {
    throw withHelp(error, context, word);
  }
}

/** Flags that exist for engines on Windows; refused as Docker's client does. */
function refuseWindowsFlags(flags: FlagValues): void {
  const given = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'].filter((name) => flags.changed(name));
  const line = (name: string) =>
    `"--${name}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`;
  if (given.length) throw new CliError(given.map(line).join('\n'));
}

/** 404 of create also comes for networks and volumes; only an image is worth a pull. */
function isMissingImage(error: unknown): boolean {
  return isBerthError(error, 'not-found') && /no such image/i.test(error.message);
}

function warnOfLocalDns(context: Context, body: CreateContainerBody): void {
  const { Dns } = body.HostConfig ?? {};
  for (const address of Dns ?? [])
    if (/^(127\.|::1$)/.test(address))
      context.err.write(`WARNING: Localhost DNS (${address}) may fail in containers.\n`);
}
