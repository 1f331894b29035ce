import path from 'node:path';
import { composeHere, type ProjectFolder, projectFolder } from './compose.ts';
import { type CommandResult, docker } from './docker.ts';
import { startTestEngine, type TestEngine } from './engine.ts';
import { busyboxImage, dockerArchive } from './images.ts';

/** Nothing listens there: a pull fails at once. */
export const UNREACHABLE = '127.0.0.1:1/busy:latest';

/** An engine with busybox, also by the name `UNREACHABLE`, and a project whose file each test writes for itself. */
export interface ComposeBench extends AsyncDisposable {
  engine: TestEngine;
  project: ProjectFolder;
  /** Services without an image or a build are of busybox; `more` are further parts of the file. */
  write(services: Record<string, object>, more?: Record<string, object>): void;
  /** Words of `compose` in this process. */
  here(...words: string[]): Promise<CommandResult>;
  /** The same with variables of the environment. */
  with(env: Record<string, string>, ...words: string[]): Promise<CommandResult>;
  /** The same, and an error when it ended with another code than 0. */
  ok(...words: string[]): Promise<CommandResult>;
  /** What a template says of a container, volume or other thing. */
  inspect(name: string, format: string): Promise<string>;
  /** Names of all containers of the engine, sorted. */
  containers(): Promise<string[]>;
  /** Removes what a test has made. */
  clear(): Promise<void>;
}

/** `files` are beside each other in the project's folder; the Compose file is `compose.yaml`. */
export async function composeBench(name: string, files: Record<string, string> = {}): Promise<ComposeBench> {
  const engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest', UNREACHABLE])]) });
  const project = projectFolder(name, files);
  const call = (env: Record<string, string>, ...words: string[]) =>
    composeHere(engine, project, ['-f', path.join(project.folder, 'compose.yaml'), ...words], { env });
  const here = (...words: string[]) => call({}, ...words);
  const lines = async (...words: string[]) => (await docker(engine, words)).stdout.split('\n').filter(Boolean);
  const bench = {
    engine,
    project,
    here,
    with: call,
    write(services: Record<string, object>, more: Record<string, object> = {}) {
      const all = Object.entries(services).map(([key, one]) => [
        key,
        'build' in one || 'image' in one ? one : { image: 'busybox', ...one },
      ]);
      project.write('compose.yaml', JSON.stringify({ services: Object.fromEntries(all), ...more }));
    },
    async ok(...words: string[]) {
      const result = await here(...words);
      if (result.code === 0) return result;
      throw new Error(`${words.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`);
    },
    inspect: async (what: string, format: string) =>
      (await docker(engine, ['inspect', '-f', format, what])).stdout.trim(),
    containers: async () => (await lines('ps', '-a', '--format', '{{.Names}}')).sort(),
    async clear() {
      const left = await lines('ps', '-aq');
      if (left.length) await docker(engine, ['rm', '-f', ...left]);
      bench.write({});
      await here('down', '-v', '--remove-orphans');
      await docker(engine, ['volume', 'prune', '-af']);
    },
    async [Symbol.asyncDispose]() {
      await bench.clear();
      project[Symbol.dispose]();
      await engine.stop();
    },
  };
  return bench;
}
