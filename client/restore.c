#include "client/restore.h"

#include <stdlib.h>

#include "client/cmd_init.h"
#include "client/cmd_lock.h"
#include "client/list.h"
#include "client/private.h"
#include "client/progress.h"
#include "client/settings.h"
#include "client/when.h"

enum {
  CHUNKS = 15, /* of one call (RPC 7.6) */
  CALL_MS = 10 * 60 * 1000,
};

typedef struct restoring {
  vls_archive archive;
  vls_backup_reader *reader; /* only as far as the settings go; all of it is the node's to check */
  vls_backup_row row;
  vls_settings settings;
  uint64_t made; /* ms since 1970 */
  uint8_t key[32];
  uint8_t chunks[CHUNKS * VLS_BACKUP_CHUNK];
} restoring;

/* The rows in front: when it was made, and the settings. */
static vls_err look_into(vls_cli *cli, restoring *r, size_t n) {
  vls_err err = VLS_OK;
  for (size_t at = 0; at < n && r->reader != NULL && err == VLS_OK; at += VLS_BACKUP_CHUNK) {
    err = vls_backup_reader_put(r->reader, vls_slice_of(r->chunks + at, VLS_BACKUP_CHUNK));
    while (err == VLS_OK && (err = vls_backup_reader_row(r->reader, &r->row)) == VLS_OK) {
      if (r->row.kind == VLS_BACKUP_START) r->made = r->row.start.made;
      if (r->row.kind == VLS_BACKUP_SETTING) err = vls_settings_add(&r->settings, &r->row.setting);
      if (r->row.kind <= VLS_BACKUP_SETTING) continue;
      vls_backup_reader_free(r->reader);
      r->reader = NULL;
      return VLS_OK;
    }
    if (err == VLS_AGAIN) err = VLS_OK;
  }
  if (err == VLS_OK) return VLS_OK;
  return vls_archive_refuse(cli, &r->archive, err, vls_backup_reader_problem(r->reader));
}

static vls_err begin(vls_cli *cli, const restoring *r) {
  const vls_rpc_restore_begin ask = {
      .head = vls_slice_of(r->archive.head.bytes, sizeof r->archive.head.bytes),
      .key = vls_slice_of(r->key, sizeof r->key)};
  vls_slice result;
  return vls_call(cli, "restore.begin", &vls_rpc_restore_begin_def, &ask, &result);
}

static vls_err hand_over(vls_cli *cli, restoring *r) {
  vls_progress progress;
  vls_slice result;
  size_t n = 1;
  vls_err err = begin(cli, r);
  vls_progress_begin(&progress, cli, "Restoring", r->archive.size, vls_when_mono());
  while (err == VLS_OK && n > 0) {
    err = vls_archive_next(cli, &r->archive, CHUNKS, r->chunks, &n);
    if (err == VLS_OK) err = look_into(cli, r, n);
    vls_rpc_restore_next ask = {vls_slice_of(r->chunks, n)};
    if (err == VLS_OK && n > 0)
      err = vls_call(cli, "restore.next", &vls_rpc_restore_next_def, &ask, &result);
    vls_progress_at(&progress, r->archive.at, r->archive.at, vls_when_mono());
  }
  vls_progress_end(&progress);
  return err;
}

static void offer_settings(vls_cli *cli, const restoring *r, bool sure) {
  vls_slice result;
  if (r->settings.n == 0) return;
  if (!sure && vls_cli_may_ask(cli)) {
    vls_cli_note(cli, "The backup holds the settings of the old node, perhaps with its addresses.");
    sure = vls_cli_confirm(cli, "Put them in place here? [y/N]", false);
  } else if (!sure) {
    vls_cli_note(cli, "The settings of the old node were left out; --settings puts them in place.");
  }
  if (!sure || vls_settings_place(cli, &r->settings) == 0) return;
  if (vls_call(cli, "node.reload", NULL, NULL, &result) != VLS_OK)
    vls_cli_note(cli, "valised did not take them: %s", vls_problem_text(&cli->problem));
  vls_problem_done(&cli->problem);
}

static void tell(vls_cli *cli, const restoring *r, const vls_rpc_restored *back) {
  if (vls_show_for_script(cli, &vls_rpc_restored_def, back)) return;
  vls_card_put(cli, "Name", "%.*s", VLS_STR(back->name));
  vls_card_put(cli, "Id", "%.*s", VLS_STR(back->id));
  vls_card_time(cli, "As of", r->made);
  vls_card_put(cli, "Contacts", "%llu", (unsigned long long)back->contacts);
  vls_card_put(cli, "Texts", "%llu", (unsigned long long)back->messages);
  if (back->held > 0)
    vls_cli_note(
        cli,
        "%llu of your texts had no receipt yet when the backup was made. They may have "
        "arrived since, so they are not sent again by themselves: valise outbox list shows "
        "them, valise outbox retry sends them",
        (unsigned long long)back->held);
  vls_cli_note(cli, "This is a new device of yours: do not start the old node again. Talks go on "
                    "when your contacts are reached; what they have and the backup has not comes "
                    "back from them.");
}

/* Before anybody types 24 words for nothing. */
static vls_err check_empty(vls_cli *cli) {
  vls_slice result;
  vls_err err = vls_call(cli, "id.show", NULL, NULL, &result);
  if (err == VLS_OK)
    return vls_fail(cli, VLS_EXISTS, "valise id show",
                    "this node has an identity already; a backup is brought back into one that has "
                    "none");
  if (err != VLS_STATE) return err;
  vls_problem_done(&cli->problem);
  return VLS_OK;
}

static vls_err bring_back(vls_cli *cli, restoring *r, const vls_restoring *wish) {
  vls_rpc_restored back;
  vls_err err = vls_init_reach(cli, wish->start);
  if (err == VLS_OK) err = check_empty(cli);
  if (err == VLS_OK) err = vls_archive_unlock(cli, &r->archive, &wish->from, r->key, &r->reader);
  if (err != VLS_OK) return err;
  vls_lock_offer(cli); /* before there is a key to keep */
  vls_conn_be_patient(cli->conn, CALL_MS);
  err = hand_over(cli, r);
  if (err == VLS_OK)
    err = vls_call_for(cli, "restore.end", NULL, NULL, &vls_rpc_restored_def, &back);
  if (err != VLS_OK) return err;
  tell(cli, r, &back);
  offer_settings(cli, r, wish->settings);
  return VLS_OK;
}

vls_err vls_restore(vls_cli *cli, const vls_restoring *wish) {
  restoring *r = vls_private_new(sizeof *r);
  vls_settings_init(&r->settings);
  vls_err err = vls_archive_open(cli, wish->path, &r->archive);
  if (err == VLS_OK) {
    err = bring_back(cli, r, wish);
    vls_archive_done(&r->archive);
  }
  vls_backup_reader_free(r->reader);
  vls_settings_done(&r->settings);
  vls_private_free(r, sizeof *r);
  return err;
}
