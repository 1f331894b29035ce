import { type Command, NO_ARGS } from '../../command.ts';
import { scriptNames } from './names.ts';

export const command: Command = {
  usage: '',
  description: (name) => `Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

	${name} completion fish | source

To load completions for every new session, execute once:

	${name} completion fish > ~/.config/fish/completions/${name}.fish

You will need to start a new shell for this setup to take effect.`,
  flags: [{ long: 'no-descriptions', type: 'bool', help: 'disable completion descriptions' }],
  args: NO_ARGS,
  async run(context, { flags }) {
    context.out.write(script(context.programName, flags.bool('no-descriptions')));
    return 0;
  },
};

function script(programName: string, plain: boolean): string {
  const { own, others } = scriptNames(programName);
  return `# fish completion for ${own}

function __berth_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l out (command $words[1] ${plain ? '__completeNoDesc' : '__complete'} $words[2..-1] "$word" 2>/dev/null)
    test (count $out) -gt 0; or return
    set -l directive (string sub -s 2 -- $out[-1])
    set -e out[-1]
    # The value of --flag=value is completed alone; fish wants the whole word.
    set -l before (string match -r -- '^--[^=]*=' "$word")
    if test (math "bitand($directive, 16)") -ne 0
        __fish_complete_directories (string replace -- "$before" '' "$word")
    else if test (count $out) -eq 0
        test (math "bitand($directive, 4)") -eq 0; and __fish_complete_path (string replace -- "$before" '' "$word")
    else
        for line in $out
            if string match -q -- '--*' "$line"
                echo $line
            else
                echo "$before$line"
            end
        end
    end
end

complete -c ${own} -f -a '(__berth_complete)' -k
for name in ${others.join(' ')}
    # Only where the other name is the same program: another's completion stays as it is.
    set -l other (command -s $name); or continue
    set -l own (command -s ${own}); or continue
    test (realpath $other) = (realpath $own); and complete -c $name -f -a '(__berth_complete)' -k
end
`;
}
