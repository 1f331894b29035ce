/** Does each, no more than `limit` at a time; undefined is no limit. Rejects with the first error. */
export async function sideBySide<T>(
  items: Iterable<T>,
  limit: number | undefined,
  each: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit ?? waiting.length, waiting.length) }, work));
}
