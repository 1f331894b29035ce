import type { Command } from '../../command.ts';

/** `__complete WORD…`: cobra's protocol, so that scripts made for Docker's client work with ours as well. */
export const command: Command = suggesting(true);
export const plainCommand: Command = suggesting(false);

function suggesting(described: boolean): Command {
  return {
    usage: '[command-line]',
    flags: [],
    args: { min: 0, max: Number.POSITIVE_INFINITY },
    passThrough: true,
    async run({ programName, env, out, err, in: input }, { args }) {
      const { complete } = await import('../../completion/complete.ts');
      const { values, directive } = await complete({ programName, env, out, err, in: input }, args);
      const lines = values.map(({ value, description }) =>
        described && description ? `${value}\t${description}\n` : `${value}\n`,
      );
      out.write(`${lines.join('')}:${directive}\n`);
      return 0;
    },
  };
}
