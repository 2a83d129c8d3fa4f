/* Contacts in memory, and the sessions of those in use. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "citizen/id.h"
#include "core/core_int.h"
#include "core/members.h"
#include "store/group_due.h"

uint64_t vls_peer_unread(vls_core *core, vls_peer *peer) {
  if (!peer->unread_known)
    peer->unread = vls_message_count_unread(core->store, peer->row.id, peer->talk.read_n);
  peer->unread_known = vls_store_error(core->store) == VLS_OK;
  return peer->unread;
}

bool vls_peer_visible(const vls_peer *peer) {
  return peer->row.state != VLS_CONTACT_REMOVED && peer->row.state != VLS_CONTACT_MEMBER;
}

/* The slot this identity is in, or the free one where it belongs. */
static size_t face_of(const vls_core *core, const uint8_t identity[32]) {
  uint64_t mixed = vls_be64_get(identity) * UINT64_C(0x9e3779b97f4a7c15);
  size_t i = (size_t)(mixed >> 32) & (core->n_faces - 1);
  while (core->faces[i] != NULL && memcmp(core->faces[i]->row.identity, identity, 32) != 0)
    i = (i + 1) & (core->n_faces - 1);
  return i;
}

static void grow(vls_core *core) {
  core->cap_peers = core->cap_peers == 0 ? 16 : core->cap_peers * 2;
  core->peers = vls_realloc(core->peers, core->cap_peers * sizeof(vls_peer *));
  free(core->faces);
  core->n_faces = core->cap_peers * 2;
  core->faces = vls_calloc(core->n_faces, sizeof(vls_peer *));
  for (size_t i = 0; i < core->n_peers; i++)
    core->faces[face_of(core, core->peers[i]->row.identity)] = core->peers[i];
}

static vls_peer *add(vls_core *core, const vls_contact_row *row) {
  if (core->n_peers == core->cap_peers) grow(core);
  vls_peer *peer = vls_calloc(1, sizeof *peer);
  peer->row = *row;
  vls_buf_init(&peer->prefix, VLS_RECORD_MAX);
  peer->next_dial = VLS_NEVER;
  core->peers[core->n_peers++] = peer;
  core->faces[face_of(core, row->identity)] = peer;
  return peer;
}

void vls_peers_load(vls_core *core) {
  vls_contact_row row = {0};
  while (vls_contact_next(core->store, row.id, &row)) {
    vls_peer *peer = add(core, &row);
    vls_talk_get(core->store, row.id, &peer->talk);
    if (!vls_peer_visible(peer)) continue;
    peer->has_queued = vls_message_count_queued(core->store, row.id) > 0;
    /* A receipt may have been held back behind it. */
    peer->receipt_due = peer->read_due = vls_outbox_has_bare(core->store, row.id);
    if (core->no_read_receipts) peer->read_due = false;
    peer->invites_due = vls_gdue_whom(core->store, VLS_GDUE_INVITE, row.id - 1) == row.id;
    peer->card_due = row.state == VLS_CONTACT_READY && peer->talk.card_sent < core->self.card_seq;
    vls_dial_schedule(core, peer, vls_rng_below(&core->rng, 2000));
  }
  vls_wipe(&row, sizeof row);
}

void vls_peer_unload(vls_core *core, vls_peer *peer) {
  vls_peer_flush(core, peer);
  if (peer->sessions != NULL) vls_wipe(peer->sessions, VLS_SESSIONS_MAX * sizeof *peer->sessions);
  free(peer->sessions);
  peer->sessions = NULL;
  peer->n_sessions = 0;
  peer->sessions_loaded = false;
}

void vls_peers_free(vls_core *core) {
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    if (peer->sessions != NULL) vls_wipe(peer->sessions, VLS_SESSIONS_MAX * sizeof *peer->sessions);
    free(peer->sessions);
    for (size_t k = 0; k < peer->n_pending; k++)
      vls_buf_done(&peer->pending[k].text);
    free(peer->pending);
    vls_buf_done(&peer->prefix);
    vls_member_free(peer);
    vls_wipe(peer, sizeof *peer);
    free(peer);
  }
  free(core->peers);
  free(core->faces);
  core->peers = core->faces = NULL;
  core->n_peers = core->cap_peers = core->n_faces = core->n_members = 0;
}

