import { type Command, NO_ARGS } from '../../command.ts';
import { scriptNames } from './names.ts';

export const command: Command = {
  usage: '',
  description: (name) => `Generate the autocompletion script for the zsh shell.

If shell completion is not already enabled in your environment you will need
to enable it.  You can execute the following once:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

To load completions in your current shell session:

	source <(${name} completion zsh)

To load completions for every new session, execute once:

	${name} completion zsh > "\${fpath[1]}/_${name}"

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
  return `#compdef ${own}
# zsh completion for ${own}

_berth_complete() {
    local -a out values
    local line directive word=\${(Q)PREFIX}
    out=("\${(@f)$(\${(Q)words[1]} ${plain ? '__completeNoDesc' : '__complete'} "\${(@Q)words[2,CURRENT-1]}" "$word" 2>/dev/null)}")
    directive=\${out[-1]#:}
    [[ $directive == <-> ]] || return 1
    out[-1]=()
    out=(\${out:#})
    # The value of --flag=value is completed alone.
    if [[ $PREFIX == --*=* ]]; then compset -P '--*='; fi
    if (( directive & 16 )); then
        _files -/
    elif (( $#out == 0 )); then
        if (( (directive & 4) == 0 )); then _files; else return 1; fi
    else
        for line in $out; do
            # _describe parts value and description at the first colon that stands alone.
            if [[ $line == *$'\\t'* ]]; then
                values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
            else
                values+=("\${line//:/\\\\:}")
            fi
        done
        if (( directive & 2 )); then _describe -V completions values -S ''; else _describe -V completions values; fi
    fi
}

compdef _berth_complete ${own}
for __berth_name in ${others.join(' ')}; do
    # Only where the other name is the same program: another's completion stays as it is.
    if [[ -n $commands[$__berth_name] && $commands[$__berth_name] -ef $commands[${own}] ]]; then
        compdef _berth_complete $__berth_name
    fi
done
unset __berth_name

# Loaded by name from fpath, this file is the completion itself.
if [[ $funcstack[1] == _${own} ]]; then _berth_complete "$@"; fi
`;
}
