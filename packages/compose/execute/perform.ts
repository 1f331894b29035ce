import {
  connectNetwork,
  copyToContainer,
  createContainer,
  createNetwork,
  createVolume,
  disconnectNetwork,
  type EngineClient,
  inspectContainer,
  killContainer,
  pauseContainer,
  removeContainer,
  removeImage,
  removeNetwork,
  removeVolume,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from '@berth/client';
import { BerthError, isBerthError } from '@berth/kit';
import type { Hook } from '../model.ts';
import type { Operation, OperationDetails, OperationKind } from '../plan/operation.ts';
import { fileArchive } from './file-archive.ts';
import { runInContainer } from './run-in-container.ts';
import { waitCompleted, waitHealthy } from './wait.ts';

/** What operations are carried out with. */
export interface Performing {
  client: EngineClient;
  signal: AbortSignal;
  /** Output of hooks. */
  onOutput: (container: string, text: Uint8Array) => void;
  onWarning: (text: string) => void;
}

type Performer<K extends OperationKind> = (operation: OperationDetails[K], how: Performing) => Promise<unknown>;

/** One call of the engine's API for each kind of operation. */
const PERFORMERS: { [K in OperationKind]: Performer<K> } = {
  'create-network': ({ body }, { client }) => createNetwork(client, body),
  'remove-network': ({ name }, { client }) => gone(removeNetwork(client, name)),
  'disconnect-network': ({ network, container }, { client }) =>
    gone(disconnectNetwork(client, network, container, { force: true })),
  'connect-network': ({ network, container, endpoint }, { client }) =>
    connectNetwork(client, network, container, endpoint),
  'create-volume': ({ body }, { client }) => createVolume(client, body),
  'remove-volume': ({ name }, { client }) => gone(removeVolume(client, name, { force: false })),
  'create-container': async ({ name, body, platform }, { client, onWarning }) => {
    const { Warnings } = await createContainer(client, body, { name, platform });
    for (const warning of Warnings ?? []) onWarning(warning);
  },
  'rename-container': ({ container, name }, { client }) => renameContainer(client, container, name),
  'copy-files': ({ container, files }, { client }) =>
    copyToContainer(client, container, '/', fileArchive(files), { copyUidGid: false }),
  'start-container': ({ container }, { client }) => startContainer(client, container),
  'restart-container': ({ container, timeout }, { client }) =>
    restartContainer(client, container, { timeout, signal: '' }),
  'stop-container': ({ container, timeout }, { client }) =>
    gone(stopContainer(client, container, { timeout, signal: '' })),
  'kill-container': ({ container, signal }, { client }) => killContainer(client, container, signal),
  'pause-container': ({ container }, { client }) => pauseContainer(client, container),
  'unpause-container': ({ container }, { client }) => unpauseContainer(client, container),
  'remove-container': ({ container, volumes, force }, { client }) =>
    gone(removeContainer(client, container, { volumes, force, link: false })),
  'remove-image': ({ image }, { client }) =>
    gone(removeImage(client, image, { force: false, noPrune: false, platforms: [] })),
  'run-hook': ({ container, hook }, how) => runHook(container, hook, how),
  'wait-healthy': ({ container }, { client, signal }) => waitHealthy(client, container, signal),
  'wait-completed': ({ container, service }, { client, signal }) => waitCompleted(client, container, service, signal),
};

export async function perform(operation: Operation, how: Performing): Promise<void> {
  // The table has a function for exactly this kind.
  const act = PERFORMERS[operation.kind] as Performer<OperationKind>;
  await act(operation, how);
}

/** What is not there any more need not be removed. */
async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isBerthError(error, 'not-found')) throw error;
  }
}

/** Runs a command in a container; a code other than 0 is an error. */
async function runHook(container: string, hook: Hook, { client, onOutput }: Performing): Promise<void> {
  const code = await runInContainer(client, container, hook, (data) => onOutput(container, data));
  if (code === 0) return;
  const { Name } = await inspectContainer(client, container);
  throw new BerthError('conflict', `${Name.replace(/^\//, '')} hook exited with status ${code}`);
}
