/* Taking a backup apart (BACKUP 2, 3): chunks in, rows out, each in its place. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "store/backup.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/groups.h"

enum { ROW_HEAD = 4, ROW_KEY = 5, SETTING_NAME = 128 };

struct vls_backup_reader {
  vls_backup_cipher cipher;
  uint8_t *plain; /* VLS_BACKUP_PLAIN bytes of the present chunk */
  size_t at, n;   /* taken of it; there */
  vls_buf row;    /* of the present row: head and what is here of it */
  bool taken;     /* the row in it was given out */
  vls_err err;
  char problem[160];

  vls_backup_kind last; /* of the row before */
  uint64_t rows, contacts, events, messages, of_kind, n_groups;
  uint64_t *ids, *groups; /* of contacts and of groups, ascending */
  uint64_t key[ROW_KEY];  /* of the row before: rows of a kind ascend */
  uint8_t text_key[SETTING_NAME];
  size_t n_text_key;
  uint64_t newest_message, newest_feed;
};

static vls_err fail(vls_backup_reader *r, vls_err err, const char *what) {
  if (r->err == VLS_OK) {
    r->err = err;
    snprintf(r->problem, sizeof r->problem, "%s", what);
  }
  return r->err;
}

vls_err vls_backup_reader_new(vls_backup_reader **ret, const vls_backup_head *head,
                              const uint8_t key[32]) {
  vls_backup_cipher cipher;
  vls_err err = vls_crypto_init();
  if (err == VLS_OK) err = vls_backup_cipher_open(&cipher, head, key);
  if (err != VLS_OK) return err;
  vls_backup_reader *r = vls_calloc(1, sizeof *r);
  r->cipher = cipher;
  r->plain = vls_calloc(1, VLS_BACKUP_PLAIN);
  r->ids = vls_calloc(VLS_CONTACTS_MAX, sizeof *r->ids);
  r->groups = vls_calloc(VLS_GROUPS_MAX, sizeof *r->groups);
  vls_buf_init(&r->row, ROW_HEAD + VLS_BACKUP_ROW_MAX);
  vls_wipe(&cipher, sizeof cipher);
  *ret = r;
  return VLS_OK;
}

void vls_backup_reader_free(vls_backup_reader *r) {
  if (r == NULL) return;
  vls_wipe(r->plain, VLS_BACKUP_PLAIN);
  free(r->plain);
  free(r->ids);
  free(r->groups);
  vls_buf_done(&r->row);
  vls_wipe(r, sizeof *r);
  free(r);
}

vls_err vls_backup_reader_put(vls_backup_reader *r, vls_slice chunk) {
  if (r->err != VLS_OK) return r->err;
  VLS_ASSERT(r->at == r->n); /* all rows before it were taken */
  if (r->cipher.final) return fail(r, VLS_MALFORMED, "something was added behind its end");
  if (chunk.n != VLS_BACKUP_CHUNK) return fail(r, VLS_FORGED, "it is cut off");
  vls_err err = vls_backup_chunk_open(&r->cipher, chunk.p, r->plain);
  if (err != VLS_OK) return fail(r, err, "it is damaged, or a part of it is missing");
  r->at = 0;
  r->n = VLS_BACKUP_PLAIN;
  return VLS_OK;
}

/* --- what may stand where --- */

static bool once(vls_backup_kind kind) {
  return kind == VLS_BACKUP_START || kind == VLS_BACKUP_SELF || kind == VLS_BACKUP_COUNTERS ||
         kind == VLS_BACKUP_END;
}

/* None of the rows that must be there is passed over, and no kind comes back. */
static bool may_follow(vls_backup_kind last, vls_backup_kind kind) {
  /* Before the first row there is none, and the first place is the next. */
  unsigned at = last == 0 ? 0 : vls_backup_place(last), to = vls_backup_place(kind);
  if (last == VLS_BACKUP_END || to < at || (kind == last && once(kind))) return false;
  for (unsigned place = last == 0 ? 0 : at + 1; place < to; place++)
    if (once(vls_backup_at(place))) return false;
  return true;
}

static uint64_t most_of(vls_backup_kind kind) {
  switch ((int)kind) {
  case VLS_BACKUP_FORMER: return VLS_BACKUP_FORMER_MAX;
  case VLS_BACKUP_SETTING: return VLS_BACKUP_SETTINGS;
  case VLS_BACKUP_CONTACT: return VLS_CONTACTS_MAX;
  case VLS_BACKUP_GROUP: return VLS_GROUPS_MAX;
  case VLS_BACKUP_CONSUMER: return VLS_CONSUMERS_MAX;
  case VLS_BACKUP_FEED: return VLS_FEED_MAX;
  default: return UINT64_MAX;
  }
}

