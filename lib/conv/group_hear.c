/* What comes in: opened, judged by the acts it names, put into the graph; or it waits. */
#include "conv/group_int.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"

/* Waiting */

static bool has_room(vls_group *g, uint32_t sealer, size_t bytes) {
  size_t of_sealer = 0;
  for (size_t i = 0; i < g->n_pending; i++)
    of_sealer += g->pending[i].sealer == sealer ? 1 : 0;
  bool blind = sealer == NOBODY || sealer == LETTER;
  size_t most = blind ? VLS_GROUP_PENDING_BLIND : VLS_GROUP_PENDING_EACH;
  return of_sealer < most && g->n_pending < VLS_GROUP_PENDING &&
         g->pending_bytes + bytes <= VLS_GROUP_PENDING_BYTES;
}

static bool waits(const vls_group *g, const uint8_t id[32]) {
  for (size_t i = 0; i < g->n_pending; i++)
    if (memcmp(g->pending[i].id, id, 32) == 0) return true;
  return false;
}

/* VLS_AGAIN: it waits now. */
static vls_err wait_for(vls_group *g, const gr_pending *p, vls_slice bytes) {
  if (waits(g, p->id)) return VLS_DUPLICATE;
  if (!has_room(g, p->sealer, bytes.n)) return VLS_LIMITED;
  gr_pending *slot = &g->pending[g->n_pending++];
  *slot = *p;
  slot->number = g->next_number++;
  vls_gr_note_number(g, ROW_WAIT, slot->number, NO_ROW, false);
  vls_buf_init(&slot->bytes, bytes.n);
  vls_err err = vls_buf_put_slice(&slot->bytes, bytes);
  VLS_ASSERT(err == VLS_OK);
  g->pending_bytes += bytes.n;
  return VLS_AGAIN;
}

static gr_pending take_pending(vls_group *g, size_t i) {
  gr_pending p = g->pending[i];
  vls_gr_note_number(g, ROW_WAIT, p.number, NO_ROW, true);
  g->n_pending--;
  memmove(&g->pending[i], &g->pending[i + 1], (g->n_pending - i) * sizeof p);
  g->pending_bytes -= p.bytes.n;
  return p;
}

static vls_err wait_blind(vls_group *g, vls_slice record) {
  gr_pending p = {.sealer = NOBODY};
  vls_sha256(p.id, record);
  return wait_for(g, &p, record);
}

/* o NULL: it came in a letter. */
static vls_err wait_event(vls_group *g, const vls_group_said *said, const gr_opened *o) {
  gr_pending p = {.is_event = true, .sealer = LETTER};
  vls_buf full;
  memcpy(p.id, said->id, 32);
  memcpy(p.lacks, g->lacks, 32);
  if (o != NULL) {
    memcpy(p.epoch, o->epoch->id, 32);
    p.leaf = o->leaf;
    p.generation = o->generation;
    p.sealer = o->epoch->roster.leaves[o->leaf].device;
  }
  vls_buf_init(&full, VLS_GROUP_EVENT_MAX);
  vls_err err = vls_group_write(&full, said, NULL);
  if (err == VLS_OK) err = wait_for(g, &p, vls_buf_slice(&full));
  vls_buf_done(&full);
  return err;
}

/* Taking */

static uint32_t add_act(vls_group *g, const vls_group_said *said, uint32_t target) {
  if (g->n_acts == g->cap_acts) {
    g->cap_acts = g->cap_acts == 0 ? 16 : g->cap_acts * 2;
    g->acts = vls_realloc(g->acts, g->cap_acts * sizeof *g->acts);
  }
  uint32_t number = (uint32_t)g->n_acts++;
  gr_act *act = &g->acts[number];
  *act = (gr_act){.target = target, .kind = said->act.kind, .has_commit = said->act.has_commit};
  act->newest = true;
  vls_buf_init(&act->bytes, VLS_GROUP_EVENT_MAX);
  vls_err err = vls_group_write(&act->bytes, said, NULL);
  VLS_ASSERT(err == VLS_OK);
  if (act->has_commit && act->kind != VLS_GROUP_GENESIS) {
    const gr_row *base = vls_gr_row(g, said->act.commit.base);
    if (base != NULL && base->act < number) act->epoch_depth = g->acts[base->act].epoch_depth + 1;
  }
  return number;
}

