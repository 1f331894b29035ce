/** The context that a name means: Docker reads both as image names, so `alpine` is `docker.io/library/alpine:latest`. */
export function findContext(contexts: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  if (wanted === 'scratch' || wanted === 'context') return undefined;
  return contexts.find((context) => familiar(context) === familiar(name));
}

function familiar(name: string): string {
  return name
    .replace(/^docker\.io\//, '')
    .replace(/^library\//, '')
    .replace(/:latest$/, '');
}