static int order_of(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

static bool is_contact(const vls_backup_reader *r, uint64_t id) {
  return bsearch(&id, r->ids, (size_t)r->contacts, sizeof id, order_of) != NULL;
}

static bool is_group(const vls_backup_reader *r, uint64_t id) {
  return bsearch(&id, r->groups, (size_t)r->n_groups, sizeof id, order_of) != NULL;
}

static bool is_talk(const vls_backup_reader *r, uint64_t id) {
  return is_contact(r, id) || is_group(r, id);
}

/* Rows of one kind ascend by their numbers. */
static bool ascends(vls_backup_reader *r, const uint64_t key[ROW_KEY]) {
  int k = 0;
  while (k < ROW_KEY - 1 && key[k] == r->key[k])
    k++;
  bool up = r->of_kind == 1 || key[k] > r->key[k];
  memcpy(r->key, key, sizeof r->key);
  return up;
}

static bool number_ascends(vls_backup_reader *r, uint64_t n) {
  const uint64_t key[ROW_KEY] = {n};
  return ascends(r, key);
}

/* ... or by a text. */
static bool text_ascends(vls_backup_reader *r, vls_slice text) {
  size_t n = text.n < r->n_text_key ? text.n : r->n_text_key;
  int cmp = memcmp(text.p, r->text_key, n);
  bool up = r->of_kind == 1 || cmp > 0 || (cmp == 0 && text.n > r->n_text_key);
  VLS_ASSERT(text.n <= sizeof r->text_key);
  memcpy(r->text_key, text.p, text.n);
  r->n_text_key = text.n;
  return up;
}

/* Where a restore may write: valise.conf, or a file of conf.d with a plain name. */
static bool is_setting(vls_slice file) {
  static const char folder[] = "conf.d/", end[] = ".conf";
  size_t head = sizeof folder - 1, tail = sizeof end - 1;
  if (vls_slice_eq(file, vls_slice_str("valise.conf"))) return true;
  if (file.n <= head + tail || memcmp(file.p, folder, head) != 0) return false;
  if (memcmp(file.p + file.n - tail, end, tail) != 0 || file.p[head] == '.') return false;
  for (size_t i = head; i < file.n; i++) {
    uint8_t c = file.p[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_' || c == '-';
    if (!plain) return false;
  }
  return true;
}

bool vls_backup_setting_is_right(const vls_backup_setting *before, const vls_backup_setting *one) {
  if (!is_setting(one->file) || one->text.n > 65536) return false;
  if (before == NULL) return true;
  size_t n = before->file.n < one->file.n ? before->file.n : one->file.n;
  int cmp = memcmp(before->file.p, one->file.p, n);
  return cmp < 0 || (cmp == 0 && before->file.n < one->file.n);
}

static bool contact_is_right(vls_backup_reader *r, const vls_backup_contact *c) {
  if (!number_ascends(r, c->id) || c->n_psk != c->n_knock) return false;
  r->ids[r->contacts++] = c->id;
  return true;
}

static bool chain_is_right(vls_backup_reader *r, const vls_backup_chain *c) {
  uint64_t key[ROW_KEY] = {c->contact};
  for (int i = 0; i < 4; i++)
    key[1 + i] = vls_be64_get(c->device + (ptrdiff_t)8 * i);
  return is_contact(r, c->contact) && ascends(r, key);
}

static bool own_chain_is_right(vls_backup_reader *r, const vls_backup_own_chain *c) {
  const uint64_t key[ROW_KEY] = {c->contact, c->number};
  return is_contact(r, c->contact) && ascends(r, key);
}

static bool event_is_right(vls_backup_reader *r, const vls_backup_event *e) {
  const uint64_t key[ROW_KEY] = {e->contact, e->device, e->seq};
  r->events++;
  return is_contact(r, e->contact) && ascends(r, key);
}

static bool message_is_right(vls_backup_reader *r, const vls_backup_message *m) {
  r->messages++;
  return is_talk(r, m->contact) && number_ascends(r, m->n) && m->n <= r->newest_message;
}

static bool group_is_right(vls_backup_reader *r, const vls_backup_group *g) {
  if (is_contact(r, g->id) || !number_ascends(r, g->id)) return false;
  r->groups[r->n_groups++] = g->id;
  return true;
}

static bool group_device_is_right(vls_backup_reader *r, const vls_backup_group_device *d) {
  const uint64_t key[ROW_KEY] = {d->group, d->number};
  return is_group(r, d->group) && ascends(r, key) && (d->author == 0 || is_contact(r, d->author));
}

/* Their keys are of several lengths: who wrote them twice has the later one. */
static bool group_row_is_right(const vls_backup_reader *r, const vls_backup_group_row *row) {
  return is_group(r, row->group);
}

static bool remark_is_right(vls_backup_reader *r, const vls_backup_remark *m) {
  return is_talk(r, m->talk) && number_ascends(r, m->n) && m->n <= r->newest_message;
}

static bool counts_agree(const vls_backup_reader *r, const vls_backup_end *end) {
  return end->contacts == r->contacts && end->events == r->events && end->messages == r->messages &&
         end->rows == r->rows - 1;
}

static bool is_right(vls_backup_reader *r, const vls_backup_row *row) {
  switch (row->kind) {
  case VLS_BACKUP_PADDING: break;
  case VLS_BACKUP_START:
  case VLS_BACKUP_SELF: return true;
  case VLS_BACKUP_FORMER: return number_ascends(r, row->former.number);
  case VLS_BACKUP_SETTING:
    return is_setting(row->setting.file) && text_ascends(r, row->setting.file);
  case VLS_BACKUP_CONTACT: return contact_is_right(r, &row->contact);
  case VLS_BACKUP_CHAIN: return chain_is_right(r, &row->chain);
  case VLS_BACKUP_OWN_CHAIN: return own_chain_is_right(r, &row->own_chain);
  case VLS_BACKUP_COUNTERS:
    r->newest_message = row->counters.message;
    r->newest_feed = row->counters.feed;
    return row->counters.trimmed <= row->counters.feed;
  case VLS_BACKUP_CONSUMER: return text_ascends(r, row->consumer.name);
  case VLS_BACKUP_FEED:
    return (row->feed.contact == 0 || is_talk(r, row->feed.contact)) &&
           number_ascends(r, row->feed.c) && row->feed.c <= r->newest_feed;
  case VLS_BACKUP_SENT: return text_ascends(r, row->sent.cid);
  case VLS_BACKUP_EVENT: return event_is_right(r, &row->event);
  case VLS_BACKUP_MESSAGE: return message_is_right(r, &row->message);
  case VLS_BACKUP_GROUP: return group_is_right(r, &row->group);
  case VLS_BACKUP_GROUP_DEVICE: return group_device_is_right(r, &row->group_device);
  case VLS_BACKUP_GROUP_ROW: return group_row_is_right(r, &row->group_row);
  case VLS_BACKUP_GROUP_EVENT:
    return is_group(r, row->group_event.group) && number_ascends(r, row->group_event.n);
  case VLS_BACKUP_SAID: return number_ascends(r, row->said.n) && row->said.n <= r->newest_message;
  case VLS_BACKUP_REMARK: return remark_is_right(r, &row->remark);
  case VLS_BACKUP_END: return counts_agree(r, &row->end);
  }
  return false;
}

/* --- rows --- */

/* Moves bytes of the chunk into the row until it has n. */
static bool fill(vls_backup_reader *r, size_t n) {
  VLS_ASSERT(r->row.n <= n);
  size_t want = n - r->row.n, have = r->n - r->at;
  size_t take = want < have ? want : have;
  vls_err err = vls_buf_put(&r->row, r->plain + r->at, take);
  VLS_ASSERT(err == VLS_OK); /* n is within the table's bound */
  r->at += take;
  return take == want;
}

static vls_err take_row(vls_backup_reader *r, const vls_wire_def *def, vls_backup_row *ret) {
  static const char odd[] = "it holds what no backup holds, though its seal is right";
  vls_backup_kind kind = (vls_backup_kind)r->row.p[0];
  vls_slice body = {r->row.p + ROW_HEAD, r->row.n - ROW_HEAD};
  if (!may_follow(r->last, kind)) return fail(r, VLS_MALFORMED, odd);
  ret->kind = kind;
  /* Members of a union begin where it begins. */
  if (vls_wire_decode(def, VLS_WIRE_STRICT, body, &ret->start, NULL) != VLS_OK)
    return fail(r, VLS_MALFORMED, odd);
  r->of_kind = kind == r->last ? r->of_kind + 1 : 1;
  r->last = kind;
  r->rows++;
  if (r->of_kind > most_of(kind) || !is_right(r, ret)) return fail(r, VLS_MALFORMED, odd);
  r->taken = true;
  return VLS_OK;
}

/* Behind the last row there are zeros, and no further chunk. */
static vls_err finish(vls_backup_reader *r) {
  for (; r->at < r->n; r->at++)
    if (r->plain[r->at] != 0) return fail(r, VLS_MALFORMED, "there is something behind its end");
  if (!r->cipher.final) return fail(r, VLS_MALFORMED, "it goes on behind its end");
  return VLS_AGAIN;
}

vls_err vls_backup_reader_row(vls_backup_reader *r, vls_backup_row *ret) {
  if (r->err != VLS_OK) return r->err;
  if (r->taken) vls_buf_clear(&r->row);
  r->taken = false;
  if (r->last == VLS_BACKUP_END) return finish(r);
  if (r->row.n < ROW_HEAD && !fill(r, ROW_HEAD)) goto more;
  size_t n = vls_be32_get(r->row.p) & 0xffffff;
  const vls_wire_def *def = vls_backup_def(r->row.p[0]);
  if (def == NULL || n > def->max_bytes)
    return fail(r, VLS_MALFORMED,
                "it holds rows of a kind, or a size, that this version does not know");
  if (!fill(r, ROW_HEAD + n)) goto more;
  return take_row(r, def, ret);
more:
  if (r->cipher.final) return fail(r, VLS_MALFORMED, "it ends in the middle");
  return VLS_AGAIN;
}

bool vls_backup_reader_is_whole(const vls_backup_reader *r) {
  return r->err == VLS_OK && r->last == VLS_BACKUP_END && r->at == r->n && r->cipher.final;
}

const char *vls_backup_reader_problem(const vls_backup_reader *r) {
  return r->problem;
}
