import type { ConfigOperation, WorkdirOperation } from '@berth/dockerfile';
import { baseOf, type StageImage } from '../stage-image.ts';
import { cachedStep, type StepPlace } from './cached-step.ts';
import { nopAndString, nopWithSpace } from './history.ts';
import { below } from './image-layers.ts';

/** Instructions that only write the configuration. */
export function configStep(place: StepPlace & { operation: ConfigOperation }, useCache: boolean): Promise<StepOutcome> {
  const { operation, before } = place;
  return cachedStep(place, {
    inputs: {
      base: baseOf(before),
      instruction: operation.created,
      arguments: {},
      settings: { config: JSON.stringify(operation.config), author: operation.author ?? '' },
      filesDigest: '',
    },
    files: [],
    useCache,
    createdBy: nopWithSpace(operation),
    make: async () => undefined,
  });
}

/** WORKDIR: its directory is made where it is missing; BuildKit gives it to the user, the classic builder to root. */
export function workdirStep(
  place: StepPlace & { operation: WorkdirOperation },
  useCache: boolean,
): Promise<StepOutcome> {
  const { operation, before, build } = place;
  const user = build.request.version === '2' ? operation.user : '';
  return cachedStep(place, {
    inputs: {
      base: baseOf(before),
      instruction: operation.created,
      arguments: {},
      settings: { config: JSON.stringify(operation.config), user },
      filesDigest: '',
    },
    files: [],
    useCache,
    createdBy: nopAndString(operation, operation.created),
    make: () =>
      build.builder.files.makeDirectory(
        below(build, before, operation),
        operation.path,
        user === '' ? { kind: 'keep' } : { kind: 'named', text: user },
      ),
  });
}

export type StepOutcome = { image: StageImage; cached: boolean };
