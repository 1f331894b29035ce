import { busyboxImage, dockerArchive } from './images.ts';

const script = (path: string, text: string) => ({ path, content: `#!/bin/sh\n${text}\n`, mode: 0o755 });
const app = (tag: string, start: string, port: number) =>
  busyboxImage([tag], {
    files: [
      script('bin/docker-entrypoint.sh', 'exec "$@"'),
      script(
        'bin/npm',
        'echo "> notes-api@ $2 $PWD"; echo "> knex migrate:latest"; echo "Using environment: development"; echo "Batch 1 run: 1 migrations"',
      ),
      ...['home', 'home/node', 'home/node/app', 'home/node/app/node_modules'].map((path) => ({ path })),
    ],
    config: {
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['sh', '-c', start],
      WorkingDir: '/home/node/app',
      ExposedPorts: { [`${port}/tcp`]: {} },
    },
  });

/** An archive of images for the tutorials' names; busybox plays the programs. They say what the tutorials print. */
export function tutorialImages(): Buffer {
  const wait = 'trap exit TERM INT; while true; do sleep 1; done';
  return dockerArchive([
    busyboxImage(['busybox:latest']),
    busyboxImage(['hello_world:latest'], { config: { Cmd: ['sh', '-c', 'echo hello world'] } }),
    busyboxImage(['redis:alpine'], {
      files: [
        script('bin/docker-entrypoint.sh', 'exec "$@"'),
        script('bin/redis-server', `echo "Ready to accept connections"; ${wait}`),
      ],
      config: { Entrypoint: ['docker-entrypoint.sh'], Cmd: ['redis-server'], ExposedPorts: { '6379/tcp': {} } },
    }),
    busyboxImage(['postgres:12'], {
      files: [
        script('bin/docker-entrypoint.sh', 'exec "$@"'),
        script(
          'bin/postgres',
          `echo "database $POSTGRES_DB is ready"; echo "$POSTGRES_DB" > /var/lib/postgresql/data/db; ${wait}`,
        ),
        ...['var/lib', 'var/lib/postgresql', 'var/lib/postgresql/data'].map((path) => ({ path })),
      ],
      config: {
        Entrypoint: ['docker-entrypoint.sh'],
        Cmd: ['postgres'],
        ExposedPorts: { '5432/tcp': {} },
        Volumes: { '/var/lib/postgresql/data': {} },
      },
    }),
    app('notes-api:base', 'echo "app running -> http://127.0.0.1:3000"; exec httpd -f -p 3000 -h /home/node/app', 3000),
    app('notes-client:base', 'echo "App running"; exec httpd -f -p 8080 -h /home/node/app', 8080),
    app('notes-router:base', `echo router; exec httpd -f -p 80 -h /`, 80),
  ]);
}
