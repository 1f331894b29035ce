import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/** A ruleset change that libnftables refused; `message` has its explanation. */
export class NftError extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(`nftables: ${message}`);
    this.name = 'NftError';
    this.command = command;
  }
}

/**
 * nftables by libnftables, in the namespace in which the object was made. For rulesets and lists; single elements go
 * by nfnetlink.ts, which is six times as fast.
 */
export class Nftables {
  readonly #library = library();
  readonly #context: unknown;

  constructor() {
    giveLowDescriptors();
    this.#context = this.#library.open(0);
    if (!this.#context) throw new NftError('', 'no context (out of memory)');
    this.#library.bufferOutput(this.#context);
    this.#library.bufferError(this.#context);
  }

  /** Runs commands in nft syntax as one transaction: all or nothing. */
  run(commands: string): string {
    return this.#run(commands, 0);
  }

  /** Text of a list command, without set elements, counters and other changing parts. */
  structure(command: string): string {
    return this.#run(command, NFT_CTX_OUTPUT_TERSE | NFT_CTX_OUTPUT_STATELESS);
  }

  /** Runs one list command and gives the members of the `nftables` array. */
  list(command: string): Record<string, unknown>[] {
    const answer: { nftables?: Record<string, unknown>[] } = JSON.parse(
      this.#run(command, NFT_CTX_OUTPUT_JSON) || '{}',
    );
    return answer.nftables ?? [];
  }

  close(): void {
    this.#library.free(this.#context);
    keepLowDescriptors();
  }

  #run(commands: string, flags: number, tries = 20): string {
    this.#library.outputFlags(this.#context, flags);
    const result = this.#library.run(this.#context, commands);
    const output = String(this.#library.output(this.#context) ?? '');
    const errors = String(this.#library.errors(this.#context) ?? '').trim();
    if (result === 0) return output;
    // Somebody changed rules while they were read: nothing was done, and it can be asked for again.
    if (tries > 0 && errors.includes('Interrupted system call')) return this.#run(commands, flags, tries - 1);
    throw new NftError(commands, errors || `failed with ${result}`);
  }
}

/**
 * The library waits with select(2), which ends the whole process for a descriptor from 1024 on (FD_SETSIZE), and an engine
 * with many containers or connections has more than that open. So some low ones are kept for its sockets from the start.
 */
const lowDescriptors: number[] = [];
const LOW_DESCRIPTORS = 4;

/** What is free now is the lowest: the next socket gets it. A second one is for a thread that opens a file just now. */
function giveLowDescriptors(): void {
  for (const fd of lowDescriptors.splice(-2)) closeSync(fd);
}

function keepLowDescriptors(): void {
  while (lowDescriptors.length < LOW_DESCRIPTORS) {
    const fd = openSync('/dev/null', 'r');
    if (fd >= FD_SETSIZE) {
      closeSync(fd);
      return;
    }
    lowDescriptors.push(fd);
  }
}

const FD_SETSIZE = 1024;

const NFT_CTX_OUTPUT_STATELESS = 1 << 1;
const NFT_CTX_OUTPUT_TERSE = 1 << 11;
const NFT_CTX_OUTPUT_JSON = 1 << 4;

let loaded: ReturnType<typeof load> | undefined;

/** Loaded at first use: programs that never touch rules must not need the library. */
function library() {
  loaded ??= load();
  return loaded;
}

function load() {
  keepLowDescriptors();
  const lib = koffi.load('libnftables.so.1');
  return {
    open: lib.func('void *nft_ctx_new(uint32_t flags)'),
    free: lib.func('void nft_ctx_free(void *context)'),
    outputFlags: lib.func('void nft_ctx_output_set_flags(void *context, unsigned int flags)'),
    bufferOutput: lib.func('int nft_ctx_buffer_output(void *context)'),
    bufferError: lib.func('int nft_ctx_buffer_error(void *context)'),
    output: lib.func('const char *nft_ctx_get_output_buffer(void *context)'),
    errors: lib.func('const char *nft_ctx_get_error_buffer(void *context)'),
    run: lib.func('int nft_run_cmd_from_buffer(void *context, const char *commands)'),
  };
}
