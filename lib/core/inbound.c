/* A record comes in: find its session, open, verify, then take what it says. Nothing is kept of a
 * record that fails anywhere on the way. */
#include "core/inbound.h"

#include <stdio.h>

#include "base/assert.h"
#include "conv/direct.h"
#include "core/core_int.h"
#include "crypto/kdf.h"
#include "store/guard.h"

static void set_aside(vls_core *core, vls_peer *peer, vls_slice record, const char *why) {
  uint8_t id[32];
  vls_sha256(id, record);
  vls_aside_put(core->store, id, peer == NULL ? 0 : peer->row.id, vls_slice_str(why), record.n,
                vls_core_wall(core));
  vls_core_log(core, VLS_NOTICE, "record set aside contact=%llu why=%s",
               (unsigned long long)(peer == NULL ? 0 : peer->row.id), why);
}

typedef enum verdict {
  TAKEN,     /* verified, its words are in the store */
  DUPLICATE, /* was here before */
  EARLY,     /* an earlier event is missing */
  POISON,    /* opens for this session, but is not right */
  HURRY,     /* skips more keys than may be skipped in a minute */
  FULL,      /* verified, but there is no room left for this contact */
  BEYOND,    /* more records are missing before it than may be */
  FOREIGN,   /* no header key opens it */
  FORKED,    /* another event with a seq that was here: their state was copied or restored */
} verdict;

typedef struct attempt {
  vls_session_row *session;
  size_t index;
  vls_ratchet_peek look;
  bool has_mk;
  uint8_t mk[32];
  uint64_t seq; /* of the event, once the record is open */
} attempt;

/* Which session's header key opens it? */
static verdict find_session(vls_core *core, vls_peer *peer, vls_slice record, attempt *ret) {
  vls_peer_sessions(core, peer);
  for (size_t i = 0; i < peer->n_sessions; i++) {
    vls_session_row *session = &peer->sessions[i];
    vls_err err = vls_ratchet_look(&session->ratchet, record, &ret->look);
    if (err == VLS_UNKNOWN) continue;
    if (err != VLS_OK) return err == VLS_LIMITED ? BEYOND : POISON;
    core->costs.skips += ret->look.skips;
    if (!vls_budget_take(&peer->skips, core->now.mono_ms, ret->look.skips, VLS_SKIPS_MINUTE))
      return HURRY;
    ret->session = session;
    ret->index = i;
    ret->has_mk = ret->look.old && vls_skipped_get(core->store, peer->row.id, session->ratchet.th,
                                                   ret->look.chain, ret->look.n, ret->mk);
    return ret->look.old && !ret->has_mk ? DUPLICATE : TAKEN;
  }
  return FOREIGN;
}

/* Everything verified: the new ratchet state, the chain and the words go to the store together. */
static verdict keep(vls_core *core, vls_peer *peer, const attempt *a, const vls_ratchet *next,
                    const vls_skips *skips, const vls_direct_in *in, vls_slice header,
                    const uint8_t hash[32]) {
  uint64_t cost;
  if (!vls_quota_fits(core, peer, in, header.n, &cost)) return FULL;
  peer->bytes_held += cost;
  peer->refused = 0;
  const uint8_t *th = a->session->ratchet.th;
  a->session->ratchet = *next;
  peer->sessions_dirty |= 1u << a->index;
  vls_skipped_put(core->store, peer->row.id, th, skips, vls_core_wall(core));
  if (a->has_mk) vls_skipped_drop(core->store, peer->row.id, th, a->look.chain, a->look.n);
  uint64_t device =
      vls_chain_put(core->store, peer->row.id, a->session->device, in->event.seq, hash, cost);
  vls_event_row row = {.contact = peer->row.id,
                       .device = device,
                       .seq = in->event.seq,
                       .header = header,
                       .sig = in->event.sig};
  vls_items_take(core, peer, device, in, hash, &row);
  vls_event_put(core->store, &row);
  vls_peer_touch(core, peer);
  return TAKEN;
}

/* An event whose seq was here before: the same words under another seal, or a fork of their
 * history? */
static bool same_event(vls_core *core, const vls_peer *peer, uint64_t device,
                       const vls_direct_in *in) {
  vls_buf bytes;
  vls_event_header header;
  vls_buf_init(&bytes, 4096);
  bool kept = vls_event_get(core->store, peer->row.id, device, in->event.seq, &bytes, NULL);
  bool same = !kept || /* it went when its contact was removed: nothing to compare with */
              (vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes),
                               &header, NULL) == VLS_OK &&
               header.n_items == in->hashes.n && header.stamp == in->event.stamp &&
               memcmp(header.items, in->hashes.hash, in->hashes.n * 32) == 0);
  vls_buf_done(&bytes);
  return same;
}

