/** What ADD downloads. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/** What ADD clones: `git://`, `ssh://`, `user@host:path`, and http(s) addresses whose path ends in `.git`. */
export function isGitSource(text: string): boolean {
  if (/^(?:git|ssh):\/\//.test(text)) return true;
  if (isUrl(text)) return /^https?:\/\/[^#?]*\.git(?:[?#].*)?$/.test(text);
  return /^[a-zA-Z0-9_][\w.-]*@[a-zA-Z0-9.-]+:(?!\/\/).+/.test(text);
}
