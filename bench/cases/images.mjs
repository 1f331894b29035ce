// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { discard, named, timed } from '../engine.mjs';

/** @typedef {import('../measure.mjs').Case} Case */

/** Building, moving and storing images. @type {Record<string, Case>} */
export const imageCases = {
  'build-cached-20': {
    unit: 'ms',
    isBuild: true,
    rounds: 8,
    prepare: ({ engine, own, folder }) => {
      own.context = context(folder, 'cached', {
        Dockerfile: `FROM busybox\n${lines(19, (n) => `RUN echo ${n} > /f${n}`)}`,
      });
      timed(engine, ['build', '-q', '-t', named(engine, 'c20'), own.context]);
    },
    once: ({ engine, own }) => timed(engine, ['build', '-q', '-t', named(engine, 'c20'), own.context]).milliseconds,
    finish: ({ engine }) => discard(engine, 'rmi', [named(engine, 'c20')]),
  },
  'build-run-10': freshBuild('c10', 4, () => ({
    Dockerfile: `FROM busybox\nARG SALT\n${lines(10, (n) => `RUN echo $SALT ${n} > /f${n}`)}`,
  })),
  'build-copy-5000': freshBuild('c5k', 4, () => ({
    Dockerfile: 'FROM busybox\nARG SALT\nRUN echo $SALT > /salt\nCOPY files /files\n',
    ...smallFiles(5000, 2048),
  })),
  'build-stages': freshBuild('cst', 2, () => ({
    Dockerfile: `${['a', 'b'].map((stage) => `FROM busybox AS ${stage}\nARG SALT\nRUN echo $SALT; sleep 2; echo ${stage} > /${stage}\n`).join('')}FROM busybox\nCOPY --from=a /a /a\nCOPY --from=b /b /b\n`,
  })),
  'save-load-200MB': {
    unit: 'ms',
    rounds: 2,
    prepare: ({ engine, folder }) =>
      timed(engine, [
        'build',
        '-q',
        '-t',
        named(engine, 'big'),
        context(folder, 'big', { Dockerfile: 'FROM busybox\nCOPY blob /blob\n', blob: randomBytes(200_000_000) }),
      ]),
    once: ({ engine, folder }) => {
      const file = join(folder, `${engine.name}.tar`);
      const saved = timed(engine, ['save', '-o', file, named(engine, 'big')]).milliseconds;
      timed(engine, ['rmi', '-f', named(engine, 'big')]);
      return saved + timed(engine, ['load', '-q', '-i', file]).milliseconds;
    },
    finish: ({ engine }) => discard(engine, 'rmi', [named(engine, 'big')]),
  },
  push: {
    unit: 'ms',
    rounds: 2,
    needsRegistry: true,
    prepare: (turn) => {
      const { engine, folder } = turn;
      const files = {
        ...smallFiles(4000, 4096),
        a: randomBytes(60_000_000),
        b: Buffer.alloc(120_000_000, `${engine.name} `),
      };
      timed(engine, [
        'build',
        '-q',
        '-t',
        inRegistry(turn),
        context(folder, `push-${engine.name}`, {
          Dockerfile: 'FROM busybox\nCOPY files /files\nCOPY a /a\nCOPY b /b\n',
          ...files,
        }),
      ]);
    },
    once: (turn) => timed(turn.engine, ['push', '-q', inRegistry(turn)]).milliseconds,
  },
  pull: {
    unit: 'ms',
    rounds: 4,
    needsRegistry: true,
    prepare: (turn) => {
      timed(turn.engine, ['push', '-q', inRegistry(turn)]);
      // What a build cache keeps of its layers would not be pulled.
      timed(turn.engine, ['builder', 'prune', '--all', '--force']);
    },
    once: (turn) => {
      timed(turn.engine, ['rmi', '-f', inRegistry(turn)]);
      return timed(turn.engine, ['pull', '-q', inRegistry(turn)]).milliseconds;
    },
    finish: (turn) => discard(turn.engine, 'rmi', [inRegistry(turn)]),
  },
};

/**
 * A build of which no step was seen before.
 *
 * @param {string} tag
 * @param {number} rounds
 * @param {() => Record<string, string | Buffer>} files
 * @returns {Case}
 */
function freshBuild(tag, rounds, files) {
  return {
    unit: 'ms',
    isBuild: true,
    rounds,
    prepare: ({ own, folder }) => {
      own.context = context(folder, tag, files());
    },
    once: ({ engine, own, round }) => {
      const { milliseconds } = timed(engine, [
        'build',
        '-q',
        '--build-arg',
        `SALT=${Date.now()}-${round}`,
        '-t',
        named(engine, tag),
        own.context,
      ]);
      discard(engine, 'rmi', [named(engine, tag)]);
      return milliseconds;
    },
  };
}

/** @param {import('../measure.mjs').Turn} turn */
function inRegistry({ registry, engine }) {
  return `${registry}/bench-${engine.name}:1`;
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {Record<string, string | Buffer>} files path → content
 * @returns {string}
 */
function context(folder, name, files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), content);
  }
  return join(folder, name);
}

/**
 * @param {number} count
 * @param {number} size in bytes
 */
function smallFiles(count, size) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`files/d${index % 50}/f${index}.txt`, randomBytes(size)]),
  );
}

/**
 * @param {number} count
 * @param {(n: number) => string} line
 */
function lines(count, line) {
  return Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('');
}
