/** A path as C has it: bytes and an end mark. Names that are not UTF-8 come as Buffers. */
export function cPath(path: string | Buffer): Buffer {
  const length = Buffer.byteLength(path);
  const bytes = Buffer.alloc(length + 1);
  if (typeof path === 'string') bytes.write(path);
  else path.copy(bytes);
  if (bytes.indexOf(0) !== length) throw new TypeError('a path has a NUL byte');
  return bytes;
}
