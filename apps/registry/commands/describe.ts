/** What a collection did, in words: an object as `Collected`, from this process or another. */
export function describeCollected(done: Record<string, unknown>): string {
  const count = (name: string) => Number(done[name] ?? 0);
  const would = done['dryRun'] === true ? 'Would remove' : 'Removed';
  return `Looked at ${plural(count('manifests'), 'manifest')} in ${plural(count('repositories'), 'repository', 'repositories')}.
${would} ${plural(count('removed'), 'content')} and ${plural(count('uploads'), 'upload')}: ${count('bytes')} bytes.
${done['dryRun'] === true ? 'Would take' : 'Took'} ${plural(count('unlinked'), 'blob')} out of repositories whose manifests do not need ${count('unlinked') === 1 ? 'it' : 'them'}.
`;
}

/** What retention did, in words: an object as `Retained`. */
export function describeRetained(done: Record<string, unknown>): string {
  const entries = (name: string): Record<string, unknown>[] => (Array.isArray(done[name]) ? done[name] : []);
  const verb = done['dryRun'] === true ? 'would remove' : 'removed';
  const lines = [
    ...entries('tags').map(({ repository, tag }) => `${verb} ${repository}:${tag}`),
    ...entries('manifests').map(({ repository, digest }) => `${verb} ${repository}@${digest}`),
    `${verb} ${plural(entries('tags').length, 'tag')} and ${plural(entries('manifests').length, 'manifest')} in ${plural(Number(done['repositories'] ?? 0), 'repository', 'repositories')} with a rule`,
  ];
  return `${lines.join('\n')}\n`;
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
