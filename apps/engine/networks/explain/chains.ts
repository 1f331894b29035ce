import type { Nftables } from '../../linux/nftables.ts';

/**
 * Finds chains of other tables that drop forwarded traffic by policy and do not let a bridge's pass; gives a sentence for
 * each. They decide beside ours: a packet must be accepted by all.
 */
export function closedChains(nft: Nftables, ownTable: string): (bridge: string) => string[] {
  const chains = nft
    .list('list chains')
    .flatMap((entry) => (isChain(entry['chain']) ? [entry['chain']] : []))
    .filter(({ hook, policy, table }) => hook === 'forward' && policy === 'drop' && table !== ownTable)
    .filter(({ family }) => family === 'ip' || family === 'inet');
  const texts = chains.map(({ family, table, name }) => ({
    place: `${family} ${table} ${name}`,
    rules: tableText(nft, family, table),
  }));
  return (bridge) =>
    texts
      .filter(({ rules }) => !rules.includes(`"${bridge}"`))
      .map(({ place }) => `chain ${place} drops forwarded traffic and has no accept rule for ${bridge}`);
}

/** All of it, because rules for a bridge may stand in a chain that the dropping one jumps to. */
function tableText(nft: Nftables, family: string, table: string): string {
  try {
    return nft.run(`list table ${family} ${table}\n`);
  } catch {
    return ''; // gone meanwhile
  }
}

interface Chain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

function isChain(value: unknown): value is Chain {
  return typeof value === 'object' && value !== null && 'name' in value && 'table' in value && 'family' in value;
}