static vls_act_kind judged_as(const vls_group_act *act) {
  switch (act->kind) {
  case VLS_GROUP_SET: return VLS_ACT_SET;
  case VLS_GROUP_REMOVE: return VLS_ACT_REMOVE;
  case VLS_GROUP_ADMIT: return VLS_ACT_ADMIT;
  case VLS_GROUP_WORDS:
  case VLS_GROUP_GENESIS:
  case VLS_GROUP_LEAF:
  case VLS_GROUP_RULES:
  case VLS_GROUP_INVITE:
  case VLS_GROUP_SEEN:
  case VLS_GROUP_COMMIT: return VLS_ACT_WORDS;
  }
  return VLS_ACT_WORDS;
}

static void tell_event(vls_group *g, const vls_group_said *said, uint32_t device) {
  vls_buf full;
  vls_buf_init(&full, VLS_GROUP_EVENT_MAX);
  vls_err err = vls_group_write(&full, said, NULL);
  VLS_ASSERT(err == VLS_OK);
  vls_gr_tell(g, VLS_TOLD_EVENT, said->id, device, 0, vls_buf_slice(&full));
  vls_buf_done(&full);
}

static void announce(vls_group *g, uint32_t act, const gr_change *c) {
  if (c->device != NOBODY)
    vls_gr_announce(g, c->device, act, c->ann.made, c->ann.gone ? NULL : c->ann.dh);
  if (c->device2 != NOBODY) vls_gr_announce(g, c->device2, act, c->ann2.made, c->ann2.dh);
}

/* Everything about it was found right. */
static void put_act(vls_group *g, const vls_group_said *said, const uint32_t *heads,
                    uint32_t device, const gr_change *change, uint64_t now) {
  uint32_t number, row;
  vls_act act = {.kind = judged_as(&said->act),
                 .author = g->devices[device].person,
                 .target = change->person == NOBODY ? 0 : change->person,
                 .level = change->level,
                 .parents = heads,
                 .n_parents = said->header.n_acts};
  vls_err err = vls_authority_add(g->authority, &act, &number);
  VLS_ASSERT(err == VLS_OK && number == g->n_acts);
  number = add_act(g, said, change->person);
  row = vls_gr_row_add(g, said, heads, device, number, now);
  g->acts[number].row = row;
  for (size_t i = 0; i < said->header.n_acts; i++)
    g->acts[heads[i]].newest = false;
  announce(g, number, change);
  g->changed = true;
}

static bool is_redundant(const vls_group *g, const uint32_t *heads, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++)
      if (i != k && vls_authority_saw(g->authority, heads[i], heads[k])) return true;
  return false;
}

static vls_err take_act(vls_group *g, const vls_group_said *said, const uint32_t *heads,
                        uint32_t device, gr_change *change, const vls_past *past, uint64_t now) {
  gr_roster roster = {0};
  if (g->n_acts >= VLS_ACTS_MAX) return VLS_LIMITED;
  if (g->loading && said->act.has_commit) {
    vls_gr_commit_announces(change, said, device);
  } else if (said->act.has_commit) {
    vls_err err = vls_gr_commit_check(g, said, past, device, change, &roster);
    if (err != VLS_OK) return err;
  }
  put_act(g, said, heads, device, change, now);
  tell_event(g, said, device);
  if (said->act.has_commit && !g->loading)
    vls_gr_epoch_begin(g, said, (uint32_t)g->n_acts - 1, &roster, now);
  if (said->act.kind != VLS_GROUP_SEEN && said->act.kind != VLS_GROUP_COMMIT)
    vls_gr_tell(g, VLS_TOLD_JUDGED, said->id, device, 0, (vls_slice){0});
  return VLS_OK;
}

