#include "client/cmd.h"
#include "client/suggest.h"

/* Each script asks `valise complete`, so that none of them knows a command by itself. Candidates
 * never pass through an eval: a contact's name is only text. */

static const char bash_script[] =
    "# bash completion for valise: eval \"$(valise completion bash)\"\n"
    "_valise() {\n"
    "  local word what cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
    "  COMPREPLY=()\n"
    "  while IFS=$'\\t' read -r word what; do\n"
    "    case \"$word\" in\n"
    "      :file) compopt -o default; return ;;\n"
    "      :command) mapfile -t COMPREPLY < <(compgen -c -- \"$cur\"); return ;;\n"
    "      ?*) COMPREPLY+=(\"$(printf '%q' \"$word\")\") ;;\n"
    "    esac\n"
    "  done < <(valise complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _valise valise\n";

static const char zsh_script[] =
    "#compdef valise\n"
    "# zsh completion for valise: eval \"$(valise completion zsh)\"\n"
    "_valise() {\n"
    "  local line word\n"
    "  local -a lines values\n"
    "  lines=(\"${(@f)$(valise complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "  for line in \"${lines[@]}\"; do\n"
    "    case \"$line\" in\n"
    "      :file*) _files; return ;;\n"
    "      :command*) _command_names -e; return ;;\n"
    "      ?*) word=\"${line%%$'\\t'*}\"\n"
    "          values+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "    esac\n"
    "  done\n"
    "  _describe valise values\n"
    "}\n"
    "if [[ \"${funcstack[1]}\" == _valise ]]; then\n"
    "  _valise \"$@\"\n"
    "else\n"
    "  compdef _valise valise\n"
    "fi\n";

static const char fish_script[] = "# fish completion for valise: valise completion fish | source\n"
                                  "function __valise_complete\n"
                                  "  set -l words (commandline -opc) (commandline -ct)\n"
                                  "  for line in (valise complete -- $words[2..-1] 2>/dev/null)\n"
                                  "    switch $line\n"
                                  "      case ':file*'\n"
                                  "        __fish_complete_path (commandline -ct)\n"
                                  "      case ':command*'\n"
                                  "        __fish_complete_command\n"
                                  "      case '*'\n"
                                  "        printf '%s\\n' $line\n"
                                  "    end\n"
                                  "  end\n"
                                  "end\n"
                                  "complete -c valise -f -a '(__valise_complete)'\n";

static const struct {
  const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

static vls_err run(vls_cli *cli, const vls_args *args) {
  vls_suggest near = vls_suggest_for(args->word[0]);
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
    vls_suggest_try(&near, scripts[i].shell);
    if (strcmp(args->word[0], scripts[i].shell) != 0) continue;
    vls_out_raw(&cli->out, scripts[i].script, strlen(scripts[i].script));
    return VLS_OK;
  }
  return vls_fail(cli, VLS_USAGE, "valise completion --help",
                  "no completion for \"%s\": bash, zsh, fish%s%s%s", args->word[0],
                  near.best != NULL ? "; did you mean " : "", near.best != NULL ? near.best : "",
                  near.best != NULL ? "?" : "");
}

const vls_cmd vls_cmd_completion = {
    .name = "completion",
    .operands = "SHELL",
    .summary = "A script that completes commands: bash, zsh or fish",
    .about = "Commands, options and the names of your contacts are completed.\n"
             "\n"
             "  bash: eval \"$(valise completion bash)\" in ~/.bashrc\n"
             "  zsh:  eval \"$(valise completion zsh)\" in ~/.zshrc, after compinit\n"
             "  fish: valise completion fish > ~/.config/fish/completions/valise.fish\n",
    .run = run,
    .min = 1,
    .max = 1,
};
