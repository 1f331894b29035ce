import type { BuildInputs, BuildService } from '../build/index.ts';
import { buildRoutes } from '../build/routes.ts';
import { buildSessionRoutes } from '../build/routes-session.ts';
import type { ContainerService } from '../containers/index.ts';
import { containerRoutes } from '../containers/routes.ts';
import type { Events } from '../events/index.ts';
import { eventRoutes } from '../events/routes.ts';
import { execRoutes } from '../exec/routes.ts';
import { type ImageServices, imageRoutes } from '../images/routes.ts';
import { type NetworkCatalog, networkRoutes } from '../networks/routes.ts';
import { type NetworkExplanations, networkExtraRoutes } from '../networks/routes-extra.ts';
import type { System } from '../system/index.ts';
import { systemRoutes } from '../system/routes.ts';
import type { VolumeService } from '../volumes/index.ts';
import { volumeRoutes } from '../volumes/routes.ts';
import { volumeExtraRoutes } from '../volumes/routes-extra.ts';
import { nothingYetRoutes } from './nothing-yet.ts';
import { refusalRoutes } from './refusals.ts';
import type { Route } from './route.ts';

/** What the API hands requests to. */
export interface ApiServices {
  containers: ContainerService;
  images: ImageServices['images'];
  transfers: ImageServices['transfers'];
  networks: NetworkCatalog & NetworkExplanations;
  volumes: VolumeService;
  events: Pick<Events, 'subscribe'>;
  system: System;
  buildInputs: BuildInputs;
  builds: BuildService;
}

/** The whole route table. Making it touches no service, so that it can be listed without an engine. */
export function createRoutes(services: ApiServices): Route[] {
  return [
    ...systemRoutes(services.system),
    ...containerRoutes(services.containers),
    ...execRoutes(services.containers),
    ...imageRoutes(services),
    ...networkRoutes(services.networks),
    ...networkExtraRoutes(services.networks),
    ...volumeRoutes(services.volumes),
    ...volumeExtraRoutes(services.volumes),
    ...buildRoutes(services.builds, services.buildInputs),
    ...buildSessionRoutes(services.buildInputs),
    ...eventRoutes(services.events),
    ...nothingYetRoutes(),
    ...refusalRoutes(),
  ];
}
