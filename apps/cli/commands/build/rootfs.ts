import { createContainer, type EngineClient, exportContainer, removeContainer } from '@berth/client';

/** The files of an image as an archive, by way of a container that is never started and is removed at the end. */
export async function rootfs(client: EngineClient, image: string): Promise<AsyncIterable<Uint8Array>> {
  // An image may have no command of its own; this one is never run.
  const body = { Image: image, Cmd: ['/'], HostConfig: { NetworkMode: 'none' } };
  const { Id } = await createContainer(client, body, { name: '', platform: '' });
  const remove = () => removeContainer(client, Id, { force: true, volumes: true, link: false });
  try {
    const { body: archive } = await exportContainer(client, Id);
    return (async function* () {
      try {
        yield* archive;
      } finally {
        await remove();
      }
    })();
  } catch (error) {
    await remove();
    throw error;
  }
}
