/** One event of Docker's event stream (`GET /events`). */
export interface EngineEvent {
  type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder' | 'plugin';
  action: string;
  actorId: string;
  attributes: Record<string, string>;
  /** Nanoseconds since the epoch. */
  timeNano: bigint;
}

/** What every noun uses to say what happened. Never throws and never blocks. */
export type Publish = (
  type: EngineEvent['type'],
  action: string,
  actorId: string,
  attributes: Record<string, string>,
) => void;
