/* Bringing a backup back: nothing is stored that was not checked, and nothing counts before all of
 * it is there. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/backup.h"
#include "citizen/invite.h"
#include "store/contacts.h"
#include "store/former.h"
#include "store/groups.h"
#include "store/messages.h"

struct vls_restore {
  vls_backup_reader *reader;
  vls_backup_row row;
  vls_backup_end counts;
  uint8_t identity[32];
  vls_self_row self; /* its bytes are kept in self.bytes */
  uint64_t former;   /* the number of the device that made the backup; 0: not asked for yet */
  bool has_words;
  uint8_t words_key[32];
  char problem[160];
};

vls_err vls_restore_new(vls_restore **ret, vls_store *store, const vls_backup_head *head,
                        const uint8_t key[32]) {
  vls_self_row there;
  vls_backup_reader *reader;
  if (vls_self_get(store, &there)) {
    vls_self_done(&there);
    return VLS_EXISTS;
  }
  vls_err err = vls_backup_reader_new(&reader, head, key);
  if (err != VLS_OK) return err;
  vls_restore *r = vls_calloc(1, sizeof *r);
  r->reader = reader;
  if (head->lock == VLS_BACKUP_WORDS) {
    r->has_words = true;
    memcpy(r->words_key, key, 32);
  }
  vls_restore_begin(store);
  *ret = r;
  return VLS_OK;
}

void vls_restore_free(vls_restore *r) {
  if (r == NULL) return;
  vls_backup_reader_free(r->reader);
  vls_self_done(&r->self);
  vls_wipe(r, sizeof *r);
  free(r);
}

const char *vls_restore_problem(const vls_restore *r) {
  return r->problem;
}

const vls_backup_end *vls_restore_counts(const vls_restore *r) {
  return &r->counts;
}

static vls_err refuse(vls_restore *r, vls_store *store, vls_err err, const char *why) {
  snprintf(r->problem, sizeof r->problem, "%s", why);
  vls_restore_forget(store);
  return err;
}

/* A card that whoever dials it may rely on. */
static bool card_is_of(vls_slice card, const uint8_t identity[32], uint64_t seq) {
  vls_card_view view;
  return vls_card_open(&view, card) == VLS_OK && memcmp(view.card.identity, identity, 32) == 0 &&
         (seq == 0 || view.card.seq == seq);
}

static vls_slice keep(vls_buf *buf, vls_slice s) {
  vls_err err = vls_buf_put_slice(buf, s);
  VLS_ASSERT(err == VLS_OK);
  return (vls_slice){buf->p + buf->n - s.n, s.n};
}

static bool take_self(vls_restore *r, const vls_backup_self *s) {
  vls_sign_pair pair;
  vls_sign_from_seed(&pair, s->identity);
  bool right = memcmp(pair.pub, r->identity, 32) == 0 && card_is_of(s->card, pair.pub, s->card_seq);
  vls_wipe(&pair, sizeof pair);
  if (!right || (s->words_key.n != 0 && s->words_key.n != 32)) return false;
  size_t total = s->name.n + s->cert.n + s->card.n;
  vls_buf_init(&r->self.bytes, total);
  uint8_t *room = vls_buf_grow(&r->self.bytes, total); /* at once, so that nothing moves */
  VLS_ASSERT(room != NULL);
  r->self.bytes.n = 0;
  memcpy(r->self.identity_seed, s->identity, 32);
  memcpy(r->self.device_seed, s->device, 32);
  memcpy(r->self.dh_priv, s->dh, 32);
  r->self.card_seq = s->card_seq;
  r->self.name = keep(&r->self.bytes, s->name);
  r->self.cert = keep(&r->self.bytes, s->cert);
  r->self.card = keep(&r->self.bytes, s->card);
  if (s->words_key.n == 32) {
    r->has_words = true;
    memcpy(r->words_key, s->words_key.p, 32);
  }
  return true;
}

static bool contact_is_right(const vls_restore *r, const vls_backup_contact *c) {
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES];
  if (memcmp(c->identity, r->identity, 32) == 0) return false;
  if (c->card.n > 0 ? !card_is_of(c->card, c->identity, c->card_seq)
                    : c->state == VLS_CONTACT_READY || c->card_seq != 0)
    return false;
  bool right = c->link.n == 0 || vls_invite_parse(&invite, bytes, c->link) == VLS_OK;
  vls_wipe(bytes, sizeof bytes);
  vls_wipe(&invite, sizeof invite);
  return right;
}

