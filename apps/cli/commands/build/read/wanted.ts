import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildPlan, type CheckedBase, type Instruction, parseDockerfile, planBuild } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import type { Context } from '../../../context.ts';
import type { FlagValues } from '../../../flags/values.ts';
import type { DirectorySource } from '../source/source.ts';
import { knownBases } from './bases.ts';
import { dockerfileText } from './dockerfile-text.ts';
import { buildWish } from './wish.ts';

/** Says of a path whether the build may ask for it. */
export type Wanted = (path: string, isDirectory: boolean) => boolean;

/**
 * What of a context a build can ask for, by its Dockerfile: the sources of COPY, ADD and bind mounts of the stages that the
 * target needs. Undefined means all of it: also where that is not known here, as with base images that bring triggers of
 * their own, or links that may lead anywhere in the context.
 */
export async function wantedPaths(
  context: Context,
  source: DirectorySource,
  flags: FlagValues,
): Promise<Wanted | undefined> {
  const plan = planOf(source, context, flags);
  if (plan === undefined) return undefined;
  const prefixes = plan.order.flatMap(({ instructions }) => instructions.flatMap(prefixesOf));
  if (prefixes.includes('') || prefixes.some((prefix) => meetsLink(source.root, prefix))) return undefined;
  const bases = await knownBases(context, { stages: plan.order });
  const isKnown = (stage: BuildPlan['order'][number]) =>
    stage.base.kind !== 'image' || isPlain(bases.get(stage.base.reference));
  if (!plan.order.every(isKnown)) return undefined;
  const whole = [...new Set(prefixes)];
  return (path, isDirectory) =>
    whole.some((prefix) => path.startsWith(prefix) || (isDirectory && prefix.startsWith(`${path}/`)));
}

/** Undefined when it cannot be read: the engine says why. */
function planOf(source: DirectorySource, context: Context, flags: FlagValues): BuildPlan | undefined {
  try {
    const { name, text } = dockerfileText(source);
    return planBuild(parseDockerfile(text, name), buildWish(flags, context));
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

const isPlain = (base: CheckedBase | undefined) => base !== undefined && !base.config.OnBuild?.length;

/** Beginnings of the paths that an instruction takes from the context, up to the first variable or wildcard. */
function prefixesOf(instruction: Instruction): string[] {
  if (instruction.kind === 'copy' || instruction.kind === 'add') {
    if (instruction.from !== undefined) return [];
    return instruction.sources.flatMap((one) =>
      one.kind === 'path' && !/^(?:https?:\/\/|git@|git:\/\/|ssh:\/\/)/.test(one.path) ? [literal(one.path)] : [],
    );
  }
  if (instruction.kind === 'run')
    return instruction.mounts.flatMap((mount) => (mount.from === undefined ? mountPrefix(mount.text) : []));
  // A trigger of the image that is made is not carried out by this build.
  return [];
}

function mountPrefix(text: string): string[] {
  const field = (key: string) => new RegExp(`(?:^|,)(?:${key})=([^,]*)`).exec(text)?.[1];
  if (!['bind', undefined].includes(field('type'))) return [];
  return [literal(field('source|src') ?? '')];
}

/** `./src/*.c` → `src/`; '' may be anything. */
function literal(path: string): string {
  const plain = /^[^$*?[\\]*/.exec(path)?.[0] ?? '';
  const isCut = plain.length < path.length;
  const parts: string[] = [];
  for (const part of plain.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = parts.join('/');
  return isCut && (plain === '' || plain.endsWith('/')) && clean !== '' ? `${clean}/` : clean;
}

/** True when a link is on the way to a prefix, or among what a wildcard may match. */
function meetsLink(root: string, prefix: string): boolean {
  const parts = prefix.split('/');
  for (let count = 1; count <= parts.length; count++) {
    const path = join(root, ...parts.slice(0, count));
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  }
  const folder = join(root, ...parts.slice(0, -1));
  const last = parts.at(-1) ?? '';
  try {
    return readdirSync(folder, { withFileTypes: true }).some(
      (entry) => entry.isSymbolicLink() && entry.name.startsWith(last),
    );
  } catch {
    return true; // not there, or not to be read: the engine says so
  }
}