vls_err vls_gr_take_genesis(vls_group *g, const vls_group_said *said, uint64_t now) {
  const vls_act_genesis *genesis = &said->act.genesis;
  uint32_t founders[VLS_GROUP_FOUNDERS], device = NOBODY;
  vls_device_cert cert;
  if (g->authority != NULL || memcmp(said->id, g->id, 32) != 0) return VLS_FORGED;
  vls_err err = vls_group_verify(said);
  if (err == VLS_OK) err = vls_group_cert_check(&cert, &genesis->cert);
  if (err != VLS_OK) return err;
  if (memcmp(cert.sign, said->header.device, 32) != 0 ||
      memcmp(cert.identity, said->header.author, 32) != 0 || !said->act.commit.fresh)
    return VLS_FORGED;
  for (size_t i = 0; i < genesis->n_founders; i++) {
    founders[i] = vls_gr_person_add(g, genesis->founders[i]);
    if (memcmp(genesis->founders[i], cert.identity, 32) == 0)
      device = vls_gr_device_add(g, founders[i], cert.sign, cert.dh);
  }
  if (device == NOBODY) return VLS_FORGED;
  g->authority = vls_authority_new(founders, genesis->n_founders);
  gr_change change = {.person = NOBODY, .device = NOBODY, .device2 = NOBODY};
  vls_past *past = vls_authority_past(g->authority, NULL, 0);
  err = take_act(g, said, NULL, device, &change, past, now);
  vls_past_free(past);
  if (err == VLS_OK) return VLS_OK;
  vls_authority_free(g->authority);
  g->authority = NULL;
  return err;
}

vls_err vls_gr_take(vls_group *g, const vls_group_said *said, uint64_t now) {
  const vls_group_header *h = &said->header;
  uint32_t heads[VLS_GROUP_PARENTS];
  gr_change change;
  if (vls_gr_row(g, said->id) != NULL) return VLS_DUPLICATE;
  if (said->act.kind == VLS_GROUP_GENESIS) return vls_gr_take_genesis(g, said, now);
  if (!vls_gr_heads(g, h, heads, g->lacks)) return VLS_AGAIN;
  if (is_redundant(g, heads, h->n_acts)) return VLS_MALFORMED;
  uint32_t device = vls_gr_device(g, h->device);
  if (device == NOBODY) return VLS_FORGED;
  uint32_t author = g->devices[device].person;
  if (memcmp(g->people[author].identity, h->author, 32) != 0) return VLS_FORGED;
  vls_err err = g->loading ? VLS_OK : vls_group_verify(said);
  if (err != VLS_OK) return err;
  const vls_past *past = vls_gr_past(g, heads, h->n_acts);
  err = vls_gr_permitted(g, said, past, author, device, &change);
  if (err != VLS_OK) return err;
  if (said->act.kind != VLS_GROUP_WORDS)
    return take_act(g, said, heads, device, &change, past, now);
  vls_gr_row_add(g, said, heads, device, NO_ACT, now);
  tell_event(g, said, device);
  return VLS_OK;
}

/* Hearing */

static vls_err read_opened(const vls_group *g, const gr_opened *o, vls_slice plain,
                           vls_group_said *ret) {
  vls_slice encoded;
  const gr_epoch *e = o->epoch;
  const gr_device *d = &g->devices[e->roster.leaves[o->leaf].device];
  vls_group_where where = {g->id, g->people[d->person].identity, d->sign, e->roster.root};
  vls_err err = vls_unpad(plain, &encoded);
  if (err == VLS_OK) err = vls_group_read(ret, encoded, &where);
  if (err != VLS_OK) return err;
  /* Nobody passes on what was said to others as if it had been said here. */
  bool as_sealed = memcmp(ret->header.device, where.device, 32) == 0 &&
                   (ret->act.has_commit || memcmp(ret->header.roster, where.roster, 32) == 0);
  return as_sealed ? VLS_OK : VLS_FORGED;
}

static bool lets_in(const vls_group_gate *gate, const vls_group_said *said, size_t bytes) {
  vls_group_facts facts = {said->header.author, said->header.stamp, bytes};
  bool words = said->act.kind == VLS_GROUP_WORDS;
  return gate == NULL || !words || gate->is_open(gate->arg, &facts);
}

