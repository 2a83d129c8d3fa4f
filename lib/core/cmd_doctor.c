/* doctor: why is this not arriving? Findings in sentences, problems first. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/command.h"
#include "core/state.h"
#include "store/backup.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/salvage.h"

enum { FINDINGS_MAX = 256, SALVAGE_TOLD_DAYS = 90, BACKUP_DAYS = 30 };
#define DAY_MS (UINT64_C(86400) * 1000)

typedef struct finding {
  const char *level;
  char topic[VLS_NAME_MAX + 1], text[400], hint[128];
} finding;

typedef struct report {
  finding *list;
  size_t n;
} report;

static void add(report *r, const char *level, const char *topic, const char *hint,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
static void add(report *r, const char *level, const char *topic, const char *hint,
                const char *format, ...) {
  if (r->n == FINDINGS_MAX) return;
  finding *f = &r->list[r->n++];
  va_list args;
  va_start(args, format);
  vsnprintf(f->text, sizeof f->text, format, args);
  va_end(args);
  f->level = level;
  snprintf(f->topic, sizeof f->topic, "%s", topic);
  snprintf(f->hint, sizeof f->hint, "%s", hint == NULL ? "" : hint);
}

static const char *s_of(uint64_t n) {
  return n == 1 ? "" : "s";
}

static void look_at_salvage(vls_core *core, report *r) {
  vls_salvage_report last;
  uint64_t at, now = vls_core_wall(core);
  char lost[160] = "", contacts[80] = "";
  if (!vls_salvage_last(core->store, &last, &at)) return;
  uint64_t days = now > at ? (now - at) / (86400 * 1000) : 0;
  if (days > SALVAGE_TOLD_DAYS) return;
  snprintf(lost, sizeof lost, "%s%llu text%s lost", last.counted ? "" : "at least ",
           (unsigned long long)last.lost_texts, last.lost_texts == 1 ? " is" : "s are");
  if (last.lost_contacts > 0)
    snprintf(contacts, sizeof contacts, ", and the keys of %llu contact%s",
             (unsigned long long)last.lost_contacts, s_of(last.lost_contacts));
  add(r, "note", "store", NULL,
      "the store was found damaged %llu day%s ago, and what could be read of it was saved: %s%s; "
      "%llu are there. %s The damaged one is beside it, as node.db.damaged-1 or higher; remove it "
      "when you miss nothing",
      (unsigned long long)days, s_of(days), lost, contacts, (unsigned long long)last.texts,
      last.renew ? "Keys were hit: sessions with contacts began anew." : "No key was hit.");
}

/* Once there is somebody whose words would be lost. */
static void look_at_backup(vls_core *core, report *r) {
  uint64_t last = vls_backup_last(core->store), now = vls_core_wall(core);
  uint64_t days = now > last ? (now - last) / DAY_MS : 0;
  if (core->n_peers == 0) return;
  if (last == 0)
    add(r, "note", "backup", "valise backup create FILE",
        "there is none yet: with this machine you would lose your identity and all texts");
  else
    add(r, days > BACKUP_DAYS ? "note" : "ok", "backup",
        days > BACKUP_DAYS ? "valise backup create FILE" : NULL, "the last one is %llu day%s old",
        (unsigned long long)days, s_of(days));
}

static void look_at_node(vls_core *core, report *r) {
  if (core->no_room)
    add(r, "problem", "store", "df -h",
        "the disk is full: nothing new is written or taken from others, who keep what they have "
        "for you; reading goes on. The node looks again by itself, and goes on when there is room");
  if (!core->has_self) {
    add(r, "problem", "identity", "valise init --name NAME", "this node has no identity yet");
    if (vls_restore_is_open(core->store))
      add(r, "problem", "identity", "valise init --restore FILE",
          "a backup was not brought back to its end: nothing of it counts until all of it is "
          "there");
    return;
  }
  if (core->n_listens == 0)
    add(r, "problem", "listen", "valise config get listen.address",
        "the node listens nowhere: others can't reach it, it can only dial");
  else if (core->n_addresses == 0)
    add(r, "note", "listen", "valise config set listen.advertise HOST:PORT",
        "no address is advertised: your invitations carry none, so nobody can dial you");
  else
    add(r, "ok", "listen", NULL, "listening, and reachable at %.*s as far as this node knows",
        (int)core->addresses[0].n, (const char *)core->addresses[0].p);
  if (core->now.wall_ms < INT64_C(1700000000000))
    add(r, "problem", "clock", "timedatectl",
        "the clock of this machine is years behind: links are "
        "refused when two clocks differ by more than a day");
  if (vls_store_is_sealed(core->store))
    add(r, "ok", "store", NULL, "encrypted on the disk");
  else
    add(r, "note", "store", "valise passphrase",
        "not encrypted: whoever takes this disk can read what you wrote");
  if (core->lost.sessions + core->lost.prekeys + core->lost.invites > 0)
    add(r, "note", "store", core->lost.invites > 0 ? "valise invite" : NULL,
        "the vault beside the store was missing, damaged or of another time: sessions with %llu "
        "contacts begin anew by themselves, and %llu open invitations of yours can't be taken any "
        "more",
        (unsigned long long)core->lost.sessions, (unsigned long long)core->lost.invites);
  look_at_salvage(core, r);
  uint64_t aside = vls_aside_count(core->store, 0);
  if (aside > 0)
    add(r, "note", "records", NULL, "%llu records could not be used and were set aside",
        (unsigned long long)aside);
}

