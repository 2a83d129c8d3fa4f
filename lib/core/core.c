#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_door.h"
#include "core/circle_members.h"
#include "crypto/kdf.h"
#include "store/group_due.h"
#include "store/group_pass.h"
#include "store/guard.h"
#include "valise/secret.h"

static const uint64_t housekeeping_ms = 3600 * 1000;
static const uint64_t records_ms = 1000;
static const uint64_t knock_memory_ms = 48 * 3600 * 1000;

uint64_t vls_core_wall(const vls_core *core) {
  return core->now.wall_ms < 0 ? 0 : (uint64_t)core->now.wall_ms;
}

void vls_core_wake_at(vls_core *core, uint64_t mono_ms) {
  if (mono_ms < core->wake) core->wake = mono_ms;
}

bool vls_budget_take(vls_budget *budget, uint64_t mono_ms, uint64_t amount, uint64_t most) {
  if (mono_ms - budget->since >= 60000) *budget = (vls_budget){.since = mono_ms};
  if (budget->used + amount > most) return false;
  budget->used += amount;
  return true;
}

static void configure(vls_core *core, const vls_core_conf *conf) {
  core->no_read_receipts = conf->no_read_receipts;
  core->random_first = conf->random_first;
  core->items_per_event = conf->items_per_event;
  if (core->items_per_event == 0 || core->items_per_event > VLS_EVENT_ITEMS)
    core->items_per_event = VLS_EVENT_ITEMS;
  vls_quota_set(core, conf->history_max);
}

/* What the vault does not open is gone, and is begun anew. Without room it waits for it. */
static void check_secrets(vls_core *core) {
  vls_lost lost = vls_store_check(core->store);
  core->bury_at = vls_store_has_spent(core->store) ? core->now.mono_ms : VLS_NEVER;
  if (lost.sessions + lost.prekeys + lost.invites == 0) return;
  core->lost = lost;
  vls_core_log(core, VLS_WARNING,
               "the vault beside the store is missing, damaged or of another time "
               "sessions=%llu prekeys=%llu invitations=%llu",
               (unsigned long long)lost.sessions, (unsigned long long)lost.prekeys,
               (unsigned long long)lost.invites);
}

void vls_core_identified(vls_core *core) {
  core->has_self = true;
  core->mixed = vls_message_mixed(core->store);
  vls_peers_load(core);
  vls_circles_load(core);
  vls_circle_members(core);
  vls_invites_load(core);
}

vls_err vls_core_new(vls_core **ret_core, const vls_core_conf *conf, vls_now now) {
  vls_err err = vls_crypto_init();
  if (err != VLS_OK) return err;
  vls_core *core = vls_secret_new(sizeof *core);
  core->store = conf->store;
  core->version = conf->version;
  core->now = now;
  core->started = now.mono_ms;
  core->wake = VLS_NEVER;
  configure(core, conf);
  core->no_room = conf->no_room;
  vls_rng_init(&core->rng, conf->seed);
  vls_buf_init(&core->advertised, 4096);
  vls_buf_init(&core->listening, 4096);
  core->next_dial_id = 1;
  core->trials = VLS_TRIALS_BURST;
  core->trials_at = now.mono_ms;
  TAILQ_INIT(&core->knockers);
  TAILQ_INIT(&core->crowded);
  core->bury_at = VLS_NEVER;
  if (!core->no_room) check_secrets(core);
  core->has_self = vls_self_load(&core->self, core->store);
  core->newest_n = vls_message_newest(core->store);
  core->newest_c = vls_feed_newest(core->store);
  if (core->has_self) vls_core_identified(core);
  core->housekeeping = now.mono_ms + 60 * 1000;
  vls_core_wake_at(core, core->housekeeping);
  err = vls_store_error(core->store);
  if (err != VLS_OK) {
    vls_core_free(core);
    return err;
  }
  *ret_core = core;
  return VLS_OK;
}

void vls_core_free(vls_core *core) {
  if (core == NULL) return;
  while (core->n_conns > 0)
    vls_conn_drop(core, core->conns[core->n_conns - 1], false, "");
  vls_backing_end(core, 0);
  vls_peers_free(core);
  vls_circles_free(core);
  free(core->conns);
  free(core->slots);
  vls_dues_done(&core->due_conns);
  vls_dues_done(&core->due_peers);
  free(core->busy);
  free(core->active);
  if (core->invites != NULL) vls_wipe(core->invites, core->n_invites * sizeof *core->invites);
  free(core->invites);
  vls_out_free(&core->staged);
  vls_out_free(&core->ready);
  vls_buf_done(&core->polled.bytes);
  free(core->polled.list);
  vls_buf_done(&core->advertised);
  vls_buf_done(&core->listening);
  if (core->has_self) vls_self_close(&core->self);
  vls_rng_done(&core->rng);
  vls_secret_free(core);
}

