/** Names in the kernel's spelling, sorted; ALL stands for the rest, and what is added is not dropped. */
export function readCapabilities(
  add: readonly string[],
  drop: readonly string[],
): { CapAdd: string[]; CapDrop: string[] } {
  const added = normalize(add);
  return { CapAdd: added, CapDrop: normalize(drop).filter((name) => !added.includes(name)) };
}

function normalize(names: readonly string[]): string[] {
  const all = names.map((given) => {
    const name = given.trim().toUpperCase();
    return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
  });
  return all.includes('ALL') ? ['ALL'] : [...new Set(all)].sort();
}
