/* backup.*, restore.*: a backup leaves, or comes back, in frames of the client socket. One of them
 * at a time; it ends with the client that began it. */
#include <stdlib.h>

#include "citizen/backup.h"
#include "citizen/id.h"
#include "core/command.h"

enum { CHUNKS_OUT = 4 /* of one answer: the node has others to serve meanwhile */ };

struct vls_backing {
  uint64_t client;
  vls_backup_job *job; /* one of the two */
  vls_restore *restore;
};

void vls_backing_end(vls_core *core, uint64_t client) {
  struct vls_backing *b = core->backing;
  if (b == NULL || (client != 0 && b->client != client)) return;
  vls_backup_job_free(b->job);
  vls_restore_free(b->restore);
  free(b);
  core->backing = NULL;
}

/* One more may begin; what this client began before ends. */
static vls_err make_room(vls_call *call) {
  vls_core *core = call->core;
  vls_backing_end(core, call->client->id);
  if (core->backing == NULL) return VLS_OK;
  return vls_call_fail(call, VLS_BUSY, NULL, "another client is at a backup just now");
}

static struct vls_backing *backing_new(vls_call *call) {
  struct vls_backing *b = vls_calloc(1, sizeof *b);
  b->client = call->client->id;
  call->core->backing = b;
  return b;
}

static struct vls_backing *mine(const vls_call *call) {
  struct vls_backing *b = call->core->backing;
  return b != NULL && b->client == call->client->id ? b : NULL;
}

vls_err vls_cmd_backup_key(vls_call *call) {
  const vls_rpc_backup_key *p = call->params;
  vls_backup_key_put(call->core->store, p->words_key.p, vls_core_wall(call->core));
  return vls_call_ok(call);
}

vls_err vls_cmd_backup_show(vls_call *call) {
  uint8_t key[32];
  vls_rpc_backup_state r = {.words = vls_backup_key_get(call->core->store, key),
                            .since = vls_backup_key_since(call->core->store),
                            .last = vls_backup_last(call->core->store)};
  vls_wipe(key, sizeof key);
  return vls_wire_encode(&vls_rpc_backup_state_def, &r, call->result);
}

static vls_err put_begun(vls_call *call, const vls_backup_head *head) {
  vls_backup_start of;
  uint64_t rows;
  vls_backup_progress(call->core->backing->job, &of, &rows);
  vls_rpc_backup_begun r = {.head = vls_slice_of(head->bytes, sizeof head->bytes),
                            .rows = rows + of.contacts + of.events + of.messages,
                            .contacts = of.contacts,
                            .messages = of.messages};
  return vls_call_put(call, &vls_rpc_backup_begun_def, &r);
}

vls_err vls_cmd_backup_begin(vls_call *call) {
  const vls_rpc_backup_begin *p = call->params;
  vls_core *core = call->core;
  vls_backup_head head;
  vls_backup_job *job;
  vls_backup_wish wish = {.lock = p->has_key ? VLS_BACKUP_PASSPHRASE : VLS_BACKUP_WORDS,
                          .salt = p->has_salt ? p->salt.p : NULL,
                          .cost = {(uint32_t)p->passes, (uint32_t)p->kib},
                          .key = p->has_key ? p->key.p : NULL,
                          .settings = p->settings,
                          .n_settings = p->n_settings,
                          .version = core->version};
  if (p->has_key != p->has_salt || p->has_key != p->has_passes || p->has_key != p->has_kib)
    return vls_call_fail(call, VLS_USAGE, NULL, "key, salt, passes and kib go together");
  vls_err err = make_room(call);
  if (err != VLS_OK) return err;
  vls_outbound_flush_pending(core);
  err = vls_backup_begin(&job, &head, core->store, &wish, &core->rng, vls_core_wall(core));
  switch ((int)err) {
  case VLS_OK: break;
  case VLS_NOT_FOUND:
    return vls_call_fail(call, VLS_STATE, NULL,
                         "this node has no recovery words yet, and no passphrase was given");
  case VLS_USAGE: return vls_call_fail(call, err, NULL, "the cost of Argon2id is out of bounds");
  default: return vls_call_fail(call, err, NULL, "these settings cannot be in a backup");
  }
  backing_new(call)->job = job;
  return put_begun(call, &head);
}

