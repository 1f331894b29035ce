import type { Message } from '../message.ts';

/** A connection to one log server, for one container. */
export interface Sink {
  /**
   * Resolves when the kernel has taken all of them, or the server where it acknowledges. Called again only then.
   * Errors: the connection is of no use any more.
   */
  send(messages: readonly Message[]): Promise<void>;
  close(): void;
}
