/* valise backup create: the node gives the sealed file, this puts it on a disk. */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "client/cmd_backup.h"
#include "client/hold.h"
#include "client/newfile.h"
#include "client/passphrase.h"
#include "client/progress.h"
#include "client/recovery.h"
#include "client/report.h"
#include "client/when.h"

enum { CALL_MS = 10 * 60 * 1000 };

typedef struct creation {
  const char *path;
  bool replace, with_passphrase;
  uint8_t key[32], salt[VLS_BACKUP_SALT]; /* of the passphrase */
  vls_settings settings;
  vls_newfile file;
  vls_rpc_backup_begun begun; /* its head is not kept */
} creation;

/* A name that is taken: replaced when it was asked for, or a person says so now. */
static vls_err check_name(vls_cli *cli, creation *c) {
  struct stat st;
  char question[256];
  if (c->replace || stat(c->path, &st) != 0 || !S_ISREG(st.st_mode) || !vls_cli_may_ask(cli))
    return VLS_OK;
  (void)snprintf(question, sizeof question, "%.200s is there already. Replace it? [y/N]", c->path);
  c->replace = vls_cli_confirm(cli, question, false);
  return c->replace ? VLS_OK : vls_fail(cli, VLS_EXISTS, NULL, "%s was left as it is", c->path);
}

static vls_err derive(vls_cli *cli, creation *c, const char *file) {
  static const char hint[] = "valise backup create FILE --passphrase-file FILE";
  vls_passphrase *pass = vls_passphrase_new();
  vls_err err =
      file != NULL ? vls_passphrase_read(cli, file, pass) : vls_passphrase_ask_new(cli, hint, pass);
  if (err == VLS_OK && getrandom(c->salt, sizeof c->salt, 0) != (ssize_t)sizeof c->salt)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "the system gave no random bytes: %s", strerror(errno));
  if (err == VLS_OK && vls_backup_key_of_passphrase(c->key, vls_passphrase_slice(pass), c->salt,
                                                    VLS_ARGON_MODERATE) != VLS_OK)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "there is no memory for the passphrase: it takes %u MiB",
                   VLS_ARGON_MODERATE.kib >> 10);
  vls_passphrase_free(pass);
  return err;
}

/* The node keeps the key of the words, once there are some. */
static vls_err need_words(vls_cli *cli) {
  vls_rpc_backup_state state;
  vls_err err = vls_recovery_state(cli, &state);
  if (err != VLS_OK || state.words) return err;
  if (!vls_cli_may_ask(cli))
    return vls_fail(cli, VLS_STATE, "valise backup words",
                    "this node has no recovery words yet; with --passphrase-file it needs none");
  vls_cli_note(cli, "This node has no recovery words yet.");
  return vls_recovery_make(cli);
}

static vls_err begin(vls_cli *cli, creation *c) {
  vls_rpc_backup_begin ask = {.n_settings = c->settings.n};
  memcpy(ask.settings, c->settings.file, sizeof ask.settings);
  if (c->with_passphrase) {
    ask.has_key = ask.has_salt = ask.has_passes = ask.has_kib = true;
    ask.key = vls_slice_of(c->key, sizeof c->key);
    ask.salt = vls_slice_of(c->salt, sizeof c->salt);
    ask.passes = VLS_ARGON_MODERATE.passes;
    ask.kib = VLS_ARGON_MODERATE.kib;
  }
  vls_err err = vls_call_for(cli, "backup.begin", &vls_rpc_backup_begin_def, &ask,
                             &vls_rpc_backup_begun_def, &c->begun);
  if (err == VLS_OK) err = vls_newfile_write(cli, &c->file, c->begun.head);
  c->begun.head = (vls_slice){0};
  return err;
}

static vls_err write_all(vls_cli *cli, creation *c, const vls_hold *hold) {
  vls_rpc_backup_part part = {0};
  vls_progress progress;
  vls_err err = VLS_OK;
  vls_progress_begin(&progress, cli, "Writing", c->begun.rows, vls_when_mono());
  while (err == VLS_OK && !part.done) {
    err = vls_call_for(cli, "backup.next", NULL, NULL, &vls_rpc_backup_part_def, &part);
    if (err == VLS_OK) err = vls_newfile_write(cli, &c->file, part.bytes);
    if (err == VLS_OK && vls_hold_is_asked(hold))
      err = vls_fail(cli, VLS_SYSTEM, NULL, "interrupted; nothing of the backup was kept");
    if (err == VLS_OK) vls_progress_at(&progress, part.rows, c->file.bytes, vls_when_mono());
  }
  vls_progress_end(&progress);
  return err;
}

/* From here on a signal waits until nothing half is left. */
static vls_err write_file(vls_cli *cli, creation *c) {
  vls_hold hold;
  vls_slice result;
  vls_hold_begin(&hold, false);
  vls_conn_stop_at(cli->conn, hold.fd);
  vls_conn_be_patient(cli->conn, CALL_MS);
  vls_err err = vls_newfile_open(cli, c->path, c->replace, &c->file);
  if (err == VLS_OK) err = begin(cli, c);
  if (err == VLS_OK) err = write_all(cli, c, &hold);
  if (err == VLS_OK) err = vls_newfile_keep(cli, &c->file);
  vls_newfile_done(&c->file);
  if (err == VLS_OK && vls_call(cli, "backup.end", NULL, NULL, &result) != VLS_OK) {
    vls_cli_note(cli, "The backup is whole, but the node could not note it: %s",
                 vls_problem_text(&cli->problem));
    vls_problem_done(&cli->problem);
  }
  if (cli->conn != NULL) vls_conn_stop_at(cli->conn, -1);
  vls_hold_end(&hold);
  return err;
}

static vls_err create(vls_cli *cli, creation *c, const char *passphrase_file) {
  vls_err err = check_name(cli, c);
  if (err == VLS_OK) err = vls_newfile_may(cli, c->path, c->replace);
  if (err == VLS_OK) err = vls_cli_connect(cli);
  if (err == VLS_OK && vls_conn_is_empty(cli->conn))
    err = vls_fail(cli, VLS_STATE, "valise init", "this node has no identity yet to back up");
  if (err == VLS_OK) err = c->with_passphrase ? derive(cli, c, passphrase_file) : need_words(cli);
  if (err != VLS_OK) return err;
  vls_settings_collect(cli, &c->settings);
  return write_file(cli, c);
}

vls_err vls_backup_create_run(vls_cli *cli, const vls_args *args) {
  const char *file = vls_args_opt(args, "passphrase-file");
  creation c = {.path = args->word[0],
                .replace = vls_args_flag(args, "overwrite"),
                .with_passphrase = file != NULL || vls_args_flag(args, "passphrase"),
                .file.fd = -1};
  vls_settings_init(&c.settings);
  vls_err err = create(cli, &c, file);
  if (err == VLS_OK) {
    const vls_report report = {.file = c.path,
                               .bytes = c.file.bytes,
                               .lock = c.with_passphrase ? VLS_BACKUP_PASSPHRASE : VLS_BACKUP_WORDS,
                               .contacts = c.begun.contacts,
                               .messages = c.begun.messages,
                               .settings = &c.settings};
    vls_report_print(cli, &report);
    if (cli->mode == VLS_HUMAN)
      vls_cli_note(cli, "Keep it on another machine or a stick. To be sure that you can open it: "
                        "valise backup verify FILE");
  }
  vls_settings_done(&c.settings);
  vls_wipe(c.key, sizeof c.key);
  return err;
}
