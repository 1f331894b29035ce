import { parentPort } from 'node:worker_threads';
import type { FromShipper, ToShipper } from './protocol.ts';
import { Shipment } from './shipment.ts';

/**
 * Thread that sends logs to log servers, so that a container that writes much does not keep the engine from answering.
 * Every change to one container waits for the one before.
 */
const engine = parentPort!;
const shipments = new Map<string, Shipment>();
const changes = new Map<string, Promise<void>>();

engine.on('message', (message: ToShipper) => {
  if (message.kind === 'close' && message.id === undefined) void closeAll();
  else if (message.id !== undefined) inOrder(message.id, () => handle(message));
});

function inOrder(id: string, change: () => Promise<void>): void {
  const next = (changes.get(id) ?? Promise.resolve()).then(change).finally(() => {
    if (changes.get(id) === next) changes.delete(id);
  });
  changes.set(id, next);
}

async function handle(message: ToShipper): Promise<void> {
  if (message.kind === 'ended') return shipments.get(message.id)?.end();
  if (message.kind === 'close') {
    if (message.id !== undefined) await drop(message.id);
    return;
  }
  await drop(message.id); // of the run before
  const shipment: Shipment = new Shipment(message, (told) => {
    if (told.kind === 'drained' && shipments.get(message.id) === shipment) shipments.delete(message.id);
    tell(told);
  });
  try {
    if (message.connect) await shipment.connect();
  } catch (error) {
    return tell({ kind: 'opened', id: message.id, error: error instanceof Error ? error.message : String(error) });
  }
  shipments.set(message.id, shipment);
  shipment.begin();
  tell({ kind: 'opened', id: message.id, error: undefined });
}

async function drop(id: string): Promise<void> {
  const shipment = shipments.get(id);
  shipments.delete(id);
  await shipment?.stop();
}

async function closeAll(): Promise<void> {
  await Promise.all([...shipments.keys()].map(drop));
  tell({ kind: 'closed' });
}

function tell(message: FromShipper): void {
  engine.postMessage(message);
}
