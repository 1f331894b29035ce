import type { ContainerConfig, EndpointWish, HostConfig } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';

/** Body of a create call; what is left out takes the engine's default. */
export interface CreateContainerBody extends Partial<ContainerConfig> {
  HostConfig?: Partial<HostConfig>;
  NetworkingConfig?: { EndpointsConfig: Record<string, EndpointWish> };
}

/** POST /containers/create. Throws 'not-found' when the image is not there. */
export function createContainer(
  client: EngineClient,
  body: CreateContainerBody,
  options: { name: string; platform: string },
): Promise<{ Id: string; Warnings?: string[] | null }> {
  return client.json('POST', '/containers/create', { query: options, json: body });
}
