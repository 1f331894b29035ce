import { describe, expect, it } from 'vitest';
import { offence } from './boundaries.ts';
import { type Import, importsOf } from './imports.ts';
import { productSources, ROOT } from './tree.ts';

describe('import boundaries', () => {
  it('hold in the whole tree', () => {
    const files = productSources();
    const imports = new Map(files.map((file) => [file, importsOf(ROOT, file)]));
    const offences = files.flatMap((file) =>
      imports.get(file)!.flatMap((one) => {
        const why = offence(file, one);
        return why === undefined ? [] : [`${chainTo(file, imports)} → ${one.target}\n    ${why}`];
      }),
    );
    expect(offences, offences.join('\n')).toEqual([]);
  });

  const ours = (target: string): Import => ({ target, ours: true, atStart: true, typeOnly: false });
  const foreign = (target: string, atStart = true): Import => ({ target, ours: false, atStart, typeOnly: false });
  it.each([
    ['apps/engine/images/pull.ts', ours('apps/engine/containers/index.ts'), /images may not import containers/],
    ['apps/engine/images/pull.ts', ours('apps/engine/networks/index.ts'), /images may not import networks/],
    ['apps/engine/containers/start.ts', ours('apps/engine/networks/drivers/bridge.ts'), /through its index/],
    ['apps/engine/containers/start.ts', ours('apps/engine/main.ts'), /joined in main/],
    ['apps/engine/containers/start.ts', ours('apps/engine/containers/routes.ts'), /containers may not import api/],
    ['apps/engine/images/routes.ts', ours('apps/engine/containers/store.ts'), /through its index/],
    ['apps/engine/plans/start.ts', ours('apps/engine/linux/mount.ts'), /no place in the import order/],
    ['apps/cli/main.ts', ours('apps/engine/main.ts'), /apps\/cli may not import apps\/engine/],
    ['packages/kit/a.ts', ours('packages/contract/index.ts'), /packages\/kit may not import/],
    ['packages/oci/unpack.ts', foreign('koffi'), /koffi stays there/],
    ['packages/client/connection.ts', foreign('node:http'), /slow down every start/],
  ])('refuse %s → %o', (file, one, why) => {
    expect(offence(file, one)).toMatch(why);
  });

  it.each([
    ['apps/engine/containers/start.ts', ours('apps/engine/networks/index.ts')],
    ['apps/engine/containers/start.ts', ours('apps/engine/linux/mount.ts')],
    ['apps/engine/containers/start.ts', ours('apps/engine/config.ts')],
    ['apps/engine/images/routes.ts', ours('apps/engine/api/index.ts')],
    ['apps/engine/images/routes.ts', ours('apps/engine/images/transfers.ts')],
    ['apps/engine/images/routes.ts', ours('apps/engine/api/http.ts')],
    ['apps/engine/api/routes.ts', ours('apps/engine/images/routes.ts')],
    ['apps/engine/events/store.ts', ours('apps/engine/state/database.ts')],
    ['apps/engine/main.ts', ours('apps/engine/containers/store.ts')],
    ['apps/engine/linux/mount.ts', foreign('koffi')],
    ['packages/client/connection.ts', foreign('node:http', false)],
    ['tests/api/x.test.ts', ours('apps/engine/main.ts')],
  ])('allow %s → %o', (file, one) => {
    expect(offence(file, one)).toBeUndefined();
  });
});

/** How the program comes to this file: the shortest way from an entry file, or the file alone. */
function chainTo(file: string, imports: Map<string, Import[]>): string {
  const entries = [...imports.keys()].filter((path) => /^apps\/[^/]+\/main\.ts$/.test(path));
  const ways = entries.map((entry) => [entry]);
  const seen = new Set(entries);
  for (const way of ways) {
    if (way.at(-1) === file) return way.join(' → ');
    for (const { target } of imports.get(way.at(-1)!) ?? []) {
      if (seen.has(target) || !imports.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return file;
}