/* Copies address texts into one buffer and points slices at them. */
static size_t keep_addresses(vls_buf *buf, vls_slice *out, size_t max, const vls_slice *list,
                             size_t n) {
  size_t at[16], used = 0;
  vls_buf_clear(buf);
  for (size_t i = 0; i < n && used < max; i++) {
    at[used] = buf->n;
    if (list[i].n == 0 || list[i].n > 128 || vls_buf_put_slice(buf, list[i]) != VLS_OK) continue;
    out[used++].n = list[i].n;
  }
  for (size_t i = 0; i < used; i++)
    out[i].p = buf->p + at[i];
  return used;
}

static void card_is_due(vls_core *core) {
  vls_circle_card_changed(core);
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    if (peer->row.state != VLS_CONTACT_READY) continue;
    peer->card_due = true;
    vls_peer_touch(core, peer);
  }
}

/* Addresses or time may ask for a new card: contacts get it with the next event. */
static void refresh_card(vls_core *core) {
  if (!core->has_self || core->no_room) return;
  if (!vls_self_refresh(&core->self, core->store, &core->rng, core->addresses, core->n_addresses,
                        vls_core_wall(core)))
    return;
  card_is_due(core);
}

void vls_core_new_card(vls_core *core, uint64_t beyond) {
  vls_self_overtake(&core->self, core->store, core->addresses, core->n_addresses, beyond);
  card_is_due(core);
}

static void network_changed(vls_core *core) {
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    peer->failures = 0;
    if (peer->conn == NULL && peer->dialing == NULL)
      vls_dial_schedule(core, peer, vls_rng_below(&core->rng, 1000));
  }
}

/* What has no link cannot be acknowledged by mistake. */
static void lose_room(vls_core *core) {
  core->no_room = true;
  while (core->n_conns > 0)
    vls_conn_close(core, core->conns[core->n_conns - 1], VLS_CLOSE_BYE, "the disk is full here");
}

static void find_room(vls_core *core) {
  if (!core->no_room) return;
  core->no_room = false;
  check_secrets(core);
  vls_core_wake_at(core, core->housekeeping);
  refresh_card(core);
  network_changed(core);
}

vls_err vls_core_feed(vls_core *core, const vls_input *in, vls_now now) {
  if (core->poisoned) return VLS_STORAGE;
  core->now = now;
  vls_client *client;
  switch (in->type) {
  case VLS_IN_OPENED: vls_conn_opened(core, in); break;
  case VLS_IN_BYTES: vls_conn_bytes(core, in); break;
  case VLS_IN_CLOSED: vls_conn_gone(core, in); break;
  case VLS_IN_COMMAND: vls_command(core, in); break;
  case VLS_IN_GREETED:
    client = vls_client_get(core, in->client, true);
    if (client != NULL) client->hello = true;
    break;
  case VLS_IN_GONE: vls_client_gone(core, in->client); break;
  case VLS_IN_FULL:
  case VLS_IN_DRAINED:
    client = vls_client_get(core, in->client, false);
    if (client != NULL) client->full = in->type == VLS_IN_FULL;
    core->feed_grew = true;
    break;
  case VLS_IN_ENTROPY:
    vls_rng_stir(&core->rng, in->bytes);
    vls_store_stir(core->store, in->bytes);
    break;
  case VLS_IN_ADDRESSES:
    core->n_addresses =
        keep_addresses(&core->advertised, core->addresses, VLS_ADDRESSES_MAX, in->list, in->n_list);
    core->n_listens = keep_addresses(&core->listening, core->listens, 16, in->list2, in->n_list2);
    refresh_card(core);
    break;
  case VLS_IN_NETWORK: network_changed(core); break;
  case VLS_IN_CONFIG: configure(core, in->conf); break;
  case VLS_IN_NO_ROOM: lose_room(core); break;
  case VLS_IN_ROOM: find_room(core); break;
  }
  return vls_store_error(core->store);
}

