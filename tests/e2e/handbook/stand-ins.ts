import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { busyboxImage, type ImageRecipe } from '../../support/images.ts';
import type { TarEntry } from '../../support/tar.ts';

/**
 * Images under the names that the handbook uses, made here from what Debian and npm packages hold: the hub is not
 * reached in tests. They do what the text expects of the originals and say in a label that they are not these.
 */
export function standIns(): ImageRecipe[] {
  return [
    busyboxImage(['busybox:latest', 'alpine:latest'], label()),
    busyboxImage(['hello-world:latest'], {
      files: [script('hello', HELLO)],
      config: { ...label().config, Cmd: ['/hello'] },
    }),
    busyboxImage(['fhsinchy/hello-dock:latest'], {
      files: [
        script('docker-entrypoint.sh', SERVE),
        { path: 'www' },
        { path: 'www/index.html', content: '<h1>hello-dock</h1>\n' },
      ],
      config: {
        ...label().config,
        Entrypoint: ['/docker-entrypoint.sh'],
        Cmd: ['nginx', '-g', 'daemon off;'],
        ExposedPorts: { '80/tcp': {} },
      },
    }),
    busyboxImage(['fhsinchy/rmbyext:latest'], {
      files: [script('bin/rmbyext', REMOVE_BY_EXTENSION), { path: 'zone' }],
      config: { ...label().config, Entrypoint: ['rmbyext'], WorkingDir: '/zone' },
    }),
    busyboxImage(['ubuntu:latest'], {
      files: [
        script('bin/bash', 'exec sh -i'),
        { path: 'etc/os-release', content: 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n' },
      ],
      config: { ...label().config, Cmd: ['bash'], Env: ['PATH=/bin', 'PS1=\\u@\\h:\\w# '] },
    }),
    nodeImage(),
  ];
}

const label = () => ({ config: { Labels: { 'org.berth.stand-in': 'made for tests' } } });
const script = (path: string, body: string): TarEntry => ({ path, content: `#!/bin/sh\n${body}\n`, mode: 0o755 });

const HELLO = `echo
echo 'Hello from Docker!'
echo 'This message shows that your installation appears to be working correctly.'
echo '(It is told by a stand-in for the hello-world image.)'`;

/** Serves until it is told to stop, then leaves with 0, as nginx does. */
const SERVE = `echo "$0: Configuration complete; ready for start up"
trap 'kill $server; exit 0' INT TERM QUIT
httpd -f -p 80 -h /www &
server=$!
wait $server`;

const REMOVE_BY_EXTENSION = `for extension in "$@"; do
  echo "Removing: $(echo "$extension" | tr a-z A-Z)"
  find . -type f -name "*.$extension" | while read -r file; do rm "$file" && basename "$file"; done
done`;

/** The real thing: the project's own Node and the libraries that it loads. */
function nodeImage(): ImageRecipe {
  const program = realpathSync(new URL('../../../node_modules/.bin/node', import.meta.url));
  const libraries = [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+)/g)].map(
    ([path]) => path,
  );
  return {
    tags: ['node:latest'],
    files: [
      ...['usr', 'usr/bin', 'lib', 'lib64', 'tmp', 'root', 'etc', 'dev', 'proc', 'sys'].map((path) => ({ path })),
      { path: 'usr/bin/node', content: readFileSync(program), mode: 0o755 },
      ...libraries.map((path) => ({
        path: path.startsWith('/lib64/') ? path.slice(1) : `lib/${path.split('/').at(-1)}`,
        content: readFileSync(path),
        mode: 0o755,
      })),
    ],
    config: {
      Cmd: ['node'],
      Env: ['PATH=/usr/bin', 'NO_COLOR=1', 'LD_LIBRARY_PATH=/lib', 'NODE_REPL_HISTORY='],
      Labels: { 'org.berth.stand-in': 'made for tests' },
    },
  };
}
