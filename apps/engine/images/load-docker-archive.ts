import { BerthError } from '@berth/kit';
import { digestOf, familiarString, isObject, parseReference, type Reference, withDefaultTag } from '@berth/oci';
import { sniffCompression } from '../archives/index.ts';
import { buildManifest, type LayerBlob } from './build-manifest.ts';
import { CONFIG_LIMIT, parseImageConfig } from './image-config.ts';
import { type LoadPlan, MADE_MANIFEST } from './load.ts';
import { type ArchiveFiles, broken } from './load-files.ts';
import { planOfManifest } from './load-oci-layout.ts';
import { parseJson } from './parse-json.ts';
import { parsePlatform, platformMatches } from './pull-platform.ts';
import { doesNotProvide } from './resolve.ts';

const IMAGES_MAX = 1000;
/** This format knows of no indexes. */
const ALONE = { related: [], members: [] };

/** Reads `manifest.json` of a `docker save` archive. Errors: invalid. */
export async function readDockerArchive(files: ArchiveFiles, platform: string | undefined): Promise<LoadPlan[]> {
  const document = files.document('manifest.json');
  if (document === undefined) {
    throw new BerthError('invalid', 'invalid image archive: it has neither manifest.json nor an OCI layout', {
      hint: 'A root file system (docker export) is brought in with `berth import`.',
    });
  }
  const entries = parseJson(document, 'manifest.json');
  // A folder as skopeo writes it (`dir:`): the image's own manifest, and files that are called by their digests.
  if (isObject(entries) && entries.schemaVersion === 2) {
    return [checked({ ...(await planOfManifest(files, document, undefined)), ...ALONE, references: [] }, platform)];
  }
  if (!Array.isArray(entries) || entries.length > IMAGES_MAX) throw broken('manifest.json is no list of images');
  const plans: LoadPlan[] = [];
  for (const entry of entries as unknown[]) plans.push(checked(await readEntry(files, entry), platform));
  return plans;
}

/** Errors: not-found when the image is for another platform than is wanted. */
function checked(plan: LoadPlan, platform: string | undefined): LoadPlan {
  if (platform === undefined) return plan;
  const wanted = parsePlatform(platform);
  if (platformMatches(parseImageConfig(plan.configBytes), wanted)) return plan;
  const [name] = plan.references;
  throw doesNotProvide(name === undefined ? digestOf(plan.configBytes) : familiarString(name), wanted);
}

async function readEntry(files: ArchiveFiles, entry: unknown): Promise<LoadPlan> {
  if (!isObject(entry)) throw broken('manifest.json has an entry that is no object');
  const { Config, RepoTags, Layers } = entry;
  if (
    typeof Config !== 'string' ||
    !isTexts(Layers) ||
    !(RepoTags === undefined || RepoTags === null || isTexts(RepoTags))
  ) {
    throw broken('manifest.json has an entry without Config and Layers');
  }
  const configFile = files.file(Config);
  const configBytes = await files.read(configFile, CONFIG_LIMIT);
  const diffIds = parseImageConfig(configBytes).rootfs.diff_ids;
  if (diffIds.length !== Layers.length) {
    throw broken(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${Layers.length}`);
  }
  const layers: LoadPlan['layers'] = [];
  for (const [n, name] of Layers.entries()) {
    layers.push({ ...(await readLayer(files, name)), diffId: diffIds[n]! });
  }
  return {
    configBytes,
    manifestBytes: buildManifest(configFile, layers),
    manifestMediaType: MADE_MANIFEST,
    layers,
    ...ALONE,
    references: (RepoTags ?? []).map(toTag),
  };
}

/** Registries know no layers of xz or bzip2: such ones are kept without compression. */
async function readLayer(files: ArchiveFiles, name: string): Promise<LayerBlob> {
  const file = files.file(name);
  const compression = sniffCompression(await files.head(file));
  if (compression !== 'xz' && compression !== 'bzip2') return { ...file, compression };
  return { ...(await files.inflate(file)), compression: 'none' };
}

function toTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined)
    throw broken(`invalid tag ${JSON.stringify(text)}`);
  return withDefaultTag(reference);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