/* The first event of a session (PEER 5b.4) may come a second time, or have waited for an earlier
 * one: then it is no longer the one that begins, and carries the signature all the same. */
static const uint8_t *th_of_first(const attempt *a, const vls_direct_in *in) {
  bool first = a->look.chain == 1 && a->look.n == 0 && in->event.x3dh_sig.n > 0;
  return first ? a->session->ratchet.th : NULL;
}

static verdict open_with(vls_core *core, vls_peer *peer, attempt *a, vls_slice record,
                         const uint8_t *th_first) {
  vls_ratchet next = a->session->ratchet;
  vls_skips skips = {0};
  vls_direct_in in;
  vls_buf header;
  vls_chain_row last;
  uint8_t hash[32];
  verdict v = POISON;
  vls_buf_init(&header, 4096);
  vls_chain_get(core->store, peer->row.id, a->session->device, &last);
  if (vls_direct_open(&next, &a->look, a->has_mk ? a->mk : NULL, record, &core->rng, &skips, &in) ==
      VLS_OK) {
    a->seq = in.event.seq;
    if (th_first == NULL) th_first = th_of_first(a, &in);
    vls_direct_ends ends = {.author = peer->row.identity,
                            .device = a->session->device,
                            .recipient = core->self.identity.pub};
    if (in.event.seq <= last.seq && !same_event(core, peer, last.number, &in)) {
      v = FORKED;
    } else if (in.event.seq <= last.seq) {
      v = DUPLICATE; /* sealed again under other keys: the words are known */
      a->session->ratchet = next;
      peer->sessions_dirty |= 1u << a->index;
      vls_skipped_put(core->store, peer->row.id, next.th, &skips, vls_core_wall(core));
      vls_peer_touch(core, peer);
    } else if (in.event.seq > last.seq + 1) {
      v = EARLY;
    } else if (vls_direct_verify(&in, &ends, last.head, th_first, &header, hash) == VLS_OK) {
      v = keep(core, peer, a, &next, &skips, &in, vls_buf_slice(&header), hash);
    }
    vls_direct_in_done(&in);
  }
  vls_skips_done(&skips);
  vls_wipe(&next, sizeof next);
  vls_buf_done(&header);
  return v;
}

bool vls_inbound_probe(vls_core *core, const vls_session_row *row, vls_slice record) {
  vls_ratchet next = row->ratchet;
  vls_ratchet_peek look;
  vls_skips skips = {0};
  vls_direct_in in;
  bool ok = false;
  if (vls_ratchet_look(&row->ratchet, record, &look) == VLS_OK && !look.old &&
      vls_direct_open(&next, &look, NULL, record, &core->rng, &skips, &in) == VLS_OK) {
    ok =
        in.event.x3dh_sig.n == VLS_SIG && vls_verify(in.event.x3dh_sig.p, row->device, VLS_CTX_X3DH,
                                                     vls_slice_of(row->ratchet.th, 32)) == VLS_OK;
    vls_direct_in_done(&in);
  }
  vls_skips_done(&skips);
  vls_wipe(&next, sizeof next);
  return ok;
}

static bool put_early(vls_core *core, vls_peer *peer, const attempt *a, vls_slice record) {
  uint8_t id[32];
  vls_sha256(id, record);
  vls_early_row row = {.contact = peer->row.id,
                       .device = a->session->device,
                       .seq = a->seq,
                       .id = id,
                       .record = record};
  return vls_early_put(core->store, &row, vls_core_wall(core)) == VLS_OK;
}

static void on_fork(vls_core *core, vls_peer *peer, vls_slice record) {
  static const char why[] =
      "two different events with one number: their node was copied or an old backup "
      "of it runs. What they write now may not arrive; tell them over another way";
  set_aside(core, peer, record, "another event with this number was here before");
  vls_peer_alarm(core, peer, why);
}

static verdict take(vls_core *core, vls_peer *peer, vls_slice record, attempt *a) {
  verdict v = find_session(core, peer, record, a);
  if (v == TAKEN) v = open_with(core, peer, a, record, NULL);
  vls_wipe(a->mk, sizeof a->mk);
  return v;
}