static bool event_is_right(const vls_backup_event *e) {
  vls_event_header header;
  return vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, e->header, &header, NULL) ==
             VLS_OK &&
         header.seq == e->seq && e->first <= e->last;
}

/* What the device of the backup said is a former device's from the beginning, as vls_former_retire
 * would leave it: to change all of it at the end would take memory for each row. */
static uint64_t former(vls_restore *r, vls_store *store) {
  if (r->former == 0) r->former = vls_former_number(store);
  return r->former;
}

static void retire_message(vls_restore *r, vls_store *store, vls_backup_message *m) {
  vls_talk_row talk = {0};
  bool sent = m->state == VLS_MSG_SENT;
  if (m->device != 0 || vls_grp_is(store, m->contact)) return; /* of a group: vls_former_groups */
  if (sent || (m->state == VLS_MSG_FAILED && m->seq > 0)) m->device = former(r, store);
  if (sent && vls_talk_get(store, m->contact, &talk) && m->seq <= talk.seen)
    m->state = VLS_MSG_READ;
  else if (sent && m->seq <= talk.delivered)
    m->state = VLS_MSG_DELIVERED;
  else if (sent || m->state == VLS_MSG_QUEUED)
    m->state = VLS_MSG_HELD;
}

static bool take_row(vls_restore *r, vls_store *store) {
  vls_backup_row *row = &r->row;
  bool right = true;
  switch (row->kind) {
  case VLS_BACKUP_START: memcpy(r->identity, row->start.identity, 32); return true;
  case VLS_BACKUP_SELF: return take_self(r, &row->self);
  case VLS_BACKUP_CONTACT:
    r->counts.contacts++;
    right = contact_is_right(r, &row->contact);
    break;
  case VLS_BACKUP_EVENT:
    r->counts.events++;
    right = event_is_right(&row->event);
    if (row->event.device == 0) row->event.device = former(r, store);
    break;
  case VLS_BACKUP_MESSAGE:
    r->counts.messages++;
    retire_message(r, store, &row->message);
    break;
  case VLS_BACKUP_GROUP:
  case VLS_BACKUP_GROUP_DEVICE:
  case VLS_BACKUP_GROUP_ROW:
  case VLS_BACKUP_GROUP_EVENT:
  case VLS_BACKUP_SAID:
  case VLS_BACKUP_PADDING:
  case VLS_BACKUP_SETTING:
  case VLS_BACKUP_FORMER:
  case VLS_BACKUP_CHAIN:
  case VLS_BACKUP_OWN_CHAIN:
  case VLS_BACKUP_COUNTERS:
  case VLS_BACKUP_CONSUMER:
  case VLS_BACKUP_FEED:
  case VLS_BACKUP_SENT:
  case VLS_BACKUP_REMARK:
  case VLS_BACKUP_END: break;
  }
  return right && vls_restore_row(store, row) == VLS_OK;
}

vls_err vls_restore_put(vls_restore *r, vls_store *store, vls_slice chunks) {
  vls_err err = VLS_OK;
  while (chunks.n > 0 && err == VLS_OK) {
    size_t n = chunks.n < VLS_BACKUP_CHUNK ? chunks.n : VLS_BACKUP_CHUNK;
    err = vls_backup_reader_put(r->reader, (vls_slice){chunks.p, n});
    chunks = (vls_slice){chunks.p + n, chunks.n - n};
    while (err == VLS_OK && (err = vls_backup_reader_row(r->reader, &r->row)) == VLS_OK) {
      if (!take_row(r, store))
        return refuse(r, store, VLS_MALFORMED, "it holds what cannot be, though its seal is right");
      r->counts.rows++;
    }
    if (err == VLS_AGAIN) err = VLS_OK;
  }
  return err == VLS_OK ? VLS_OK : refuse(r, store, err, vls_backup_reader_problem(r->reader));
}

vls_err vls_restore_end(vls_restore *r, vls_store *store, vls_self *ret_self, vls_rng *rng,
                        const vls_slice *addresses, size_t n_addresses, uint64_t now_ms) {
  if (!vls_backup_reader_is_whole(r->reader))
    return refuse(r, store, VLS_MALFORMED, "its end is missing");
  vls_self_put(store, &r->self);
  if (r->has_words) vls_backup_key_put(store, r->words_key, now_ms);
  vls_restore_close(store);
  vls_err err = vls_store_error(store);
  return err != VLS_OK ? err : vls_self_renew(ret_self, store, rng, addresses, n_addresses, now_ms);
}
