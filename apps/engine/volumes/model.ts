/** One volume as stored. The id never changes and names the directory; the name is what people call it by. */
export interface VolumeRecord {
  /** 64 lower-case hexadecimal digits; of an anonymous volume it is the first name as well. */
  id: string;
  name: string;
  driver: 'local';
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Null when none were given. */
  labels: Record<string, string> | null;
  /** What the local driver mounts there (`type`, `device`, `o`); null for a directory. */
  options: Record<string, string> | null;
}

/** A volume that somebody wants to have. */
export interface VolumeWish {
  /** '' for an anonymous volume. */
  name: string;
  /** '' for the default driver. */
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
}

/** Label of volumes that were made without a name; `prune` takes only these unless told otherwise. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/** What volumes ask about containers; joined in main.ts. */
export interface VolumeUsers {
  /** Ids of containers, in any state, that have this volume among their mounts. */
  usersOf(volumeId: string): string[];
  /** How many containers have each volume, for questions about many; those without are not in it. */
  userCounts(): ReadonlyMap<string, number>;
  /**
   * Lets the running containers of a volume stand still until `thaw`; nothing else changes their states meanwhile. Those
   * of an engine that dies before run on when the next one starts.
   */
  freeze(volumeId: string): Promise<{ containers: string[]; thaw(): Promise<void> }>;
  /** A volume has another name now: what is shown of containers has to be made anew. */
  renamed(volumeId: string): void;
}

/** What containers ask of volumes. */
export interface VolumeSource {
  /**
   * The volume of a name, made when it is not there, or a new anonymous one. Synchronous, so that a container's row can
   * follow without anybody removing the volume in between; on disk after the database's next flush.
   * Errors: invalid (name, options), not-found (driver).
   */
  obtain(wish: VolumeWish): { volume: VolumeRecord; isNew: boolean };
  get(id: string): VolumeRecord | undefined;
  /** The directory with its data on the host. */
  pathOf(id: string): string;
  /**
   * Makes the data of a volume ready for a container: mounts what the local driver is to mount, for the first one that
   * wants it. The volume stays so until all containers let go. Errors: not-found; invalid (cannot be mounted).
   */
  hold(id: string, containerId: string): Promise<string>;
  /** Undoes `hold`: true when this container held it. What was mounted goes after the last; that happens later. */
  release(id: string, containerId: string): boolean;
  /**
   * Copies an open directory into an empty volume that this container holds. Where nobody else holds it, it is filled at
   * once or not at all, whatever becomes of this engine meanwhile; else file by file, and what others make stays.
   */
  fill(id: string, containerId: string, source: number): Promise<void>;
  /** Removes an anonymous volume that nobody uses any more; others stay. */
  removeAnonymous(id: string): void;
}
