# Completion: the scripts parse, candidates come from the table and the node, a name is only text.
. "$(dirname "$0")/lib_talk.sh"
citizen ana Ana
citizen bao Bao
meet ana bao
as ana contact rename Bao 'Bao Nguyen' >/dev/null

for shell in bash zsh fish; do
  as ana completion "$shell" >"$here/$shell"
  if command -v "$shell" >/dev/null; then check "$shell can parse it" "$shell" -n "$here/$shell"; fi
done
says "another shell is refused" 2 'bash, zsh, fish' ana completion tcsh
offers() { # WHAT WORD ARGUMENT...
  local what=$1 word=$2
  shift 2
  check "$what" grep -qx -- "$word" <(as ana complete -- "$@" | cut -f 1)
}
offers "commands" status ''
offers "a command begun" contact cont
offers "verbs" rename contact ''
offers "options" --wait send --w
offers "options of every command" --json status --
offers "choices" delivered send Bao --wait ''
offers "contacts, with spaces" 'Bao Nguyen' send ''
offers "contacts begun with a backslash, as bash has them" 'Bao Nguyen' send 'Bao\ N'
offers "settings" listen.address config get li
offers "topics" privacy help pr
offers "files, by the shell" :file send -f ''
offers "backups" verify backup ''
offers "and where they are" :file backup verify ''
offers "also of words" :file init --restore f --words-file ''
off ana
same "without a node: nothing, and no complaint" '' "$(as ana complete -- send '' 2>&1)"
on ana

# In a real bash: what Tab would insert. The name is quoted and runs nothing.
as ana contact rename 'Bao Nguyen' '$(touch pwned); x' >/dev/null
in_bash() {
  in_home ana env PATH="$(dirname "$VALISE"):$PATH" bash --norc -c '
    . "$1"; shift
    COMP_WORDS=(valise "$@"); COMP_CWORD=$#
    _valise; printf "%s\n" "${COMPREPLY[@]}"' - "$here/bash" "$@"
}
same "bash completes a verb" 'rename' "$(in_bash contact ren)"
same "a hostile name is quoted" '\$\(touch\ pwned\)\;\ x' "$(in_bash send '')"
check "and nothing ran" test -z "$(find "$here" . -maxdepth 2 -name pwned)"
