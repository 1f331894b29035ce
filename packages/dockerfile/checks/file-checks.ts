import type { Dockerfile, FromInstruction, Instruction } from '../model.ts';
import { type Finding, finding } from './finding.ts';

const RESERVED = new Set(['context', 'scratch']);
const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const PUBLIC = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** What the text alone tells. */
export function checkFile({ instructions }: Dockerfile): Finding[] {
  const names = new Set<string>();
  return [
    ...casing(instructions),
    ...instructions.flatMap((instruction) => [
      ...blankLines(instruction),
      ...description(instruction),
      ...(instruction.kind === 'from' ? stageName(instruction, names) : ofInstruction(instruction)),
    ]),
  ];
}

function casing(instructions: readonly Instruction[]): Finding[] {
  // what stands before the first FROM does not count, as in Docker
  const counted = instructions.slice(instructions.findIndex(({ kind }) => kind === 'from'));
  const lower = counted.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = counted.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const right = lower > upper ? 'lowercase' : 'uppercase';
  const inCase = (keyword: string) => (lower > upper ? keyword.toLowerCase() : keyword.toUpperCase());
  return counted
    .filter(({ keyword }) => keyword !== inCase(keyword))
    .map((instruction) =>
      finding(
        'ConsistentInstructionCasing',
        instruction,
        `Command '${instruction.keyword}' should match the case of the command majority (${right})`,
      ),
    );
}

function blankLines(instruction: Instruction): Finding[] {
  return instruction.blankLines.slice(0, 1).map((line) => {
    const place = { line, column: 1 };
    return finding('NoEmptyContinuation', instruction, 'Empty continuation line', { start: place, end: place });
  });
}

function stageName(from: FromInstruction, seen: Set<string>): Finding[] {
  const { name, nameAsWritten, as, keyword } = from;
  if (name === undefined || as === undefined) return [];
  const found: Finding[] = [];
  if (nameAsWritten !== name) {
    found.push(finding('StageNameCasing', from, `Stage name '${nameAsWritten}' should be lowercase`));
  }
  if ((as === as.toLowerCase()) !== (keyword === keyword.toLowerCase())) {
    found.push(finding('FromAsCasing', from, `'${as}' and '${keyword}' keywords' casing do not match`));
  }
  if (RESERVED.has(name)) {
    const shown = JSON.stringify(name);
    found.push(
      finding('ReservedStageName', from, `Stage name should not use the same name as reserved stage ${shown}`),
    );
  }
  if (seen.has(name)) {
    const shown = JSON.stringify(name);
    found.push(finding('DuplicateStageName', from, `Duplicate stage name ${shown}, stage names should be unique`));
  }
  seen.add(name);
  return found;
}

function ofInstruction(instruction: Instruction): Finding[] {
  switch (instruction.kind) {
    case 'maintainer':
      return [
        finding('MaintainerDeprecated', instruction, 'Maintainer instruction is deprecated in favor of using label'),
      ];
    case 'env':
      return [
        ...legacy(instruction),
        ...instruction.pairs.flatMap(({ name, span }) => secret(instruction, 'ENV', name, span)),
      ];
    case 'label':
      return legacy(instruction);
    case 'arg':
      return instruction.args.flatMap(({ name, span }) => secret(instruction, 'ARG', name, span));
    default:
      return [];
  }
}

function legacy(instruction: Instruction & { kind: 'env' | 'label' }): Finding[] {
  if (!instruction.pairs.some((pair) => pair.legacy)) return [];
  const name = instruction.keyword;
  const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
  return [finding('LegacyKeyValueFormat', instruction, message)];
}

function secret(instruction: Instruction, kind: string, name: string, span: Instruction['span']): Finding[] {
  if (!SECRET.test(name) || PUBLIC.test(name)) return [];
  const message = `Do not use ARG or ENV instructions for sensitive data (${kind} ${JSON.stringify(name)})`;
  return [finding('SecretsUsedInArgOrEnv', instruction, message, span)];
}

function description(instruction: Instruction): Finding[] {
  const last = instruction.comments.at(-1);
  if (last === undefined || /^check\s*=/i.test(last)) return [];
  const names =
    instruction.kind === 'arg'
      ? instruction.args.map(({ name }) => name)
      : instruction.kind === 'from' && instruction.name !== undefined
        ? [instruction.name]
        : [];
  const [word, ...rest] = last.split(' ');
  if (names.length === 0 || (rest.length > 0 && names.includes(word ?? ''))) return [];
  const example = names.length > 1 ? '<arg_key>' : names[0];
  const message = `Comment for ${instruction.keyword.toUpperCase()} should follow the format: \`# ${example} <description>\``;
  return [finding('InvalidDefinitionDescription', instruction, message)];
}
