import { type Command, NO_ARGS } from '../../command.ts';
import { scriptNames } from './names.ts';

export const command: Command = {
  usage: '',
  description: (name) => `Generate the autocompletion script for the bash shell.

To load completions in your current shell session:

	source <(${name} completion bash)

To load completions for every new session, execute once:

	${name} completion bash > /etc/bash_completion.d/${name}

You will need to start a new shell for this setup to take effect.`,
  flags: [{ long: 'no-descriptions', type: 'bool', help: 'disable completion descriptions' }],
  args: NO_ARGS,
  async run(context) {
    context.out.write(script(context.programName));
    return 0;
  },
};

function script(programName: string): string {
  const { own, others } = scriptNames(programName);
  return `# bash completion for ${own}; needs no other package.

__berth_complete() {
    local line=\${COMP_LINE:0:COMP_POINT} part rest directive value cur
    local -a words=() out=()
    # COMP_WORDS is cut at ':' and '=' as well: words that touch each other in the line belong together.
    rest=$line
    for part in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        [[ -n $part ]] || continue
        if ((\${#words[@]})) && [[ $rest != [[:space:]]* ]]; then
            words[\${#words[@]}-1]+=$part
        else
            rest=\${rest#"\${rest%%[![:space:]]*}"}
            words+=("$part")
        fi
        rest=\${rest#"$part"}
    done
    # The word under the cursor ends there.
    if [[ $line == *[[:space:]] ]]; then words+=(""); fi
    cur=\${words[\${#words[@]}-1]}
    if [[ $line != *"$cur" ]]; then cur=\${line##*[[:space:]]}; words[\${#words[@]}-1]=$cur; fi

    mapfile -t out < <("\${words[0]}" __completeNoDesc "\${words[@]:1}" 2>/dev/null)
    ((\${#out[@]})) || return
    directive=\${out[\${#out[@]}-1]#:}
    unset "out[\${#out[@]}-1]"

    [[ $cur == --*=* ]] && cur=\${cur#*=}
    COMPREPLY=()
    if (((directive & 16) != 0)); then
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        compopt -o filenames 2>/dev/null
    elif ((\${#out[@]} == 0)); then
        if (((directive & 4) == 0)); then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames 2>/dev/null
        fi
    else
        # Readline completes what follows the last ':' or '=' alone.
        part=""
        if [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]]; then part=\${cur%"\${cur##*:}"}; fi
        if [[ $COMP_WORDBREAKS == *=* && \${cur#"$part"} == *=* ]]; then part=\${cur%"\${cur##*=}"}; fi
        for value in "\${out[@]}"; do COMPREPLY+=("\${value#"$part"}"); done
    fi
    if (((directive & 2) != 0)); then compopt -o nospace 2>/dev/null; fi
}

complete -F __berth_complete ${own}
for __berth_name in ${others.join(' ')}; do
    # Only where the other name is the same program: another's completion stays as it is.
    if [[ $(type -P $__berth_name) -ef $(type -P ${own}) ]]; then complete -F __berth_complete $__berth_name; fi
done
unset __berth_name
`;
}
