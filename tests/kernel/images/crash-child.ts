import { load, openImageStore, smallArchive } from './image-store.ts';

/** Loads and removes images below the given root until it is killed. */
const store = await openImageStore(process.argv[2]);
for (let n = 0; ; n++) {
  const name = `image:${n % 7}`;
  await load(store.images, smallArchive([name], `content ${n}`.repeat(200)));
  if (n % 3 === 0) await store.images.remove(name, { force: true, noPrune: false });
  if (n % 5 === 0) await store.images.prune({});
  process.stdout.write(`${n}\n`);
}