static vls_err hear(vls_group *g, vls_slice record, uint64_t now, const vls_group_gate *gate) {
  gr_opened o;
  vls_buf plain;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_buf_init(&plain, VLS_GROUP_RECORD_MAX);
  vls_err err = vls_gr_open(g, record, &o, &plain);
  if (err == VLS_UNKNOWN) {
    err = wait_blind(g, record);
  } else if (err == VLS_OK) {
    err = read_opened(g, &o, vls_buf_slice(&plain), said);
    if (err == VLS_OK && vls_gr_row(g, said->id) == NULL && !lets_in(gate, said, record.n))
      err = VLS_LIMITED;
    if (err == VLS_OK) {
      /* The epoch may go when a commit is taken. */
      uint8_t epoch[32];
      memcpy(epoch, o.epoch->id, 32);
      err = vls_gr_take(g, said, now);
      if (err == VLS_AGAIN) err = wait_event(g, said, &o);
      o.epoch = vls_gr_epoch(g, epoch);
      /* Every member can seal an event of somebody else once more under that one's next keys. */
      bool proved = err == VLS_OK || err == VLS_DUPLICATE || err == VLS_AGAIN;
      if (o.epoch != NULL && proved) vls_gr_spend(&o, err != VLS_OK);
      if (o.epoch != NULL && err == VLS_OK) {
        o.epoch->records++;
        o.epoch->new_use = true;
      }
    }
  }
  vls_wipe(&o, sizeof o);
  vls_buf_done(&plain);
  free(said);
  return err;
}

static vls_err take_waiting(vls_group *g, gr_pending *p, uint64_t now) {
  vls_group_where where = {.group = g->id};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_err err = vls_group_read(said, vls_buf_slice(&p->bytes), &where);
  if (err == VLS_OK) err = vls_gr_take(g, said, now);
  gr_epoch *e = vls_gr_epoch(g, p->epoch);
  if (err == VLS_AGAIN)
    memcpy(p->lacks, g->lacks, 32);
  else if (e != NULL && (err == VLS_OK || err == VLS_DUPLICATE))
    vls_gr_burn(e, p->leaf, p->generation);
  free(said);
  return err;
}

static bool is_ready(const vls_group *g, const gr_pending *p, bool opened) {
  static const uint8_t nothing[32];
  if (!p->is_event) return opened;
  return vls_gr_row(g, p->lacks) != NULL || memcmp(p->lacks, nothing, 32) == 0;
}

/* Each pass is one walk; there is another while something moved. */
void vls_gr_retry(vls_group *g, uint64_t now) {
  bool moved = true;
  while (moved) {
    vls_gr_epoch_follow(g);
    bool opened = g->opened;
    moved = false;
    g->opened = false;
    size_t i = 0;
    for (size_t left = g->n_pending; left > 0 && i < g->n_pending; left--) {
      if (!is_ready(g, &g->pending[i], opened)) {
        i++;
        continue;
      }
      gr_pending p = take_pending(g, i);
      vls_err err =
          p.is_event ? take_waiting(g, &p, now) : hear(g, vls_buf_slice(&p.bytes), now, NULL);
      if (p.is_event && err == VLS_AGAIN) {
        err = wait_for(g, &p, vls_buf_slice(&p.bytes));
        VLS_ASSERT(err == VLS_AGAIN); /* it had this room before */
      } else if (err != VLS_AGAIN) {
        moved = moved || err == VLS_OK;
      }
      vls_buf_done(&p.bytes);
    }
    moved = moved || g->opened;
  }
}

vls_err vls_gr_hear_event(vls_group *g, vls_slice encoded, uint64_t now) {
  vls_group_where where = {.group = g->id};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_err err = vls_group_read(said, encoded, &where);
  if (err == VLS_OK) err = vls_gr_take(g, said, now);
  if (err == VLS_AGAIN) err = wait_event(g, said, NULL);
  free(said);
  return err;
}

vls_err vls_group_hear(vls_group *g, vls_slice record, uint64_t now) {
  return vls_group_hear_gated(g, record, now, NULL);
}

vls_err vls_group_hear_gated(vls_group *g, vls_slice record, uint64_t now,
                             const vls_group_gate *gate) {
  if (record.n > VLS_GROUP_RECORD_MAX) return VLS_TOO_BIG;
  vls_err err = hear(g, record, now, gate);
  if (err == VLS_OK) vls_gr_retry(g, now);
  return err;
}
