import { containers, images, networks, volumes } from './names.ts';
import { type Completer, DIRECTIVE, oneOf, values } from './suggestion.ts';

type Filters = Record<string, Completer | undefined>;

/** `KEY=` first, then the values of a key that has some. */
function keyed(filters: Filters): Completer {
  return async (context, word, args) => {
    const equals = word.indexOf('=');
    const key = word.slice(0, equals);
    if (equals < 0)
      return values(
        Object.keys(filters).map((name) => `${name}=`),
        DIRECTIVE.noSpace | DIRECTIVE.noFiles,
      );
    const list = await filters[key]?.(context, word.slice(equals + 1), args);
    return values((list?.values ?? []).map(({ value }) => `${key}=${value}`));
  };
}

const YES_NO = oneOf('true', 'false');
const STATES = oneOf('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead');
const ACTIONS =
  'attach commit connect copy create delete destroy detach die disconnect exec_create exec_detach exec_die exec_start export health_status import kill load mount oom pause prune pull push reload rename resize restart save start stop tag top unmount unpause untag update';
const PRUNE: Filters = { label: undefined, 'label!': undefined, until: undefined };

/** Completion of `--filter` by command. */
export const filterCompleters: Readonly<Record<string, Completer>> = {
  'container ls': keyed({
    ancestor: images,
    before: containers(),
    exited: undefined,
    expose: undefined,
    health: oneOf('starting', 'healthy', 'unhealthy', 'none'),
    id: undefined,
    'is-task': YES_NO,
    label: undefined,
    name: containers(),
    network: networks,
    publish: undefined,
    since: containers(),
    status: STATES,
    volume: volumes,
  }),
  'image ls': keyed({
    before: images,
    dangling: YES_NO,
    label: undefined,
    reference: images,
    since: images,
    until: undefined,
  }),
  'network ls': keyed({
    dangling: YES_NO,
    driver: oneOf('bridge', 'host', 'ipvlan', 'macvlan', 'null'),
    id: undefined,
    label: undefined,
    name: networks,
    scope: oneOf('local', 'global', 'swarm'),
    type: oneOf('builtin', 'custom'),
  }),
  'volume ls': keyed({ dangling: YES_NO, driver: oneOf('local'), label: undefined, name: volumes }),
  'system events': keyed({
    container: containers(),
    daemon: undefined,
    event: oneOf(...ACTIONS.split(' ')),
    image: images,
    label: undefined,
    network: networks,
    scope: oneOf('local', 'swarm'),
    type: oneOf('builder', 'container', 'daemon', 'image', 'network', 'plugin', 'volume'),
    volume: volumes,
  }),
  'container prune': keyed(PRUNE),
  'image prune': keyed({ dangling: YES_NO, ...PRUNE }),
  'network prune': keyed(PRUNE),
  'volume prune': keyed({ all: YES_NO, label: undefined, 'label!': undefined }),
  'system prune': keyed(PRUNE),
  search: keyed({ 'is-automated': YES_NO, 'is-official': YES_NO, stars: undefined }),
};
