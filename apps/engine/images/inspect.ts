import { type ImageContext, toImage, visibleParent } from './context.ts';
import type { ImageRunConfig } from './model.ts';
import { namesOf } from './names.ts';
import { resolveForPlatform, resolveImage } from './resolve.ts';
import type { HistoryItem, ImageInspect } from './wire.ts';

/** Go's zero time, which stands for "never" on the wire. */
const NEVER = '0001-01-01T00:00:00Z';

/** GET /images/{name}/json. */
export function inspectImage(context: ImageContext, name: string, platform?: string): ImageInspect {
  const { store, content } = context;
  const seen = resolveImage(store, name);
  const row = resolveForPlatform(store, name, platform);
  const { config } = row;
  // A member has no names of its own.
  const image = { ...toImage(context, row), ...namesOf(store.references(seen.id)) };
  const layers = store.layers(row.id);
  const lower = layers.slice(0, -1).reverse();
  const top = layers.at(-1);
  return {
    Id: row.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: visibleParent(context, row),
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? NEVER,
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: wireConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.size,
    GraphDriver: {
      Name: 'overlay2',
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.map((layer) => content.pathOf(layer)).join(':') } : {}),
        ...(top === undefined ? {} : { UpperDir: content.pathOf(top) }),
      },
    },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: row.tagged === 0 ? NEVER : new Date(row.tagged).toISOString() },
  };
}

/** The members that Docker always shows, unset ones as it shows them, then the others where they are set. */
function wireConfig(config: ImageRunConfig): ImageRunConfig {
  const { Hostname: _h, Domainname: _d, ...rest } = config;
  return {
    ...rest,
    User: config.User ?? '',
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
  };
}

/** GET /images/{name}/history: newest step first. */
export function imageHistory(context: ImageContext, name: string, platform?: string): HistoryItem[] {
  const { store } = context;
  const row = resolveForPlatform(store, name, platform);
  const layers = store.layers(row.id);
  let layer = 0;
  // An image without history has a step for each layer all the same.
  const history = row.config.history ?? layers.map(() => ({ created: row.config.created ?? NEVER }));
  const items = history.map((step): HistoryItem => {
    const isEmpty = 'empty_layer' in step && step.empty_layer === true;
    const created = Date.parse(step.created ?? '');
    return {
      Comment: 'comment' in step ? (step.comment ?? '') : '',
      Created: Number.isNaN(created) ? Date.parse(NEVER) / 1000 : Math.floor(created / 1000),
      CreatedBy: 'created_by' in step ? (step.created_by ?? '') : '',
      Id: '<missing>',
      Size: isEmpty ? 0 : (layers[layer++]?.size ?? 0),
      Tags: null,
    };
  });
  items.reverse();
  const { tags } = namesOf(store.references(resolveImage(store, name).id));
  const first = items[0];
  if (first) Object.assign(first, { Id: row.id, Tags: tags.length > 0 ? tags : null });
  return items;
}
