#include "client/cmd_lock.h"

#include "client/passphrase.h"

enum { TRIES = 3, SEALING_MS = 3600 * 1000 };

static vls_err lock_run(vls_cli *cli, const vls_args *args) {
  vls_slice result;
  (void)args;
  vls_err err = vls_cli_connect(cli);
  if (err == VLS_OK && vls_conn_is(cli->conn, "locked")) {
    vls_cli_note(cli, "The node is locked already.");
    return VLS_OK;
  }
  if (err == VLS_OK) err = vls_call(cli, "node.lock", NULL, NULL, &result);
  if (err == VLS_OK) vls_cli_note(cli, "Locked. To open it again: valise unlock");
  return err;
}

const vls_cmd vls_cmd_lock = {
    .name = "lock",
    .operands = "",
    .summary = "Close the node's encrypted store",
    .about = "Ends every connection and wipes the keys from memory. The node stays, and\n"
             "answers valise status; messages come in again after valise unlock.\n",
    .run = lock_run,
};

static vls_err try_one(vls_cli *cli, const vls_passphrase *pass) {
  vls_rpc_unlock ask = {.passphrase = vls_passphrase_slice(pass)};
  vls_slice result;
  return vls_call(cli, "node.unlock", &vls_rpc_unlock_def, &ask, &result);
}

static vls_err ask_and_try(vls_cli *cli, vls_passphrase *pass) {
  vls_err err = VLS_PASSPHRASE;
  for (int i = 0; i < TRIES && err == VLS_PASSPHRASE; i++) {
    if (i > 0) vls_cli_note(cli, "That is not the right one.");
    err = vls_passphrase_ask(cli, "Passphrase:", "valise unlock --passphrase-file FILE", pass);
    if (err == VLS_OK) err = try_one(cli, pass);
  }
  return err;
}

static vls_err unlock_run(vls_cli *cli, const vls_args *args) {
  const char *file = vls_args_opt(args, "passphrase-file");
  vls_err err = vls_cli_connect(cli);
  if (err != VLS_OK) return err;
  if (!vls_conn_is(cli->conn, "locked") && !vls_conn_is(cli->conn, "unlocking") &&
      !vls_conn_is(cli->conn, "locking")) {
    vls_cli_note(cli, "The node is not locked.");
    return VLS_OK;
  }
  vls_passphrase *pass = vls_passphrase_new();
  if (file != NULL) {
    err = vls_passphrase_read(cli, file, pass);
    if (err == VLS_OK) err = try_one(cli, pass);
  } else {
    err = ask_and_try(cli, pass);
  }
  vls_passphrase_free(pass);
  if (err == VLS_OK) vls_cli_note(cli, "Unlocked.");
  return err;
}

