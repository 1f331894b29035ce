import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '@berth/kit';
import { parseReference } from '@berth/oci';
import { DEFAULT_CONFIG, type EngineConfig } from '../../../apps/engine/config.ts';
import {
  createImages,
  createTransfers,
  type Images,
  type ProgressMessage,
  type Transfers,
} from '../../../apps/engine/images/index.ts';
import { openDatabase } from '../../../apps/engine/state/database.ts';

/** An image store with transfers, in a directory of its own, without an engine around it. */
export interface OpenStore {
  dataRoot: string;
  images: Images;
  transfers: Transfers;
  /** `ACTION NAME` of every image event. */
  events: string[];
  /** Pulls and gives the messages. */
  pull(name: string, options?: TransferChoice): Promise<ProgressMessage[]>;
  push(name: string, options?: TransferChoice): Promise<ProgressMessage[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TransferChoice {
  auth?: object;
  platform?: string;
  explain?: boolean;
  signal?: AbortSignal;
  onProgress?: (message: ProgressMessage) => void;
}

export async function openStore(settings: Partial<EngineConfig> = {}): Promise<OpenStore> {
  const dataRoot = mkdtempSync(path.join(tmpdir(), 'berth-store-'));
  const db = openDatabase(path.join(dataRoot, 'berth.db'));
  const events: string[] = [];
  const log = createLogger('error', 'text', (line) => process.stderr.write(line));
  const images = await createImages({
    config: { ...DEFAULT_CONFIG, dataRoot },
    db,
    log,
    publish: (_type, action, _id, { name }) => void events.push(`${action} ${name}`),
    users: () => ({ containersOf: () => [] }),
  });
  const transfers = createTransfers({ images, config: { ...DEFAULT_CONFIG, ...settings }, log });

  const collect = async (
    choice: TransferChoice,
    run: (options: Options) => Promise<void>,
  ): Promise<ProgressMessage[]> => {
    const said: ProgressMessage[] = [];
    await run({
      auth: choice.auth,
      platform: choice.platform,
      explain: choice.explain,
      signal: choice.signal ?? new AbortController().signal,
      onProgress: (message) => {
        said.push(message);
        choice.onProgress?.(message);
      },
    });
    return said;
  };
  return {
    dataRoot,
    images,
    transfers,
    events,
    pull: (name, choice = {}) => collect(choice, (options) => transfers.pull(parseReference(name), options)),
    push: (name, choice = {}) => collect(choice, (options) => transfers.push(parseReference(name), options)),
    [Symbol.asyncDispose]: async () => {
      await transfers.close();
      await images.close();
      db.close();
      rmSync(dataRoot, { recursive: true, force: true });
    },
  };
}

type Options = Parameters<Transfers['pull']>[1];

/** The states that a line went through, figures left out. */
export function statesOf(said: readonly ProgressMessage[], id: string): string[] {
  const states = said.filter((message) => message.id === id).map(({ status }) => status ?? '');
  return states.filter((status, n) => status !== states[n - 1]);
}
