import { busyboxImage, type ImageRecipe } from '../../support/images.ts';
import type { TarEntry } from '../../support/tar.ts';

/**
 * Images under the names that the tutorials use, made here of busybox: the hub is not reached in tests. They do what the
 * texts expect of the originals and say in a label that they are not these.
 */
export function tutorialImages(): ImageRecipe[] {
  return [
    busyboxImage(['hello-world:latest'], { files: [script('hello', HELLO)], config: configured({ Cmd: ['/hello'] }) }),
    server(['redis:latest', 'redis:4.0'], 6379, '* Ready to accept connections'),
    server(['httpd:latest'], 80, 'resuming normal operations'),
    server(['nginx:latest'], 80, 'start worker processes'),
    server(['mongo:latest'], 27017, 'Waiting for connections'),
    busyboxImage(['centos:latest'], {
      files: [script('bin/bash', 'exec sh "$@"'), { path: 'etc/shadow', content: 'root:*:19000:0:99999:7:::\n' }],
      config: configured({ Cmd: ['/bin/bash'], Env: ['PATH=/bin', 'PS1=[\\u@\\h \\w]\\$ '] }),
    }),
    busyboxImage(['ubuntu:latest'], { config: configured({ Cmd: ['/bin/sh'] }) }),
    busyboxImage(['hello_world:latest'], {
      files: [
        // What the tutorial's Dockerfile makes: a python that can do as much as its program asks for.
        script('bin/python', 'sed -n \'s/^print("\\(.*\\)")$/\\1/p\' "$1"'),
        { path: 'app' },
        { path: 'app/hello_world.py', content: 'print("hello world")\n' },
      ],
      config: configured({ Cmd: ['/bin/sh', '-c', 'python /app/hello_world.py'] }),
    }),
  ];
}

/** Listens on a port, answers with a page, says that it does, and ends with 0 when it is asked to. */
function server(tags: string[], port: number, says: string): ImageRecipe {
  const body = `echo "${says}"
trap 'kill $server; exit 0' INT TERM QUIT
httpd -f -p ${port} -h /www &
server=$!
wait $server`;
  return busyboxImage(tags, {
    files: [script('entrypoint.sh', body), { path: 'www' }, { path: 'www/index.html', content: `${tags[0]}\n` }],
    config: configured({ Entrypoint: ['/entrypoint.sh'], ExposedPorts: { [`${port}/tcp`]: {} } }),
  });
}

const script = (path: string, body: string): TarEntry => ({ path, content: `#!/bin/sh\n${body}\n`, mode: 0o755 });
const configured = <T extends object>(config: T) => ({ ...config, Labels: { 'org.berth.stand-in': 'made for tests' } });

const HELLO = `echo
echo 'Hello from Docker!'
echo 'This message shows that your installation appears to be working correctly.'
echo '(It is told by a stand-in for the hello-world image.)'`;
