import { inspectImage } from '@berth/client';
import type { BuildPlan, CheckedBase, ImageConfig } from '@berth/dockerfile';
import type { Context } from '../../../context.ts';

/** What the engine knows of the images that stages begin with, by what FROM says; those that it has not are not there. */
export async function knownBases(
  { client }: Pick<Context, 'client'>,
  plan: Pick<BuildPlan, 'stages'> | undefined,
): Promise<ReadonlyMap<string, CheckedBase>> {
  const names = new Set(plan?.stages.flatMap(({ base }) => (base.kind === 'image' ? [base.reference] : [])));
  const found = new Map<string, CheckedBase>();
  for (const name of names) {
    try {
      const { Config, Os, Architecture } = JSON.parse(await inspectImage(client, name)) as Inspected;
      found.set(name, { config: Config ?? {}, platform: { os: Os, architecture: Architecture, variant: '' } });
    } catch {
      // Not here, or no engine: then its variables count as unknown.
    }
  }
  return found;
}

interface Inspected {
  Config: ImageConfig | null;
  Os: string;
  Architecture: string;
}
