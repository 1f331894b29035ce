import {
  type Descriptor,
  familiarString,
  putManifest,
  type Reference,
  type RegistrySession,
  uploadBlob,
} from '@berth/oci';
import type { Image } from './model.ts';
import { shortId } from './names.ts';
import type { Progress } from './progress.ts';
import { allOrAbort, type Slots } from './pull-slots.ts';
import type { Images } from './service.ts';
import type { WholeIndex } from './whole-index.ts';

export interface PushIndexContext {
  images: Images;
  session: RegistrySession;
  progress: Progress;
  slots: Slots;
  /** Ends the session's work when a blob fails. */
  stop: AbortController;
}

/** Pushes all platforms of an image, byte for byte as they are here: blobs, then manifests, then the index under its tag. */
export async function pushIndex(
  context: PushIndexContext,
  target: Reference & { tag: string },
  image: Image,
  { descriptor, bytes, manifests }: WholeIndex,
): Promise<void> {
  const { images, session, progress, slots, stop } = context;
  await using lease = images.lease();
  const blobs = [...new Map(manifests.flatMap((one) => one.blobs).map((blob) => [blob.digest, blob])).values()];
  for (const { digest } of [descriptor, ...manifests.map((one) => one.descriptor), ...blobs]) lease.hold(digest);
  for (const { digest } of blobs) progress.layer(shortId(digest), 'Preparing');
  const works = blobs.map((blob) => slots.run(() => pushBlob(context, target.path, blob)));
  await allOrAbort(works, stop);
  for (const one of manifests) {
    const { mediaType, digest } = one.descriptor;
    await putManifest(session, target.path, digest, { mediaType, bytes: one.bytes });
  }
  const { mediaType, digest, size } = descriptor;
  await putManifest(session, target.path, target.tag, { mediaType, bytes });
  progress.message(`${target.tag}: digest: ${digest} size: ${size}`);
  progress.aux({ Tag: target.tag, Digest: digest, Size: size });
  images.addDigest(image.id, { domain: target.domain, path: target.path }, digest);
  images.announce('push', image.id, familiarString(target));
}

async function pushBlob(
  { images, session, progress }: PushIndexContext,
  path: string,
  blob: Descriptor,
): Promise<void> {
  const { digest, size } = blob;
  const open = () => images.blobs.createReadStream(digest);
  const result = await uploadBlob(session, path, { digest, size, open });
  progress.layer(shortId(digest), result.kind === 'exists' ? 'Layer already exists' : 'Pushed');
}
