#include "citizen/backup.h"

#include <stdlib.h>

#include "base/assert.h"

enum {
  /* Settings stand before all else, and may be a frame of the client socket together. */
  WAITING_MAX = (2 << 20) + 4 * VLS_BACKUP_CHUNK,
};

struct vls_backup_job {
  vls_backup_writer writer;
  vls_backup_walk walk;
  vls_buf waiting; /* chunks that were made and not fetched */
  vls_backup_row row;
};

static void put(vls_backup_job *job) {
  vls_err err = vls_backup_writer_put(&job->writer, &job->row, &job->waiting);
  VLS_ASSERT(err == VLS_OK); /* nobody makes a row while much is waiting */
}

static void put_start(vls_backup_job *job, const vls_backup_wish *wish, const vls_self *self) {
  const vls_backup_walk *w = &job->walk;
  job->row = (vls_backup_row){.kind = VLS_BACKUP_START};
  job->row.start = (vls_backup_start){.made = w->made,
                                      .version = vls_slice_str(wish->version),
                                      .name = vls_slice_str(self->name),
                                      .contacts = w->n_contacts,
                                      .events = w->n_events,
                                      .messages = w->n_messages};
  memcpy(job->row.start.identity, self->identity.pub, 32);
  put(job);
}

static void put_self(vls_backup_job *job, const vls_self *self, vls_slice words_key) {
  job->row = (vls_backup_row){.kind = VLS_BACKUP_SELF};
  job->row.self = (vls_backup_self){.name = vls_slice_str(self->name),
                                    .cert = vls_buf_slice(&self->cert),
                                    .card_seq = self->card_seq,
                                    .card = vls_buf_slice(&self->card),
                                    .words_key = words_key};
  memcpy(job->row.self.identity, self->identity.priv, 32);
  memcpy(job->row.self.device, self->device.priv, 32);
  memcpy(job->row.self.dh, self->dh.priv, 32);
  put(job);
  vls_wipe(&job->row, sizeof job->row);
}

static void put_settings(vls_backup_job *job, const vls_backup_wish *wish) {
  for (size_t i = 0; i < wish->n_settings; i++) {
    job->row = (vls_backup_row){.kind = VLS_BACKUP_SETTING};
    job->row.setting = wish->settings[i];
    put(job);
  }
}

vls_err vls_backup_begin(vls_backup_job **ret, vls_backup_head *ret_head, vls_store *store,
                         const vls_backup_wish *wish, vls_rng *rng, uint64_t now_ms) {
  uint8_t words_key[32];
  vls_backup_cipher cipher;
  vls_self self;
  bool has_words = vls_backup_key_get(store, words_key);
  vls_err err = wish->key == NULL && !has_words ? VLS_NOT_FOUND : VLS_OK;
  if (wish->lock == VLS_BACKUP_PASSPHRASE && !vls_backup_cost_is_right(wish->cost)) err = VLS_USAGE;
  for (size_t i = 0; i < wish->n_settings && err == VLS_OK; i++)
    if (!vls_backup_setting_is_right(i > 0 ? &wish->settings[i - 1] : NULL, &wish->settings[i]))
      err = VLS_MALFORMED;
  if (err == VLS_OK && !vls_self_load(&self, store)) err = VLS_STATE;
  if (err != VLS_OK) goto out;
  vls_backup_job *job = vls_calloc(1, sizeof *job);
  vls_backup_head_make(ret_head, &cipher, wish->lock, wish->salt, wish->cost,
                       wish->key != NULL ? wish->key : words_key, rng);
  vls_backup_writer_init(&job->writer, &cipher);
  vls_backup_walk_init(&job->walk, store, now_ms);
  vls_buf_init(&job->waiting, WAITING_MAX);
  put_start(job, wish, &self);
  put_self(job, &self, vls_slice_of(words_key, has_words ? sizeof words_key : 0));
  put_settings(job, wish);
  vls_self_close(&self);
  vls_wipe(&cipher, sizeof cipher);
  *ret = job;
out:
  vls_wipe(words_key, sizeof words_key);
  return err;
}

bool vls_backup_is_done(const vls_backup_job *job) {
  return job->writer.cipher.final && job->waiting.n == 0;
}

bool vls_backup_more(vls_backup_job *job, vls_store *store, size_t max_chunks, vls_buf *out) {
  size_t most = max_chunks * VLS_BACKUP_CHUNK;
  while (job->waiting.n < most && !job->writer.cipher.final) {
    vls_backup_walk_next(&job->walk, store, &job->row);
    put(job);
  }
  size_t n = job->waiting.n < most ? job->waiting.n : most;
  vls_err err = vls_buf_put(out, job->waiting.p, n);
  VLS_ASSERT(err == VLS_OK);
  vls_buf_drop(&job->waiting, n);
  return !vls_backup_is_done(job);
}

void vls_backup_progress(const vls_backup_job *job, vls_backup_start *ret_of, uint64_t *ret_rows) {
  *ret_of = (vls_backup_start){.made = job->walk.made,
                               .contacts = job->walk.n_contacts,
                               .events = job->walk.n_events,
                               .messages = job->walk.n_messages};
  *ret_rows = job->writer.counts.rows;
}

void vls_backup_job_free(vls_backup_job *job) {
  if (job == NULL) return;
  vls_backup_writer_done(&job->writer);
  vls_backup_walk_done(&job->walk);
  vls_buf_done(&job->waiting);
  vls_wipe(job, sizeof *job);
  free(job);
}