vls_peer *vls_peer_get(vls_core *core, uint64_t id) {
  size_t lo = 0, hi = core->n_peers;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (core->peers[mid]->row.id < id)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < core->n_peers && core->peers[lo]->row.id == id ? core->peers[lo] : NULL;
}

vls_peer *vls_peer_by_identity(vls_core *core, const uint8_t identity[32]) {
  return core->n_faces == 0 ? NULL : core->faces[face_of(core, identity)];
}

bool vls_peers_full(const vls_core *core) {
  size_t contacts = 0;
  for (size_t i = 0; i < core->n_peers; i++)
    contacts += vls_peer_visible(core->peers[i]) ? 1 : 0;
  return contacts >= VLS_CONTACTS_MAX;
}

static void fold_of(const vls_contact_row *row, vls_buf *fold) {
  vls_buf_init(fold, VLS_FOLD_MAX);
  vls_contact_fold(row, fold);
}

static bool name_is_free(vls_core *core, const vls_contact_row *row) {
  vls_buf fold;
  fold_of(row, &fold);
  uint64_t holder = vls_contact_by_fold(core->store, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  return holder == 0 || holder == row->id;
}

/* What begins the name of somebody else than a contact. */
static bool is_mark(uint8_t c) {
  return c == VLS_MEMBER_MARK || c == VLS_GROUP_MARK;
}

/* "bao", else "bao 2", "bao 3" ... */
static void choose_name(vls_core *core, vls_contact_row *row, vls_slice wish) {
  while (wish.n > 0 && is_mark(wish.p[0])) {
    wish.p++;
    wish.n--;
  }
  if (wish.n == 0 || !vls_utf8_ok(wish)) wish = vls_slice_str("unnamed");
  vls_text_copy(row->name, wish, VLS_NAME_MAX);
  for (unsigned i = 2; !name_is_free(core, row); i++) {
    char tail[16];
    int n = snprintf(tail, sizeof tail, " %u", i);
    vls_text_copy(row->name, wish, VLS_NAME_MAX - (size_t)n);
    size_t at = strlen(row->name);
    memcpy(row->name + at, tail, (size_t)n + 1);
  }
}

/* A claim that another contact's petname looks like is worth a warning. */
static void check_claim(vls_core *core, vls_peer *peer) {
  vls_contact_row probe = {.id = peer->row.id};
  char text[VLS_PROBLEM_MAX + 1];
  memcpy(probe.name, peer->row.claim, sizeof probe.name);
  if (probe.name[0] == '\0' || name_is_free(core, &probe)) return;
  snprintf(text, sizeof text,
           "calls themselves \"%s\", which looks like another contact's name: "
           "compare the safety number",
           peer->row.claim);
  vls_peer_problem(core, peer, text);
}

/* The card stays under another seq. */
static void number_card(vls_core *core, vls_peer *peer, bool void_it) {
  vls_buf card;
  vls_card_view view;
  vls_buf_init(&card, VLS_CARD_MAX);
  if (vls_contact_card(core->store, peer->row.id, &card) &&
      vls_card_open_known(&view, vls_buf_slice(&card)) == VLS_OK) {
    peer->row.card_seq = void_it ? 0 : view.card.seq;
    vls_contact_set_card(core->store, peer->row.id, peer->row.card_seq, vls_buf_slice(&card));
  }
  vls_buf_done(&card);
}

vls_peer *vls_peer_new(vls_core *core, const uint8_t identity[32], vls_slice name, vls_slice claim,
                       vls_contact_state state) {
  vls_peer *peer = vls_peer_by_identity(core, identity);
  vls_contact_row fresh = {.created = vls_core_wall(core)};
  vls_contact_row *row = peer != NULL ? &peer->row : &fresh;
  bool was_member = peer != NULL && peer->row.state == VLS_CONTACT_MEMBER;
  if (peer != NULL) vls_member_promote(core, peer);
  if (was_member) number_card(core, peer, true); /* the invitation's own card begins the session */
  memcpy(row->identity, identity, 32);
  row->state = state;
  row->blocked = row->verified = false;
  row->problem[0] = '\0';
  vls_text_copy(row->claim, claim, VLS_NAME_MAX);
  choose_name(core, row, name);
  if (peer == NULL) {
    vls_buf fold;
    fold_of(row, &fold);
    vls_contact_put(core->store, row, vls_buf_slice(&fold));
    vls_buf_done(&fold);
    peer = add(core, row);
  }
  check_claim(core, peer);
  peer->row_dirty = true;
  vls_peer_flush(core, peer); /* at once: the next contact must see that the name is taken */
  vls_peer_touch(core, peer);
  return peer;
}

vls_peer *vls_peer_meet(vls_core *core, const uint8_t identity[32]) {
  vls_peer *peer = vls_peer_by_identity(core, identity);
  if (peer != NULL) return peer;
  vls_contact_row row = {.created = vls_core_wall(core), .state = VLS_CONTACT_REMOVED};
  memcpy(row.identity, identity, 32);
  vls_buf fold;
  fold_of(&row, &fold);
  vls_contact_put(core->store, &row, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  return add(core, &row);
}

vls_err vls_peer_rename(vls_core *core, vls_peer *peer, vls_slice name) {
  vls_contact_row probe = peer->row;
  if (name.n == 0 || name.n > VLS_NAME_MAX || !vls_utf8_ok(name) || is_mark(name.p[0]))
    return VLS_MALFORMED;
  vls_text_copy(probe.name, name, VLS_NAME_MAX);
  if (!name_is_free(core, &probe)) return VLS_EXISTS;
  vls_text_copy(peer->row.name, name, VLS_NAME_MAX);
  peer->row_dirty = true;
  vls_peer_flush(core, peer); /* at once: the next command may ask for the name */
  return VLS_OK;
}

void vls_peer_claim(vls_core *core, vls_peer *peer, vls_slice claim) {
  char id[VLS_ID_TEXT + 1];
  bool news = !vls_slice_eq(vls_slice_str(peer->row.claim), claim);
  vls_text_copy(peer->row.claim, claim, VLS_NAME_MAX);
  vls_id_text(id, peer->row.identity);
  bool unnamed = vls_peer_visible(peer) && strlen(peer->row.name) == VLS_SHORT_ID &&
                 strncmp(peer->row.name, id, VLS_SHORT_ID) == 0;
  if (unnamed && claim.n > 0) choose_name(core, &peer->row, claim);
  if (news && vls_peer_visible(peer)) check_claim(core, peer);
  peer->row_dirty = true;
  vls_peer_flush(core, peer);
}

void vls_peer_set_keys(vls_core *core, vls_peer *peer, const uint8_t psk[32],
                       const uint8_t knock[32]) {
  memcpy(peer->row.psk2, peer->row.psk, 32);
  memcpy(peer->row.knock2, peer->row.knock, 32);
  memcpy(peer->row.psk, psk, 32);
  memcpy(peer->row.knock, knock, 32);
  peer->row_dirty = true;
  vls_peer_touch(core, peer);
}

void vls_peer_problem(vls_core *core, vls_peer *peer, const char *text) {
  snprintf(peer->row.problem, sizeof peer->row.problem, "%s", text);
  peer->row_dirty = true;
  vls_peer_touch(core, peer);
}

void vls_peer_alarm(vls_core *core, vls_peer *peer, const char *why) {
  if (strcmp(peer->row.problem, why) == 0) return;
  vls_peer_problem(core, peer, why);
  if (vls_peer_visible(peer)) vls_feed_add(core, VLS_FEED_ALARM, peer, 0, 0, why);
}

void vls_peer_refused(vls_peer *peer) {
  if (peer->refused < UINT16_MAX) peer->refused++;
}

void vls_peer_touch(vls_core *core, vls_peer *peer) {
  if (peer->listed) return;
  if (core->n_busy == core->cap_busy) {
    core->cap_busy = core->cap_busy == 0 ? 16 : core->cap_busy * 2;
    core->busy = vls_realloc(core->busy, core->cap_busy * sizeof(vls_peer *));
  }
  core->busy[core->n_busy++] = peer;
  peer->listed = true;
}

void vls_peer_flush(vls_core *core, vls_peer *peer) {
  if (peer->row_dirty) {
    vls_buf fold;
    fold_of(&peer->row, &fold);
    vls_contact_update(core->store, &peer->row, vls_buf_slice(&fold));
    vls_buf_done(&fold);
  }
  if (peer->talk_dirty) vls_talk_put(core->store, peer->row.id, &peer->talk);
  for (size_t i = 0; i < peer->n_sessions; i++)
    if ((peer->sessions_dirty >> i & 1) != 0)
      vls_session_put(core->store, peer->row.id, &peer->sessions[i]);
  peer->row_dirty = peer->talk_dirty = false;
  peer->sessions_dirty = 0;
}

void vls_peer_sessions(vls_core *core, vls_peer *peer) {
  if (peer->sessions_loaded) return;
  peer->sessions = vls_calloc(VLS_SESSIONS_MAX, sizeof *peer->sessions);
  peer->n_sessions = vls_session_load(core->store, peer->row.id, peer->sessions);
  peer->sessions_loaded = true;
}

void vls_peer_add_session(vls_core *core, vls_peer *peer, const vls_session_row *row) {
  vls_peer_sessions(core, peer);
  vls_peer_flush(core, peer); /* the dirty bits are by place */
  if (peer->n_sessions == VLS_SESSIONS_MAX) {
    vls_session_drop(core->store, peer->row.id, peer->sessions[VLS_SESSIONS_MAX - 1].ratchet.th);
    peer->n_sessions--;
  }
  memmove(&peer->sessions[1], &peer->sessions[0], peer->n_sessions * sizeof *peer->sessions);
  peer->sessions[0] = *row;
  /* They are read back in this order, and the clock may stand still or have been ahead. */
  uint64_t before = peer->n_sessions > 0 ? peer->sessions[1].created : 0;
  if (row->created <= before) peer->sessions[0].created = before + 1;
  peer->n_sessions++;
  peer->sessions_dirty |= 1;
  vls_peer_touch(core, peer);
}

void vls_peer_forget(vls_core *core, vls_peer *peer) {
  peer->row.state = peer->member != NULL ? VLS_CONTACT_MEMBER : VLS_CONTACT_REMOVED;
  peer->row.name[0] = peer->row.claim[0] = peer->row.problem[0] = '\0';
  peer->row.verified = peer->row.blocked = false;
  peer->row.card_seq = 0;
  vls_wipe(peer->row.psk, 32);
  vls_wipe(peer->row.knock, 32);
  vls_wipe(peer->row.psk2, 32);
  vls_wipe(peer->row.knock2, 32);
  peer->has_queued = peer->receipt_due = peer->read_due = peer->card_due = peer->hello_due = false;
  peer->next_dial = VLS_NEVER;
  peer->bytes_held = peer->refused = 0;
  peer->unread_known = false;
  peer->remarks = (vls_remark_memo){0};
  peer->talk.card_sent = 0;
  peer->n_held = 0;
  peer->again_to = 0;
  peer->row_dirty = peer->talk_dirty = true;
  vls_peer_flush(core, peer);
}

void vls_peer_renew(vls_core *core, vls_peer *peer) {
  if (peer->row.state == VLS_CONTACT_FAILED) vls_message_revive(core->store, peer->row.id);
  peer->row.state = VLS_CONTACT_PENDING;
  number_card(core, peer, true); /* the invitation's own card begins the new session */
  vls_peer_problem(core, peer, "");
}

bool vls_peer_settle(vls_core *core, vls_peer *peer) {
  if (peer->row.card_seq == 0) number_card(core, peer, false);
  if (peer->row.card_seq == 0) return false;
  peer->row.state = VLS_CONTACT_READY;
  peer->row_dirty = true; /* a warning about their name stays */
  vls_contact_set_link(core->store, peer->row.id, (vls_slice){0});
  vls_peer_touch(core, peer);
  return true;
}

void vls_peer_fail(vls_core *core, vls_peer *peer, vls_feed_type told_as, const char *why) {
  if (peer->row.card_seq == 0 &&
      vls_peer_settle(core, peer)) { /* as it was before this invitation */
    vls_feed_add(core, told_as, peer, 0, 0, why);
    return;
  }
  vls_outbound_flush_pending(core);
  peer->row.state = VLS_CONTACT_FAILED;
  peer->has_queued = false;
  vls_message_fail(core->store, peer->row.id, peer->talk.delivered);
  vls_peer_problem(core, peer, why);
  vls_feed_add(core, told_as, peer, 0, 0, why);
}
