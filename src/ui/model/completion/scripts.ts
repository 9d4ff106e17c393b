// The scripts that a shell loads: `source <(fleet completion bash)`. They pass the words to `fleet complete`. Its first line
// says whether paths are wanted ("files" or "names"). Each further line is a candidate, with its description behind the
// first space. What must stay true: a script says nothing by itself, and an answer that fails gives nothing. No answer
// is ever run. bash inserts a candidate as it is, so its script quotes; zsh (compadd without -Q) and fish quote
// themselves.

const BASH = `# bash completion of fleet
_fleet() {
  local answer line first=1
  COMPREPLY=()
  answer=$(command fleet complete bash "\${COMP_LINE:0:COMP_POINT}" -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return 0
  while IFS= read -r line; do
    if [[ $first == 1 ]]; then
      first=0
      if [[ $line == files ]]; then compopt -o default 2>/dev/null; fi
      continue
    fi
    line=\${line%% *}
    # bash inserts a candidate as it is, and Enter would run what is in it.
    if [[ $line == *[!a-zA-Z0-9._=,:/@-]* ]]; then printf -v line %q "$line"; fi
    COMPREPLY+=("$line")
    if [[ $line == *, || $line == *= ]]; then compopt -o nospace 2>/dev/null; fi
  done <<<"$answer"
}
complete -F _fleet fleet
`;

const ZSH = `#compdef fleet
# zsh completion of fleet
_fleet() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(command fleet complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] && candidates+=("\${\${line%% *}//:/\\\\:}:\${line#* }")
  done
  if [[ $lines[1] == files ]]; then _files; fi
  if (( \${#candidates} > 0 )); then _describe fleet candidates; fi
}
if (( \${+functions[compdef]} )); then compdef _fleet fleet; fi
`;

const FISH = `# fish completion of fleet
function __fleet_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (command fleet complete fish -- $words[2..-1] 2>/dev/null)
    if test "$answer[1]" = files
        __fish_complete_path (commandline -ct)
    end
    if test (count $answer) -gt 1
        string replace ' ' \\t -- $answer[2..-1]
    end
end
complete -c fleet -f -a '(__fleet_complete)'
`;

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
