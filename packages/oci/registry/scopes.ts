/** Token scope to read a repository. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/** Token scope to write a repository. */
export function pushScope(repository: string): string {
  return `repository:${repository}:pull,push`;
}