static void look_at_queue(vls_core *core, const vls_peer *peer, report *r) {
  uint64_t queued = vls_message_count_queued(core->store, peer->row.id);
  uint64_t sent = vls_outbox_count(core->store, peer->row.id);
  const vls_conn *conn = peer->conn;
  if (conn != NULL && conn->up) {
    if (queued + sent > 0)
      add(r, "note", peer->row.name, "valise peer list",
          "linked; without a receipt yet: %llu on the way", (unsigned long long)(queued + sent));
    else
      add(r, "ok", peer->row.name, NULL, "linked, everything delivered");
    return;
  }
  char when[64] = "";
  if (peer->dialing != NULL)
    snprintf(when, sizeof when, "dialling now");
  else if (peer->next_dial != VLS_NEVER)
    snprintf(when, sizeof when, "next try in %llu s",
             (unsigned long long)(peer->next_dial < core->now.mono_ms
                                      ? 0
                                      : (peer->next_dial - core->now.mono_ms + 999) / 1000));
  if (strcmp(peer->last_failure, "no answer to the knock") == 0)
    add(r, "note", peer->row.name, "timedatectl",
        "something listens there and stays silent: another node has "
        "that address now, they removed or blocked you, or your clocks differ by more than a day");
  const char *level = queued + sent > 0 ? "problem" : "note";
  add(r, level, peer->row.name, queued + sent > 0 ? "valise outbox retry" : NULL,
      "no link%s%s; %s; %llu text%s for them", peer->last_failure[0] != '\0' ? ": " : "",
      peer->last_failure, when[0] != '\0' ? when : "not dialling",
      (unsigned long long)(queued + sent), queued + sent == 1 ? " waits" : "s wait");
}

static void look_at_contact(vls_core *core, const vls_peer *peer, report *r) {
  if (!vls_peer_visible(peer)) return;
  if (peer->row.blocked) {
    add(r, "note", peer->row.name, "valise contact block --undo NAME",
        "blocked by you: nothing is exchanged");
    return;
  }
  if (peer->row.problem[0] != '\0')
    add(r, vls_state_heals(peer) ? "note" : "problem", peer->row.name, "valise contact show NAME",
        "%s", peer->row.problem);
  if (peer->row.state == VLS_CONTACT_PENDING)
    add(r, "note", peer->row.name, NULL, "your acceptance has not been confirmed by them yet");
  if (peer->row.state != VLS_CONTACT_FAILED) look_at_queue(core, peer, r);
  uint64_t held = vls_quota_held(core, peer);
  if (held > core->history_max / 8 * 7)
    add(r, "note", peer->row.name, "valise config get limits.contact_mib",
        "their texts take %llu MiB of the %llu MiB that a contact has here",
        (unsigned long long)(held >> 20), (unsigned long long)(core->history_max >> 20));
  uint64_t early = vls_early_count(core->store, peer->row.id);
  if (early > 0)
    add(r, "note", peer->row.name, NULL, "%llu records wait for an earlier one that is missing",
        (unsigned long long)early);
  vls_buf why;
  uint64_t at;
  vls_buf_init(&why, 512);
  if (vls_aside_newest(core->store, peer->row.id, &at, &why))
    add(r, "note", peer->row.name, NULL, "a record of theirs was set aside: %.*s", (int)why.n,
        (const char *)why.p);
  vls_buf_done(&why);
}

static vls_err put_level(vls_call *call, const report *r, const char *level) {
  vls_err err = VLS_OK;
  for (size_t i = 0; i < r->n && err == VLS_OK; i++) {
    const finding *f = &r->list[i];
    if (f->level != level) continue;
    vls_rpc_finding out = {.level = vls_slice_str(level),
                           .topic = vls_slice_str(f->topic),
                           .text = vls_slice_str(f->text),
                           .has_hint = f->hint[0] != '\0',
                           .hint = vls_slice_str(f->hint)};
    err = vls_call_put(call, &vls_rpc_finding_def, &out);
  }
  return err;
}

vls_err vls_cmd_doctor(vls_call *call) {
  report r = {.list = vls_calloc(FINDINGS_MAX, sizeof(finding))};
  static const char *const levels[] = {"problem", "note", "ok"};
  vls_outbound_flush_pending(call->core);
  look_at_node(call->core, &r);
  if (call->core->has_self) look_at_backup(call->core, &r);
  for (size_t i = 0; i < call->core->n_peers; i++)
    look_at_contact(call->core, call->core->peers[i], &r);
  for (size_t i = 0; i < r.n; i++) /* the level is one of ours: compare by place */
    for (size_t k = 0; k < 3; k++)
      if (strcmp(r.list[i].level, levels[k]) == 0) r.list[i].level = levels[k];
  vls_err err = vls_pack_array(call->result, r.n);
  for (size_t k = 0; k < 3 && err == VLS_OK; k++)
    err = put_level(call, &r, levels[k]);
  free(r.list);
  return err;
}
