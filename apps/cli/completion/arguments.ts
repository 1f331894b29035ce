import { anything, containers, contexts, images, networks, registries, volumes, withColon } from './names.ts';
import { type Completer, directories, files, nothing } from './suggestion.ts';

/** Completers of a command's arguments by position; with `repeat` the last one goes for all that follow. */
interface Arguments {
  positions: readonly Completer[];
  repeat?: boolean;
}

const all = (completer: Completer): Arguments => ({ positions: [completer], repeat: true });
const each = (...positions: Completer[]): Arguments => ({ positions });

const RUNNING = containers('running', 'paused');

/** By canonical path. A command that is not here has no arguments to suggest. */
const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  build: each(directories),
  'checkpoint create': each(RUNNING),
  'checkpoint ls': each(containers()),
  'checkpoint rm': each(containers()),
  'container attach': each(containers('running')),
  'container commit': each(containers()),
  'container cp': { positions: [containerPath, containerPath] },
  'container create': each(images, files),
  'container diff': each(containers()),
  'container exec': each(containers('running'), files),
  'container export': each(containers()),
  'container inspect': all(containers()),
  'container kill': all(RUNNING),
  'container logs': each(containers()),
  'container pause': all(containers('running')),
  'container port': each(containers('running')),
  'container rename': each(containers(), nothing),
  'container restart': all(containers()),
  'container rm': all(containers()),
  'container run': each(images, files),
  'container start': all(containers('created', 'exited')),
  'container stats': all(containers('running')),
  'container stop': all(RUNNING),
  'container top': each(containers('running')),
  'container unpause': all(containers('paused')),
  'container update': all(containers()),
  'container wait': all(containers()),
  'context export': each(contexts, files),
  'context import': each(nothing, files),
  'context inspect': all(contexts),
  'context rm': all(contexts),
  'context update': each(contexts),
  'context use': each(contexts),
  'image build': each(directories),
  'image history': each(images),
  'image import': each(files),
  'image inspect': all(images),
  'image ls': each(images),
  'image push': each(images),
  'image rm': all(images),
  'image save': all(images),
  'image tag': each(images, images),
  'network connect': each(networks, containers()),
  'network disconnect': each(networks, containers()),
  'network inspect': all(networks),
  'network rm': all(networks),
  'volume backup': each(volumes),
  'volume cat': each(volumes, nothing),
  'volume clone': each(volumes, nothing),
  'volume inspect': all(volumes),
  'volume ls-files': each(volumes, nothing),
  'volume rename': each(volumes, nothing),
  'volume restore': each(volumes),
  'volume rm': all(volumes),
  'volume snapshot': each(volumes),
  'volume update': each(volumes),
  inspect: all(anything),
  logout: each(registries),
};

/** The completer of the argument at `index` of a command. */
export function argumentCompleter(path: string, index: number): Completer {
  const { positions = [], repeat = false } = ARGUMENTS[path] ?? {};
  return positions[index] ?? (repeat ? positions.at(-1) : undefined) ?? nothing;
}

/** With `inspect --type` only things of that kind. */
export const INSPECT_TYPES: Readonly<Record<string, Completer>> = {
  container: containers(),
  image: images,
  network: networks,
  volume: volumes,
};

/** `CONTAINER:PATH` or a path here: names first, then the shell's files. */
async function containerPath(...[context, word, args]: Parameters<Completer>) {
  if (word.startsWith('/') || word.startsWith('.') || word.includes(':')) return files(context, word, args);
  const found = await withColon(containers())(context, word, []);
  return found.values.some(({ value }) => value.startsWith(word)) ? found : files(context, word, args);
}
