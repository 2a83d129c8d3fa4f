#include "client/cmd_backup.h"

#include "client/list.h"
#include "client/recovery.h"
#include "client/restore.h"

static vls_err show_run(vls_cli *cli, const vls_args *args) {
  vls_rpc_backup_state s;
  (void)args;
  vls_err err = vls_recovery_state(cli, &s);
  if (err != VLS_OK || vls_show_for_script(cli, &vls_rpc_backup_state_def, &s)) return err;
  if (s.words)
    vls_card_time(cli, "Words since", s.since);
  else
    vls_card_put(cli, "Words", "none yet: valise backup words");
  if (s.last > 0)
    vls_card_time(cli, "Last backup", s.last);
  else
    vls_card_put(cli, "Last backup", "none yet: valise backup create FILE");
  return VLS_OK;
}

static vls_err words_run(vls_cli *cli, const vls_args *args) {
  vls_rpc_backup_state state;
  bool ask = vls_cli_may_ask(cli) && cli->tty_out, sure = vls_args_flag(args, "new");
  vls_err err = vls_recovery_state(cli, &state);
  if (err != VLS_OK) return err;
  if (state.words && !sure && ask) {
    vls_cli_note(cli, "This node has recovery words, and does not know them: they cannot be shown "
                      "again. With new ones, backups made before still open with the old ones.");
    sure = vls_cli_confirm(cli, "Make new words? [y/N]", false);
    if (!sure) return VLS_OK;
  }
  if (state.words && !sure)
    return vls_fail(cli, VLS_EXISTS, "valise backup words --new",
                    "this node has recovery words, which cannot be shown again; backups made "
                    "before still open with them when there are new ones");
  err = ask ? vls_recovery_make(cli) : vls_recovery_print(cli);
  if (err == VLS_OK)
    vls_cli_note(cli, "Backups made from now on open with these words: valise backup create FILE");
  return err;
}

static vls_err restore_run(vls_cli *cli, const vls_args *args) {
  const vls_restoring wish = {.path = args->word[0],
                              .from = vls_archive_key_of(args),
                              .start = vls_args_flag(args, "start"),
                              .settings = vls_args_flag(args, "settings")};
  return vls_restore(cli, &wish);
}

static const vls_opt create_opts[] = {
    {"passphrase", 0, VLS_KIND_FLAG, NULL, "it opens with a passphrase, which is asked for", NULL},
    {"passphrase-file", 0, VLS_KIND_FILE, "FILE", "the same, its first line; - is standard input",
     NULL},
    {"overwrite", 0, VLS_KIND_FLAG, NULL, "replace a file of this name", NULL},
    VLS_OPTS_END,
};
static const vls_opt open_opts[] = {VLS_ARCHIVE_OPTS, VLS_OPTS_END};
static const vls_opt restore_opts[] = {VLS_ARCHIVE_OPTS, VLS_RESTORE_OPTS, VLS_OPTS_END};
static const vls_opt words_opts[] = {
    {"new", 0, VLS_KIND_FLAG, NULL, "others than before", NULL},
    VLS_OPTS_END,
};

static const vls_cmd cmd_show = {
    .name = "show",
    .operands = "",
    .summary = "Whether there are recovery words, and the last backup",
    .about = "The node keeps neither the words nor the backups; it knows when they were made.\n",
    .run = show_run,
};
static const vls_cmd cmd_create = {
    .name = "create",
    .operands = "FILE",
    .summary = "Write an encrypted backup of everything",
    .about = "Your identity, contacts, texts and settings, in one encrypted file. It opens\n"
             "with your recovery words, which a terminal shows at the first backup, or with\n"
             "a passphrase. The node goes on meanwhile: what comes after the start is not in\n"
             "it. The file is there whole or not at all.\n"
             "\n"
             "  valise backup create /media/stick/ana.valise\n"
             "  pass show valise | valise backup create ana.valise --passphrase-file -\n",
    .opts = create_opts,
    .run = vls_backup_create_run,
    .operand = VLS_KIND_FILE,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_verify = {
    .name = "verify",
    .operands = "FILE",
    .summary = "Read all of a backup, and say what is in it",
    .about = "Asks for the recovery words, or the passphrase, so you know that you have the\n"
             "right ones. Needs no node, and changes nothing.\n"
             "\n"
             "  valise backup verify /media/stick/ana.valise\n",
    .opts = open_opts,
    .run = vls_backup_verify_run,
    .operand = VLS_KIND_FILE,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_restore = {
    .name = "restore",
    .operands = "FILE",
    .summary = "Bring a backup back into a node without an identity",
    .about = "The same as valise init --restore FILE.\n",
    .opts = restore_opts,
    .run = restore_run,
    .operand = VLS_KIND_FILE,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_words = {
    .name = "words",
    .operands = "",
    .summary = "Make recovery words, and show them once",
    .about = "24 words that open the backups made from now on. A terminal shows them once and\n"
             "asks some back; elsewhere they are printed. The node does not keep them.\n"
             "Backups made before still open with the words they were made under.\n",
    .opts = words_opts,
    .run = words_run,
};

static const vls_cmd *const subs[] = {&cmd_show,    &cmd_create, &cmd_verify,
                                      &cmd_restore, &cmd_words,  NULL};

const vls_cmd vls_cmd_backup = {
    .name = "backup",
    .operands = "",
    .summary = "Encrypted backups of your node",
    .about = "Everything that makes you and what you and others said, in one file. Keep it on\n"
             "another machine or a stick, and the words that open it on paper.\n",
    .subs = subs,
};
