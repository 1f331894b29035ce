import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseReference } from '@berth/oci';
import { HOST_PLATFORM, makeImage, makeIndex, writeLayout } from '../../support/registry-images.ts';
import { tar } from '../../support/tar.ts';
import { bytesOf, load, openImageStore, piecesOf, smallArchive } from './image-store.ts';

/** Does all that changes images below the given root, again and again, until it is killed. */
const store = await openImageStore(process.argv[2]);
const { images } = store;
const scratch = `${process.argv[2]}-scratch`; // removed by who kills us
const content = (n: number) => `content ${n}`.repeat(200);

/** Two platforms, compressed, with a layer that both have. */
function layout(n: number): Buffer {
  const common = [{ path: 'file', content: content(n) }];
  const of = (architecture: string) =>
    makeImage({ layers: [common, [{ path: 'more', content: architecture }]], platform: { os: 'linux', architecture } });
  const folder = join(scratch, 'layout');
  rmSync(folder, { recursive: true, force: true });
  writeLayout(folder, `layout:${n % 3}`, makeIndex([of(HOST_PLATFORM.architecture), of('s390x')]));
  return execFileSync('tar', ['-C', folder, '-c', '.']);
}

for (let n = 0; ; n++) {
  const name = `image:${n % 7}`;
  await load(images, smallArchive([name], content(n)));
  if (n % 2 === 0) await load(images, layout(n));
  await images.import(piecesOf(tar([{ path: 'file', content: content(n + 1_000_000) }])), {
    ...{ reference: parseReference(`imported:${n % 4}`), message: '', changes: ['CMD ["x"]'], platform: undefined },
    source: '-',
  });
  images.tag(name, parseReference(`tagged:${n % 3}`));
  if (n % 3 === 0) await images.remove(name, { force: true, noPrune: false });
  if (n % 4 === 1) await load(images, await bytesOf(await images.save(['tagged'])));
  if (n % 5 === 0) await images.prune({});
  if (n % 6 === 5) await images.prune({ dangling: ['false'] });
  process.stdout.write(`${n}\n`);
}
