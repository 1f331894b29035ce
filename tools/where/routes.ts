import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRoutes } from '../../apps/engine/api/index.ts';
import { ROOT } from '../rules/tree.ts';

/** A route of the engine and the file with what it does. */
export interface RoutePlace {
  /** `POST /containers/{id}/stop` */
  route: string;
  file: string;
}

const FOLDERS: Record<string, string> = {
  container: 'containers',
  exec: 'containers',
  image: 'images',
  network: 'networks',
  event: 'events',
  system: 'system',
  volume: 'volumes',
};

/** Verbs that lie in a file of another name. */
const ELSEWHERE: Record<string, string> = {
  'build.context': 'build/context/contexts.ts',
  'build.prune': 'api/nothing-yet.ts',
  'build.session': 'build/session/sessions.ts',
  'container.checkpointCreate': 'containers/routes-checkpoints.ts',
  'container.checkpointList': 'containers/routes-checkpoints.ts',
  'container.checkpointRemove': 'containers/routes-checkpoints.ts',
  'container.copyIn': 'containers/copy-in.ts',
  'container.copyOut': 'containers/copy-out.ts',
  'container.unpause': 'containers/pause.ts',
  'exec.create': 'containers/exec/exec.ts',
  'exec.start': 'containers/exec/exec.ts',
  'exec.resize': 'containers/exec/exec.ts',
  'exec.inspect': 'containers/exec/exec.ts',
  'event.list': 'events/events.ts',
  'image.create': 'images/pull.ts',
  'image.starter': 'images/starter/index.ts',
  'image.history': 'images/inspect.ts',
  'network.doctor': 'networks/explain/doctor.ts',
  'network.inspect': 'networks/list.ts',
  'network.ports': 'networks/explain/ports.ts',
  'volume.cat': 'volumes/look.ts',
  'volume.files': 'volumes/look.ts',
  'volume.inspect': 'volumes/show.ts',
  'system.df': 'system/disk-usage.ts',
  'system.login': 'images/transfers.ts',
  'system.ping': 'system/routes.ts',
};

/** Engine routes by method and path, with names of parameters left out, so that any spelling finds them. */
export function routePlaces(): Map<string, RoutePlace> {
  // Making the table touches no service, so none is needed.
  const routes = createRoutes({} as Parameters<typeof createRoutes>[0]);
  return new Map(
    routes.map(({ method, path, name }) => [
      keyOf(`${method} ${path}`),
      { route: `${method} ${path}`, file: fileOf(name) },
    ]),
  );
}

/** The routes that a file of the client package calls, by what its exports say of themselves. */
export function routesCalled(file: string): string[] {
  const said = readFileSync(join(ROOT, file), 'utf8').matchAll(
    /^\/\*\*(?:\n \*)? (GET|POST|PUT|DELETE|HEAD) (\/[\w/{}-]*)/gm,
  );
  return [...said].map(([, method, path]) => keyOf(`${method} ${path}`));
}

function keyOf(route: string): string {
  return route.replace(/\{\w+\}|\bNAME\b/g, '{}');
}

/** '' when there is no such file. */
function fileOf(name: string): string {
  const [noun = '', verb = ''] = name.split('.');
  const file = `apps/engine/${ELSEWHERE[name] ?? `${FOLDERS[noun] ?? noun}/${verb}.ts`}`;
  return existsSync(join(ROOT, file)) ? file : '';
}
