import type { CreateContainerBody, CreateVolumeBody } from '@berth/client';
import type { EndpointWish } from '@berth/contract';
import type { FileCopy } from '../containers/mounts.ts';
import type { Reason } from '../decide/difference.ts';
import type { Hook } from '../model.ts';

/** What each kind of operation needs. Every one is a single call of the engine's API, except waits, which look until a state is reached. */
export interface OperationDetails {
  /** `driver` as the file names it. */
  'create-network': { name: string; body: object; driver: string | undefined };
  'remove-network': { name: string };
  'disconnect-network': { network: string; container: string };
  'connect-network': { network: string; container: string; endpoint: EndpointWish };
  'create-volume': { body: CreateVolumeBody; driver: string | undefined };
  'remove-volume': { name: string };
  'create-container': { name: string; body: CreateContainerBody; platform: string };
  'rename-container': { container: string; name: string };
  'copy-files': { container: string; files: FileCopy[] };
  'start-container': { container: string };
  'restart-container': { container: string; timeout: number | undefined };
  'stop-container': { container: string; timeout: number | undefined };
  'kill-container': { container: string; signal: string };
  'pause-container': { container: string };
  'unpause-container': { container: string };
  'remove-container': { container: string; volumes: boolean; force: boolean };
  'remove-image': { image: string };
  'run-hook': { container: string; hook: Hook };
  'wait-healthy': { container: string; service: string };
  'wait-completed': { container: string; service: string };
}

export type OperationKind = keyof OperationDetails;

interface Base {
  id: string;
  /** Ids of those that have to be done before. */
  needs: string[];
  /** What people see it work on: `Container shop-web-1`. */
  subject: string;
  /** Words for the beginning and the end: `Creating`, `Created`. */
  words: readonly [doing: string, done: string];
  reasons: readonly Reason[];
  /** A failure is said and does not stop what needs it. */
  optional?: boolean;
}

export type Operation = { [K in OperationKind]: Base & { kind: K } & OperationDetails[K] }[OperationKind];

export const containerSubject = (name: string) => `Container ${name}`;
export const networkSubject = (name: string) => `Network ${name}`;
export const volumeSubject = (name: string) => `Volume ${name}`;
