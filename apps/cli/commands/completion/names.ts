/** Names that a script is for: the one it was made under, and the others where they lead to the same program. */
export function scriptNames(programName: string): { own: string; others: string[] } {
  const all = ['berth', 'docker', 'docker-compose'];
  return { own: programName, others: all.filter((name) => name !== programName) };
}