static const vls_opt unlock_opts[] = {
    {"passphrase-file", 0, VLS_KIND_FILE, "FILE", "its first line; - is standard input", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_unlock = {
    .name = "unlock",
    .operands = "",
    .summary = "Open the node's encrypted store",
    .about = "Asks for the passphrase, on a terminal. After three wrong ones the node makes\n"
             "you wait before the next.\n"
             "\n"
             "  valise unlock\n"
             "  pass show valise | valise unlock --passphrase-file -\n",
    .opts = unlock_opts,
    .run = unlock_run,
};

/* --- passphrase --- */

#define HINT "valise passphrase --passphrase-file FILE --new-passphrase-file FILE"

typedef struct change {
  const char *file, *new_file;
  vls_rpc_keys keys;
  vls_passphrase *present, *fresh; /* empty: none */
} change;

/* The one that opens now, where there is one. */
static vls_err get_present(vls_cli *cli, change *c) {
  if (c->keys.passphrases == 0) return VLS_OK;
  if (c->file != NULL) return vls_passphrase_read(cli, c->file, c->present);
  return vls_passphrase_ask(cli, "Present passphrase:", HINT, c->present);
}

static vls_err get_fresh(vls_cli *cli, change *c) {
  if (c->new_file != NULL) return vls_passphrase_read(cli, c->new_file, c->fresh);
  return vls_passphrase_ask_new(cli, HINT, c->fresh);
}

static vls_err set_passphrase(vls_cli *cli, const change *c) {
  vls_rpc_passphrase ask = {.has_passphrase = c->present->n > 0,
                            .passphrase = vls_passphrase_slice(c->present),
                            .has_new = c->fresh->n > 0,
                            .new = vls_passphrase_slice(c->fresh)};
  vls_slice result;
  vls_conn_be_patient(cli->conn, SEALING_MS); /* a large store takes its time */
  return vls_call(cli, "node.passphrase", &vls_rpc_passphrase_def, &ask, &result);
}

static vls_err set_credential(vls_cli *cli, const change *c, bool use) {
  vls_rpc_credential ask = {.has_passphrase = c->present->n > 0,
                            .passphrase = vls_passphrase_slice(c->present),
                            .use = use};
  vls_slice result;
  vls_conn_be_patient(cli->conn, SEALING_MS);
  return vls_call(cli, "node.credential", &vls_rpc_credential_def, &ask, &result);
}

static void tell(vls_cli *cli, const change *c, bool removed) {
  if (removed)
    vls_cli_note(cli, "Only the credential of the service opens the store now.");
  else if (c->keys.sealed)
    vls_cli_note(cli, "The passphrase is changed. A copy of the old key file still opens with the "
                      "old one.");
  else
    vls_cli_note(cli, "The store is encrypted. After each start the node is locked until you type: "
                      "valise unlock");
}

static vls_err passphrase_run(vls_cli *cli, const vls_args *args) {
  bool add = vls_args_flag(args, "add-credential"), drop = vls_args_flag(args, "remove-credential"),
       remove = vls_args_flag(args, "remove");
  change c = {.file = vls_args_opt(args, "passphrase-file"),
              .new_file = vls_args_opt(args, "new-passphrase-file")};
  if (add + drop + remove + (c.new_file != NULL) > 1)
    return vls_fail(cli, VLS_USAGE, "valise passphrase --help", "one change at a time");
  vls_err err = vls_call_for(cli, "node.keys", NULL, NULL, &vls_rpc_keys_def, &c.keys);
  if (err != VLS_OK) return err;
  c.present = vls_passphrase_new();
  c.fresh = vls_passphrase_new();
  err = get_present(cli, &c);
  if (err == VLS_OK && !add && !drop && !remove) err = get_fresh(cli, &c);
  if (err == VLS_OK) err = add || drop ? set_credential(cli, &c, add) : set_passphrase(cli, &c);
  vls_passphrase_free(c.present);
  vls_passphrase_free(c.fresh);
  if (err != VLS_OK) return err;
  if (add || drop)
    vls_cli_note(cli, add ? "The credential of the service opens the store."
                          : "The credential of the service does not open the store any more.");
  else
    tell(cli, &c, remove);
  return VLS_OK;
}

void vls_lock_offer(vls_cli *cli) {
  change c = {0};
  if (!vls_cli_may_ask(cli)) return;
  if (vls_call_for(cli, "node.keys", NULL, NULL, &vls_rpc_keys_def, &c.keys) != VLS_OK) return;
  if (c.keys.sealed) return;
  vls_cli_note(cli, "A passphrase encrypts what is on this disk. You will type it after each start "
                    "of the node; nobody can help if you forget it.");
  if (!vls_cli_confirm(cli, "Set one now? [y/N]", false)) return;
  c.present = vls_passphrase_new();
  c.fresh = vls_passphrase_new();
  vls_err err = get_fresh(cli, &c);
  if (err == VLS_OK) err = set_passphrase(cli, &c);
  vls_passphrase_free(c.present);
  vls_passphrase_free(c.fresh);
  if (err == VLS_OK) {
    tell(cli, &c, false);
    return;
  }
  vls_cli_report(cli, err);
  vls_problem_done(&cli->problem);
  vls_cli_note(cli, "The store is not encrypted. Later: valise passphrase");
}

static const vls_opt passphrase_opts[] = {
    {"passphrase-file", 0, VLS_KIND_FILE, "FILE", "the present one; - is standard input", NULL},
    {"new-passphrase-file", 0, VLS_KIND_FILE, "FILE", "the new one; - is standard input", NULL},
    {"add-credential", 0, VLS_KIND_FLAG, NULL, "the service's credential opens it, too", NULL},
    {"remove-credential", 0, VLS_KIND_FLAG, NULL, "it does not any more", NULL},
    {"remove", 0, VLS_KIND_FLAG, NULL, "only the credential opens it", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_passphrase = {
    .name = "passphrase",
    .operands = "",
    .summary = "Encrypt the store, or change its passphrase",
    .about = "The first passphrase encrypts everything the node keeps on the disk; while that\n"
             "lasts, it has no connections. Later ones replace it. With - for both files the\n"
             "present one is the first line of standard input, the new one the second.\n"
             "Credentials are systemd's: valised(1) shows how to make one, so that the node\n"
             "opens by itself on this machine alone.\n",
    .opts = passphrase_opts,
    .run = passphrase_run,
};
