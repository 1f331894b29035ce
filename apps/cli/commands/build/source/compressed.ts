/** A context with gzip around it, for `--compress`. */
export async function* compressed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const [{ createGzip }, { pipeline, Readable }] = await Promise.all([import('node:zlib'), import('node:stream')]);
  const gzip = createGzip();
  // What goes wrong with the source comes out of the stream that is read.
  pipeline(Readable.from(body), gzip, () => undefined);
  for await (const chunk of gzip) yield chunk as Buffer;
}
