import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TarEntry, tar } from './tar.ts';

/** An image to make for a test: a layer of files, or several, and how it runs. */
export interface ImageRecipe {
  /** References as a person writes them, `alpine:latest`. */
  tags: string[];
  files: TarEntry[];
  /** Further layers over that of `files`, each over the one before. */
  above?: TarEntry[][];
  /** What its history says of every layer. */
  createdBy?: string;
  /** The `config` member of the image configuration, in Docker's spelling. */
  config: {
    Cmd?: string[];
    Entrypoint?: string[];
    Env?: string[];
    ExposedPorts?: Record<string, object>;
    Volumes?: Record<string, object>;
    WorkingDir?: string;
    User?: string;
    Healthcheck?: object;
    Labels?: Record<string, string>;
  };
}

/** The archive that `docker load` takes, of one or more images. */
export function dockerArchive(recipes: readonly ImageRecipe[]): Buffer {
  const made = recipes.map(image);
  const manifest = made.map(({ config, layers: own, tags }) => ({
    Config: `${config.id}.json`,
    RepoTags: tags,
    Layers: own.map(({ id }) => `${id}/layer.tar`),
  }));
  const layers = new Map(made.flatMap(({ layers: own }) => own.map(({ id, content }) => [id, content] as const)));
  const configs = new Map(made.map(({ config }) => [config.id, config.content]));
  return tar([
    ...[...layers].flatMap(([id, content]) => [{ path: id }, { path: `${id}/layer.tar`, content }]),
    ...[...configs].map(([id, content]) => ({ path: `${id}.json`, content })),
    { path: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

/** Root file system of a busybox from the Debian package busybox-static: the program and a link for each of its commands. */
export function busyboxFiles(): TarEntry[] {
  const program = readFileSync('/bin/busybox');
  const commands = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  return [
    ...['bin', 'etc', 'root', 'dev', 'proc', 'sys', 'var'].map((path) => ({ path })),
    { path: 'tmp', mode: 0o1777 },
    { path: 'bin/busybox', content: program, mode: 0o755 },
    ...commands.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  ];
}

/** A busybox image under any names. */
export function busyboxImage(tags: string[], further: Partial<Omit<ImageRecipe, 'tags'>> = {}): ImageRecipe {
  return {
    tags,
    files: [...busyboxFiles(), ...(further.files ?? [])],
    ...(further.above && { above: further.above }),
    ...(further.createdBy !== undefined && { createdBy: further.createdBy }),
    config: { Cmd: ['sh'], Env: ['PATH=/bin'], ...further.config },
  };
}

function image({ tags, files, above = [], config, createdBy = 'made for a test' }: ImageRecipe) {
  const layers = [files, ...above].map((entries) => {
    const content = tar(entries);
    return { id: sha256(content), content };
  });
  const configuration = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ id }) => `sha256:${id}`) },
    history: layers.map(() => ({ created: '2024-01-01T00:00:00Z', created_by: createdBy, comment: tags[0] })),
  });
  return { tags, layers, config: { id: sha256(configuration), content: configuration } };
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