/* One that waited; false when it stays. */
static bool take_early(vls_core *core, vls_peer *peer, const uint8_t id[32], vls_slice record,
                       attempt *a) {
  verdict v = take(core, peer, record, a);
  if (v == HURRY || v == FULL) return false;
  if (v == EARLY) return put_early(core, peer, a, record); /* now its seq is noted */
  vls_early_drop(core->store, peer->row.id, id);
  if (v == POISON || v == BEYOND || v == FOREIGN || v == FORKED)
    set_aside(core, peer, record, "it waited, and then did not verify");
  return true;
}

/* What waited for the event that just came, and what waited for that. */
static void retry_early(vls_core *core, vls_peer *peer, const attempt *last) {
  vls_buf record;
  uint8_t id[32], device[32];
  uint64_t seq = last->seq;
  if (vls_early_count(core->store, peer->row.id) == 0) return;
  memcpy(device, last->session->device, 32);
  vls_buf_init(&record, VLS_RECORD_MAX);
  for (unsigned i = 0; i < 2 * VLS_EARLY_MAX; i++) {
    attempt a = {0};
    vls_buf_clear(&record);
    if (!vls_early_get(core->store, peer->row.id, device, seq + 1, id, &record)) break;
    if (!take_early(core, peer, id, vls_buf_slice(&record), &a)) break;
    if (a.session != NULL && memcmp(a.session->device, device, 32) == 0 && a.seq == seq + 1) seq++;
  }
  vls_buf_done(&record);
}

vls_fate vls_inbound_first(vls_core *core, vls_peer *peer, vls_slice record) {
  attempt a = {0};
  uint8_t th[32];
  verdict v = find_session(core, peer, record, &a);
  if (v == TAKEN && a.index == 0) {
    memcpy(th, a.session->ratchet.th, 32);
    v = open_with(core, peer, &a, record, th);
  }
  vls_wipe(a.mk, sizeof a.mk);
  if (v == TAKEN) retry_early(core, peer, &a);
  if (v == EARLY) return put_early(core, peer, &a, record) ? VLS_FATE_DONE : VLS_FATE_REFUSED;
  if (v == TAKEN || v == DUPLICATE) return VLS_FATE_DONE;
  if (v == HURRY || v == FULL) return VLS_FATE_REFUSED;
  if (v == FORKED)
    on_fork(core, peer, record);
  else
    set_aside(core, peer, record, "the first record of a session does not verify");
  return VLS_FATE_KEPT;
}

bool vls_inbound_known(vls_core *core, vls_conn *conn, vls_slice record, vls_fate *ret_fate) {
  vls_peer *peer = conn->peer;
  attempt a = {0};
  *ret_fate = VLS_FATE_KEPT;
  switch (take(core, peer, record, &a)) {
  case TAKEN:
    retry_early(core, peer, &a);
    *ret_fate = VLS_FATE_DONE;
    return true;
  case DUPLICATE:
    peer->receipt_due = true; /* they may not have our receipt */
    vls_peer_touch(core, peer);
    *ret_fate = VLS_FATE_DONE;
    return true;
  case EARLY:
    if (put_early(core, peer, &a, record)) return true;
    vls_begin_anew(core, conn); /* what is missing may still be theirs to say */
    *ret_fate = VLS_FATE_REFUSED;
    return true;
  case FORKED: on_fork(core, peer, record); return true;
  case POISON:
    set_aside(core, peer, record, "a signature, a seal or the form is wrong");
    return true;
  case BEYOND:
    set_aside(core, peer, record, "more records are missing before it than may be");
    vls_begin_anew(core, conn);
    *ret_fate = VLS_FATE_HELD;
    return true;
  case HURRY:
  case FULL: *ret_fate = VLS_FATE_REFUSED; return true;
  case FOREIGN: break;
  }
  return false;
}

vls_fate vls_inbound_record(vls_core *core, vls_conn *conn, vls_slice record) {
  vls_fate fate = VLS_FATE_KEPT;
  if (record.n < VLS_RECORD_MIN)
    set_aside(core, conn->peer, record, "shorter than any record");
  else if (conn->peer == NULL || !vls_inbound_known(core, conn, record, &fate))
    fate = vls_begin_accept(core, conn, record);
  return fate;
}

void vls_inbound_refuse(vls_core *core, vls_peer *peer, vls_slice record, const char *why) {
  set_aside(core, peer, record, why);
}
