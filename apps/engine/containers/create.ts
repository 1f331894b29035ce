import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BerthError, isBerthError } from '@berth/kit';
import { formatPlatform, type Image, parsePlatform, platformMatches } from '../images/index.ts';
import { type Context, eventAttributes, pathsOf } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { copyUp } from './mounts/copy-up.ts';
import { resolveMounts } from './mounts/resolve.ts';
import { checkName, generateName, nameConflict } from './parse/names.ts';
import { parseCreate } from './parse/parse-create.ts';
import { checkRemapped } from './remap/remap.ts';
import { normaliseNetworks } from './run/normalise-networks.ts';
import { runtimeFor } from './runtime/select.ts';
import type { CreateBody } from './service.ts';
import { expectStart } from './start-ahead.ts';

interface CreateOptions {
  name: string | undefined;
  platform: string | undefined;
  readOnlyNonRecursive?: boolean;
  /** It runs an instruction of a build: see `build-steps.ts`. */
  buildStep?: boolean;
}

/**
 * Makes a container: checks, files, row; on disk when it returns. Nothing runs yet.
 * Errors: not-found (image, its platform), conflict (name), invalid (also a malformed platform) and not-supported
 * (parse-create.ts).
 */
export const create =
  (context: Context) =>
  async (
    body: CreateBody,
    { name, platform, readOnlyNonRecursive = false, buildStep = false }: CreateOptions,
  ): Promise<{ Id: string; Warnings: string[] }> => {
    const image = imageFor(context, imageReference(body), platform);
    const id = newId(context);
    const { spec, warnings } = parseCreate(body, image, {
      id,
      cgroupV2: context.cgroups.version === 2,
      limits: context.limits,
      apparmor: existsSync('/sys/kernel/security/apparmor/profiles'),
      defaults: context.config,
      ipv4Forwarding: forwardsIpv4(),
    });
    const remap = spec.hostConfig.UsernsMode === 'host' ? undefined : context.remap;
    if (remap) checkRemapped(spec.hostConfig);
    if (spec.hostConfig.Runtime !== '') await runtimeFor(context, spec.hostConfig.Runtime);
    const chosen =
      name === undefined || name === '' ? generateName((n) => context.store.byName(n) !== undefined) : checkName(name);
    const owner = context.store.byName(chosen);
    if (owner) throw nameConflict(chosen, owner.id);
    normaliseNetworks(context, spec, chosen);
    // What a step writes where the image has a volume is a part of its layer.
    if (buildStep) spec.mounts = spec.mounts.filter(({ origin }) => origin !== 'volumes');
    const { mounts, undo } = resolveMounts(context, spec, { readOnlyNonRecursive });
    const record: ContainerRecord = {
      id,
      name: chosen,
      createdAt: Date.now(),
      imageId: image.id,
      spec: {
        ...{ ...spec, mounts },
        ...(remap && { remap: { users: remap.users, groups: remap.groups } }),
        ...(buildStep && { buildStep }),
      },
      state: { status: 'created', error: '', exitCode: 0 },
      restartCount: 0,
      stoppedByUser: false,
      sandbox: undefined,
    };
    const paths = pathsOf(context.config, id);
    try {
      for (const dir of [paths.upper, paths.work, dirname(paths.logFile)])
        mkdirSync(dir, { recursive: true, mode: 0o755 });
      if (remap) chownSync(paths.upper, remap.users.first, remap.groups.first);
      writeFileSync(paths.logFile, '', { mode: 0o640 });
      const onDisk = context.store.insert(record);
      context.warmer.announce();
      // Nobody starts it before its volumes are filled.
      if (mounts.length > 0) await context.lock.run(id, () => copyUp(context, record));
      await onDisk;
    } catch (error) {
      context.store.delete(id);
      rmSync(paths.home, { recursive: true, force: true });
      undo();
      throw error;
    }
    context.publish('container', 'create', id, eventAttributes(record));
    if (!buildStep) expectStart(context, id); // a step is started at once
    return { Id: id, Warnings: warnings };
  };

/** A kernel that does not say is taken to forward. */
function forwardsIpv4(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_forward', 'latin1').trim() !== '0';
  } catch {
    return true;
  }
}

function imageReference(body: CreateBody): string {
  const reference = Object.entries(body).find(([key]) => key.toLowerCase() === 'image')?.[1];
  if (typeof reference !== 'string' || reference === '') {
    throw new BerthError('invalid', 'no image is named in the request: field "Image" is empty');
  }
  return reference;
}

/** The image, or of one of several platforms the one that is wanted. Errors: not-found, invalid (platform). */
function imageFor({ images }: Context, name: string, wanted: string | undefined): Image {
  const image = images.resolve(name);
  if (wanted === undefined || wanted === '' || platformMatches(image.config, parsePlatform(wanted))) return image;
  try {
    return images.resolve(name, wanted);
  } catch (error) {
    if (!isBerthError(error, 'not-found')) throw error;
    throw new BerthError(
      'not-found',
      `image was found but does not provide the specified platform (${wanted}): it is for ${formatPlatform(image.config)}`,
      { cause: error },
    );
  }
}

function newId(context: Context): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    // A short id of digits only would be taken for a number by some programs: Docker avoids it too.
    if (!/^\d+$/.test(id.slice(0, 12)) && !context.store.get(id)) return id;
  }
}
