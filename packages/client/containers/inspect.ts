import type { ContainerConfig, HostConfig, PortBinding } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** The parts of an inspection that the client itself reads; printing keeps all. */
export interface ContainerDetails {
  Id: string;
  Name: string;
  State: {
    Status: string;
    Running: boolean;
    Paused: boolean;
    Restarting: boolean;
    ExitCode: number;
    StartedAt: string;
  };
  Config: ContainerConfig;
  HostConfig: HostConfig;
  NetworkSettings: { Ports?: Record<string, PortBinding[] | null> | null };
}

/** GET /containers/{id}/json */
export function inspectContainer(
  client: EngineClient,
  name: string,
  options: { size: boolean } = { size: false },
): Promise<ContainerDetails> {
  return client.json('GET', containerPath(name, '/json'), { query: { size: options.size } });
}

/** The same with the body as the engine wrote it, for printing. */
export async function inspectContainerText(
  client: EngineClient,
  name: string,
  options: { size: boolean },
): Promise<string> {
  return (await client.stream('GET', containerPath(name, '/json'), { query: { size: options.size } })).text();
}
