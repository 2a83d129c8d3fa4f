#include "event/group.h"

#include "crypto/kdf.h"
#include "crypto/x3dh.h"
#include "event/event.h"

enum { ACTS_FROM = 32, ACTS_TO = 63 };

static bool is_act(uint64_t kind) {
  return kind >= ACTS_FROM && kind <= ACTS_TO;
}

/* The table of a kind of act and where its struct is; NULL: not known here. */
static const vls_wire_def *act_table(vls_group_act *act, uint64_t kind, void **ret_body) {
  static const struct {
    vls_group_kind kind;
    const vls_wire_def *def;
  } tables[] = {{VLS_GROUP_GENESIS, &vls_act_genesis_def}, {VLS_GROUP_SET, &vls_act_set_def},
                {VLS_GROUP_REMOVE, &vls_act_remove_def},   {VLS_GROUP_ADMIT, &vls_act_admit_def},
                {VLS_GROUP_LEAF, &vls_act_leaf_def},       {VLS_GROUP_RULES, &vls_act_rules_def},
                {VLS_GROUP_INVITE, &vls_act_invite_def},   {VLS_GROUP_COMMIT, &vls_act_commit_def}};
  *ret_body = kind == VLS_GROUP_COMMIT ? (void *)&act->commit : (void *)&act->genesis;
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    if (tables[i].kind == kind) return tables[i].def;
  return NULL;
}

static vls_err read_act(vls_group_act *act, const vls_item *item) {
  void *body;
  vls_act_seen seen;
  const vls_wire_def *def = act_table(act, item->kind, &body);
  if (item->kind == VLS_GROUP_SEEN) def = &vls_act_seen_def, body = &seen;
  act->kind = def == NULL ? VLS_GROUP_SEEN : (vls_group_kind)item->kind;
  act->has_commit |= item->kind == VLS_GROUP_COMMIT;
  return def == NULL ? VLS_OK : vls_wire_decode(def, VLS_WIRE_STRICT, item->body, body, NULL);
}

/* A commit stands alone or after an act; a genesis has one; words are all words (GROUP 2.2). */
vls_err vls_group_classify(vls_group_said *said) {
  const vls_item *items = said->items;
  said->act = (vls_group_act){.kind = VLS_GROUP_WORDS};
  if (!is_act(items[0].kind)) {
    for (size_t i = 1; i < said->n_items; i++)
      if (is_act(items[i].kind)) return VLS_MALFORMED;
    return VLS_OK;
  }
  if (said->n_items > 2) return VLS_MALFORMED;
  if (said->n_items == 2 &&
      (items[1].kind != VLS_GROUP_COMMIT || items[0].kind == VLS_GROUP_COMMIT))
    return VLS_MALFORMED;
  vls_err err = VLS_OK;
  if (said->n_items == 2) err = read_act(&said->act, &items[1]);
  if (err == VLS_OK) err = read_act(&said->act, &items[0]);
  if (err != VLS_OK) return err;
  const vls_group_act *act = &said->act;
  if (act->kind == VLS_GROUP_GENESIS && !act->has_commit) return VLS_MALFORMED;
  if (act->has_commit && act->commit.dh.n != (act->commit.fresh ? 32u : 0u)) return VLS_MALFORMED;
  return VLS_OK;
}

/* Items are hashed as received, never re-encoded. */
static vls_err hash_received(vls_slice encoded, vls_group_header *header) {
  enum { FIELDS = 10 };
  vls_slice fields[FIELDS], items[VLS_EVENT_ITEMS];
  size_t n = 0;
  vls_err err = vls_wire_split(encoded, VLS_WIRE_STRICT, fields, FIELDS, &n);
  if (err == VLS_OK)
    err = vls_wire_split(fields[FIELDS - 1], VLS_WIRE_STRICT, items, VLS_EVENT_ITEMS, &n);
  if (err != VLS_OK) return err;
  for (size_t i = 0; i < n; i++)
    vls_item_hash(header->items[i], items[i]);
  header->n_items = n;
  return VLS_OK;
}

static bool ascending(const uint8_t ids[][32], size_t n) {
  for (size_t i = 1; i < n; i++)
    if (memcmp(ids[i - 1], ids[i], 32) >= 0) return false;
  return true;
}

/* What was left out is the reader's to know. */
static vls_err fill(uint8_t out[32], vls_slice given, const uint8_t *known) {
  if (given.n != 32 && (given.n != 0 || known == NULL)) return VLS_MALFORMED;
  memcpy(out, given.n == 32 ? given.p : known, 32);
  return VLS_OK;
}

static vls_err hash_header(vls_group_said *said) {
  vls_buf encoded;
  vls_buf_init(&encoded, vls_group_header_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_header_def, &said->header, &encoded);
  if (err == VLS_OK) vls_sha256(said->id, vls_buf_slice(&encoded));
  vls_buf_done(&encoded);
  return err;
}

static void put_parents(vls_group_header *h, const vls_group_event *e) {
  memcpy(h->acts, e->acts, e->n_acts * 32);
  memcpy(h->after, e->after, e->n_after * 32);
  h->n_acts = e->n_acts;
  h->n_after = e->n_after;
}

