/** Reads the process's stdin until it ends or `close` is called. */
export interface StdinReader {
  /** Calls `take` for each chunk, the next one after its promise; resolves at the end of input or after `close`. */
  pump(take: (chunk: Uint8Array) => Promise<void>): Promise<void>;
  /** Lets go of stdin: no more is read. */
  close(): void;
}

/** Opens stdin for a session; costs nothing before. */
export async function openStdin(): Promise<StdinReader> {
  return typeof Bun === 'undefined' ? nodeStdin() : bunStdin(Bun.stdin.stream().getReader());
}

function bunStdin(reader: ReadableStreamDefaultReader<Uint8Array>): StdinReader {
  let closed = false;
  return {
    async pump(take) {
      while (!closed) {
        const { done, value } = await reader.read();
        if (done || closed) return;
        await take(value);
      }
    },
    close() {
      closed = true;
      // Nobody waits for it: a read that hangs is given up.
      reader.cancel().catch(() => undefined);
    },
  };
}

function nodeStdin(): StdinReader {
  const { stdin } = process;
  let closed = false;
  return {
    async pump(take) {
      for await (const chunk of stdin) {
        if (closed) return;
        await take(chunk);
      }
    },
    close() {
      closed = true;
      stdin.destroy();
    },
  };
}