/* Once an hour: what has had its time goes. */
static void keep_house(vls_core *core) {
  uint64_t now = vls_core_wall(core), day = 86400 * 1000;
  core->housekeeping = core->now.mono_ms + housekeeping_ms;
  refresh_card(core);
  if (now < 60 * day) return; /* a clock that was never set */
  vls_knock_drop_before(core->store, now - knock_memory_ms);
  if (core->self.n_former > 0) vls_self_drop_formers(&core->self, core->store, now);
  vls_skipped_drop_before(core->store, now - 30 * day);
  vls_sent_drop_before(core->store, now - VLS_SENT_DAYS * day);
  vls_feed_trim(core->store, now - 30 * day, vls_consumer_lowest(core->store) >> 7);
  vls_invite_drop_before(core->store, now - VLS_INVITE_KEEP_MS);
  if (vls_grecord_drop_before(core->store, now - VLS_GRECORD_MS))
    core->housekeeping = core->now.mono_ms + records_ms; /* in portions */
  for (size_t i = 0; i < core->n_circles; i++)
    if (vls_circle_forget_words(core, core->circles[i]))
      core->housekeeping = core->now.mono_ms + records_ms;
  vls_gwrap_drop_before(core->store, now - VLS_GRECORD_MS);
  vls_gdue_drop_before(core->store, now - VLS_GRECORD_MS);
  vls_greport_drop_before(core->store, now - 12 * VLS_GRECORD_MS);
  vls_invites_load(core);
}

vls_err vls_core_tick(vls_core *core, vls_now now) {
  if (core->poisoned) return VLS_STORAGE;
  core->now = now;
  if (now.mono_ms < vls_core_deadline(core)) return VLS_OK;
  core->wake = VLS_NEVER;
  bool keeps = !core->draining && !core->no_room;
  if (now.mono_ms >= core->housekeeping && keeps) keep_house(core);
  if (keeps) vls_core_wake_at(core, core->housekeeping); /* else it would be due for ever */
  if (keeps) vls_circle_tick(core);
  if (keeps) vls_circle_members_tick(core);
  vls_dial_tick(core);
  vls_conn_tick(core);
  vls_turn_tick(core);
  vls_knock_tick(core);
  return vls_store_error(core->store);
}

uint64_t vls_core_deadline(const vls_core *core) {
  if (core->poisoned) return VLS_NEVER;
  uint64_t conns = vls_due_next(&core->due_conns), next = core->wake;
  uint64_t dials = core->draining || core->no_room ? VLS_NEVER : vls_due_next(&core->due_peers);
  uint64_t groups = core->draining || core->no_room ? VLS_NEVER : vls_due_next(&core->due_circles);
  if (groups < next) next = groups;
  if (core->bury_at < next && !core->no_room) next = core->bury_at;
  if (conns < next) next = conns;
  return dials < next ? dials : next;
}

static void plan_burial(vls_core *core) {
  if (core->bury_at == VLS_NEVER && vls_store_has_spent(core->store))
    core->bury_at = core->now.mono_ms + VLS_VAULT_ROTATE_MS;
}

/* Keys of the vault that are spent are replaced with this batch, or in a while. */
static void bury(vls_core *core) {
  plan_burial(core);
  if (core->no_room || core->now.mono_ms < core->bury_at) return;
  core->bury_at = vls_store_bury(core->store) ? core->now.mono_ms + VLS_VAULT_NEXT_MS : VLS_NEVER;
  plan_burial(core);
}

bool vls_core_seal(vls_core *core, vls_now now) {
  core->now = now;
  if (core->poisoned) return false;
  /* Without room what changed in memory waits there. The list may grow meanwhile. */
  if (!core->no_room) vls_circles_seal(core);
  for (size_t i = 0; !core->no_room && i < core->n_busy; i++) {
    vls_peer *peer = core->busy[i];
    vls_outbound_pump(core, peer);
    if (peer->conn != NULL) vls_circle_pump(core, peer->conn);
    vls_peer_flush(core, peer);
    if (peer->conn == NULL) vls_peer_unload(core, peer);
    peer->listed = false;
  }
  if (!core->no_room) core->n_busy = 0;
  vls_conn_flush(core);
  vls_notify_pump(core);
  bury(core);
  if (vls_store_dirty(core->store)) return true;
  vls_out_release(core);
  return false;
}

void vls_core_committed(vls_core *core, vls_err result) {
  if (result == VLS_OK) {
    plan_burial(core); /* what the disk refused */
    vls_out_release(core);
    return;
  }
  core->poisoned = true;
  vls_out_revoke(core, result);
}

bool vls_core_poisoned(const vls_core *core) {
  return core->poisoned;
}

void vls_core_drain(vls_core *core, vls_now now) {
  core->now = now;
  core->draining = true;
  while (core->n_conns > 0)
    vls_conn_close(core, core->conns[core->n_conns - 1], VLS_CLOSE_BYE, "the node stops");
}
