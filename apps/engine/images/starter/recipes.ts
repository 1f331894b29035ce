import busybox from '../../../../images/busybox.json' with { type: 'json' };
import debian from '../../../../images/debian.json' with { type: 'json' };
import hello from '../../../../images/hello-world.json' with { type: 'json' };
import registry from '../../../../images/registry.json' with { type: 'json' };
import type { ImageRunConfig } from '../model.ts';

/** How a starter image is made; the format of the files in `images/`. */
export interface Recipe {
  description: string;
  tags: string[];
  files: { kind: 'hello' } | { kind: 'busybox' } | { kind: 'debian'; suite: string } | { kind: 'registry' };
  config: ImageRunConfig;
}

/** By name. Imported, so that they are in the bundle too; JSON loses the literal types, hence the statement of them. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  'hello-world': hello as Recipe,
  busybox: busybox as Recipe,
  debian: debian as Recipe,
  registry: registry as Recipe,
};