vls_err vls_group_read(vls_group_said *ret, vls_slice encoded, const vls_group_where *where) {
  vls_group_event e;
  vls_group_header *h = &ret->header;
  vls_err err = vls_wire_decode(&vls_group_event_def, VLS_WIRE_STRICT, encoded, &e, NULL);
  if (err != VLS_OK) return err;
  *h = (vls_group_header){.suite = VLS_SUITE_1, .seq = e.seq, .stamp = e.stamp};
  memcpy(h->prev, e.prev, 32);
  put_parents(h, &e);
  if (!ascending(h->acts, h->n_acts) || !ascending(h->after, h->n_after)) return VLS_MALFORMED;
  err = fill(h->author, e.author, where->author);
  if (err == VLS_OK) err = fill(h->device, e.device, where->device);
  if (err == VLS_OK) err = fill(h->roster, e.roster, where->roster);
  if (err == VLS_OK) err = hash_received(encoded, h);
  memcpy(ret->sig, e.sig, sizeof ret->sig);
  memcpy(ret->items, e.items, e.n_items * sizeof e.items[0]);
  ret->n_items = e.n_items;
  if (err == VLS_OK) err = vls_group_classify(ret);
  if (err != VLS_OK) return err;
  bool genesis = ret->act.kind == VLS_GROUP_GENESIS;
  if (genesis && (h->n_acts != 0 || h->n_after != 0)) return VLS_MALFORMED;
  if (!genesis && h->n_acts == 0) return VLS_MALFORMED;
  if (!genesis) memcpy(h->group, where->group, 32);
  return hash_header(ret);
}

static vls_sign_ctx context_of(const vls_group_said *said) {
  return is_act(said->items[0].kind) ? VLS_CTX_GROUP_CONTROL : VLS_CTX_GROUP_MESSAGE;
}

vls_err vls_group_verify(const vls_group_said *said) {
  return vls_verify_hash(said->sig, said->header.device, context_of(said), said->id);
}

static vls_err hash_items(vls_group_said *said) {
  vls_buf one;
  vls_err err = VLS_OK;
  vls_buf_init(&one, vls_item_def.max_bytes);
  for (size_t i = 0; i < said->n_items && err == VLS_OK; i++) {
    vls_buf_clear(&one);
    err = vls_wire_encode(&vls_item_def, &said->items[i], &one);
    if (err == VLS_OK) vls_item_hash(said->header.items[i], vls_buf_slice(&one));
  }
  said->header.n_items = said->n_items;
  vls_buf_done(&one);
  return err;
}

vls_err vls_group_sign(vls_group_said *said, const vls_sign_pair *device) {
  vls_err err = hash_items(said);
  if (err == VLS_OK) err = hash_header(said);
  if (err == VLS_OK) vls_sign_hash(said->sig, device, context_of(said), said->id);
  return err;
}

static vls_slice unless(const uint8_t value[32], const uint8_t *known) {
  if (known != NULL && memcmp(value, known, 32) == 0) return (vls_slice){0};
  return vls_slice_of(value, 32);
}

vls_err vls_group_write(vls_buf *out, const vls_group_said *said, const vls_group_where *where) {
  static const vls_group_where nothing;
  const vls_group_header *h = &said->header;
  if (where == NULL) where = &nothing;
  vls_group_event e = {.author = unless(h->author, where->author),
                       .device = unless(h->device, where->device),
                       .roster = unless(h->roster, where->roster),
                       .seq = h->seq,
                       .stamp = h->stamp,
                       .n_acts = h->n_acts,
                       .n_after = h->n_after,
                       .n_items = said->n_items};
  memcpy(e.prev, h->prev, 32);
  memcpy(e.acts, h->acts, h->n_acts * 32);
  memcpy(e.after, h->after, h->n_after * 32);
  memcpy(e.sig, said->sig, sizeof e.sig);
  memcpy(e.items, said->items, said->n_items * sizeof e.items[0]);
  return vls_wire_encode(&vls_group_event_def, &e, out);
}

vls_err vls_group_core(uint8_t ret_core[32], const vls_group_said *said) {
  vls_group_said copy = *said;
  vls_buf body;
  vls_act_commit commit = said->act.commit;
  memset(commit.confirm, 0, sizeof commit.confirm);
  vls_buf_init(&body, vls_act_commit_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_act_commit_def, &commit, &body);
  copy.items[copy.n_items - 1].body = vls_buf_slice(&body);
  if (err == VLS_OK) err = hash_items(&copy);
  if (err == VLS_OK) err = hash_header(&copy);
  memcpy(ret_core, copy.id, 32);
  vls_buf_done(&body);
  return err;
}

void vls_group_context(uint8_t ret[VLS_GROUP_CONTEXT], const vls_group_header *header,
                       const uint8_t base[32], const uint8_t root[32]) {
  memcpy(ret, header->group, 32);
  memcpy(ret + 32, base, 32);
  vls_sha256(ret + 64, vls_slice_of(header->acts, header->n_acts * 32));
  memcpy(ret + 96, root, 32);
  vls_be16_put(ret + 128, VLS_SUITE_1);
}
