/**
 * Docker's multiplexed stream (`application/vnd.docker.multiplexed-stream`): frames of one byte stream number, three
 * zero bytes, four bytes of payload length (big endian), payload.
 */
export const STDCOPY_HEADER = 8;

/** 3 carries an error of the engine in place of output. */
export type StdcopyStream = 1 | 2 | 3;

/** One frame with its payload, ready to be written. */
export function stdcopyFrame(stream: StdcopyStream, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(STDCOPY_HEADER + payload.length);
  writeStdcopyHeader(frame, 0, stream, payload.length);
  frame.set(payload, STDCOPY_HEADER);
  return frame;
}

/** Writes a header at `at`; the payload of `length` bytes is to follow it. */
export function writeStdcopyHeader(buffer: Buffer, at: number, stream: StdcopyStream, length: number): void {
  buffer.writeUInt32BE(stream * 0x1000000, at);
  buffer.writeUInt32BE(length, at + 4);
}