vls_err vls_cmd_backup_next(vls_call *call) {
  struct vls_backing *b = mine(call);
  vls_buf bytes;
  vls_backup_start of;
  if (b == NULL || b->job == NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "backup.begin must come first");
  vls_buf_init(&bytes, (size_t)CHUNKS_OUT * VLS_BACKUP_CHUNK);
  vls_rpc_backup_part r = {0};
  r.done = !vls_backup_more(b->job, call->core->store, CHUNKS_OUT, &bytes);
  r.bytes = vls_buf_slice(&bytes);
  vls_backup_progress(b->job, &of, &r.rows);
  vls_err err = vls_call_put(call, &vls_rpc_backup_part_def, &r);
  vls_buf_done(&bytes);
  return err;
}

vls_err vls_cmd_backup_end(vls_call *call) {
  struct vls_backing *b = mine(call);
  vls_backup_start of;
  uint64_t rows;
  if (b == NULL || b->job == NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "backup.begin must come first");
  if (!vls_backup_is_done(b->job))
    return vls_call_fail(call, VLS_STATE, NULL, "backup.next has more to give");
  vls_backup_progress(b->job, &of, &rows);
  vls_backup_mark_made(call->core->store, of.made);
  vls_backing_end(call->core, call->client->id);
  return vls_call_ok(call);
}

/* --- bringing back --- */

static vls_err has_identity(vls_call *call) {
  return vls_call_fail(call, VLS_EXISTS, "valise id show",
                       "this node has an identity already: %s; a backup is brought back into a "
                       "node that has none",
                       call->core->self.name);
}

vls_err vls_cmd_restore_begin(vls_call *call) {
  const vls_rpc_restore_begin *p = call->params;
  vls_backup_head head;
  vls_restore *restore;
  if (call->core->has_self) return has_identity(call);
  vls_err err = make_room(call);
  if (err != VLS_OK) return err;
  err = vls_backup_head_get(&head, p->head);
  if (err == VLS_NEWER)
    return vls_call_fail(call, err, NULL, "this backup was made by a newer version of valise");
  if (err != VLS_OK) return vls_call_fail(call, err, NULL, "this is not a backup");
  err = vls_restore_new(&restore, call->core->store, &head, p->key.p);
  if (err != VLS_OK)
    return vls_call_fail(call, err, NULL,
                         "the words, or the passphrase, are not those of this file");
  backing_new(call)->restore = restore;
  return vls_call_ok(call);
}

/* Nothing of it is left; the node is as empty as before. */
static vls_err refused(vls_call *call, vls_err err) {
  vls_call_fail(call, err, NULL, "the backup is refused: %s",
                vls_restore_problem(call->core->backing->restore));
  vls_backing_end(call->core, call->client->id);
  return err;
}

vls_err vls_cmd_restore_next(vls_call *call) {
  const vls_rpc_restore_next *p = call->params;
  struct vls_backing *b = mine(call);
  if (b == NULL || b->restore == NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "restore.begin must come first");
  vls_err err = vls_restore_put(b->restore, call->core->store, p->bytes);
  if (err != VLS_OK) return refused(call, err);
  vls_rpc_count r = {.count = vls_restore_counts(b->restore)->rows};
  return vls_call_put(call, &vls_rpc_count_def, &r);
}

vls_err vls_cmd_restore_end(vls_call *call) {
  vls_core *core = call->core;
  struct vls_backing *b = mine(call);
  char id[VLS_ID_TEXT + 1];
  if (b == NULL || b->restore == NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "restore.begin must come first");
  vls_err err = vls_restore_end(b->restore, core->store, &core->self, &core->rng, core->addresses,
                                core->n_addresses, vls_core_wall(core));
  if (err != VLS_OK) return refused(call, err);
  core->newest_n = vls_message_newest(core->store);
  core->newest_c = vls_feed_newest(core->store);
  vls_core_identified(core);
  const vls_backup_end *counts = vls_restore_counts(b->restore);
  vls_id_text(id, core->self.identity.pub);
  vls_rpc_restored r = {.id = vls_slice_str(id),
                        .name = vls_slice_str(core->self.name),
                        .contacts = counts->contacts,
                        .messages = counts->messages};
  for (size_t i = 0; i < core->n_peers; i++) {
    uint64_t oldest;
    r.held += vls_message_held(core->store, core->peers[i]->row.id, &oldest);
  }
  vls_backing_end(core, call->client->id);
  return vls_call_put(call, &vls_rpc_restored_def, &r);
}
