/* Nodes of a group compare what they have, link by link (GROUP 7.7). Many may compare at once; but
 * records move between this node and one neighbour at a time, since two would bring the same. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_pass.h"
#include "store/group_pass.h"

enum { PAGE = 512 };

void vls_circle_sync_up(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  vls_circle_sync *s = vls_calloc(1, sizeof *s);
  s->number = ++pass->links;
  s->due = link->conn->outgoing; /* one of the two begins */
  s->compare = vls_compare_new(vls_link_hash(link->conn->link));
  vls_buf_init(&s->waiting, vls_group_sync_def.max_bytes);
  vls_buf_init(&s->news, (size_t)VLS_CIRCLE_ANNOUNCE * 32);
  link->sync = s;
  pass->relinked = true;
  vls_circle_touch(core, circle);
}

static void release(vls_circle *circle, vls_circle_sync *s) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  s->phase = VLS_SYNC_IDLE;
  if (pass->holder == s) pass->holder = NULL;
}

void vls_circle_sync_down(vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  if (s == NULL) return;
  vls_circle_spread_down(circle, link);
  release(circle, s);
  vls_compare_free(s->compare);
  vls_buf_done(&s->waiting);
  vls_buf_done(&s->news);
  free(s->serve);
  free(s->served);
  free(s);
  link->sync = NULL;
}

void vls_circle_sync_all(vls_core *core, vls_circle *circle) {
  for (size_t i = 0; i < circle->n_links; i++)
    circle->links[i].sync->due = true;
  vls_circle_touch(core, circle);
}

/* Records sealed before a device came into the group are not for it: neither side counts them. */
static uint64_t begin_of(vls_core *core, const vls_circle *circle, const uint8_t device[32]) {
  uint8_t id[32];
  vls_gevent_row event;
  if (!vls_group_announced_by(circle->group, device, id)) return 0;
  if (!vls_gevent_by_id(core->store, circle->row.id, id, &event, NULL)) return 0;
  return vls_grecord_before(core->store, circle->row.id, event.at);
}

/* Gives how many. */
static uint64_t load(vls_core *core, const vls_circle *circle, const vls_circle_link *link,
                     uint64_t since) {
  uint8_t(*ids)[32] = vls_calloc(PAGE, 32);
  uint64_t *numbers = vls_calloc(PAGE, sizeof *numbers), total = 0;
  uint64_t at = since == 0 ? begin_of(core, circle, link->device) : since;
  vls_err err = VLS_OK;
  size_t n = 0;
  vls_compare_clear(link->sync->compare, at);
  do {
    n = vls_grecord_ids(core->store, circle->row.id, at, ids, numbers, PAGE);
    for (size_t i = 0; i < n && err == VLS_OK; i++)
      err = vls_compare_add(link->sync->compare, ids[i], numbers[i]);
    if (n > 0) at = numbers[n - 1];
    total += n;
  } while (n == PAGE && err == VLS_OK);
  free(ids);
  free(numbers);
  return total;
}

static void say(vls_core *core, vls_circle *circle, const vls_circle_link *link, vls_buf *out) {
  if (out->n > 0)
    vls_circle_send(core, circle, link->conn, VLS_GROUP_FRAME_SYNC, vls_buf_slice(out));
  vls_buf_clear(out);
}

static void begin(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  vls_gmark mark;
  vls_buf out;
  vls_buf_init(&out, vls_group_sync_def.max_bytes);
  s->marked = vls_gmark_get(core->store, circle->row.id, link->device, &mark);
  load(core, circle, link, s->marked ? mark.n : 0);
  vls_compare_open(s->compare, vls_slice_of(mark.mark, s->marked ? sizeof mark.mark : 0), &out);
  say(core, circle, link, &out);
  vls_buf_done(&out);
  s->phase = VLS_SYNC_ASKED;
  s->due = link->sync_due = false;
  s->last = core->now.mono_ms;
}

/* Nothing differs any more. */
static void remember(vls_core *core, vls_circle *circle, vls_circle_link *link,
                     const vls_compare_news *news) {
  vls_gmark mark = {.n = news->upto};
  memcpy(mark.mark, news->mark, sizeof mark.mark);
  vls_gmark_put(core->store, circle->row.id, link->device, &mark);
  vls_circle_pass_of(circle)->compared = vls_core_wall(core);
}

/* More came than was announced one by one: some others compare, and tell others in their turn. */
static void tell_others(vls_core *core, vls_circle *circle, const vls_circle_sync *but) {
  for (size_t i = 0; i < VLS_OVERLAY_SLOTS; i++) {
    vls_circle_sync *s = circle->links[vls_rng_below(&core->rng, circle->n_links)].sync;
    if (s != but) s->due = true;
  }
}

/* With this neighbour it is over. */
static void finish(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  release(circle, s);
  s->rounds = 0;
  if (s->brought > VLS_CIRCLE_ANNOUNCE) tell_others(core, circle, s);
  s->brought = 0;
  s->spoiled = false;
  vls_circle_receipts_pass(core, circle, link);
  vls_circle_want_soon(core, circle);
}

static void give_up(vls_core *core, vls_circle *circle, vls_circle_link *link, uint64_t wait) {
  finish(core, circle, link);
  link->sync->retry_at = core->now.mono_ms + wait;
}

/* What the neighbour lacks goes out as its queue has room; what is lacking here is asked for. */
static bool has_room(const vls_circle_link *link) {
  return vls_circle_queue_room(link->conn) > VLS_CIRCLE_QUEUE - VLS_SYNC_QUEUED;
}

static void want(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  vls_group_want *ask = vls_calloc(1, sizeof *ask);
  vls_buf body;
  vls_buf_init(&body, vls_group_want_def.max_bytes);
  ask->n_records = vls_compare_want(s->compare, ask->records, VLS_SYNC_WANT);
  vls_err err = vls_wire_encode(&vls_group_want_def, ask, &body);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_send(core, circle, link->conn, VLS_GROUP_FRAME_WANT, vls_buf_slice(&body));
  vls_buf_done(&body);
  free(ask);
  s->last = core->now.mono_ms;
}

static int by_number(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Whoever asks for a record once more over this link had no key for it and no room to keep it. */
static void serve_one(vls_core *core, vls_circle *circle, vls_circle_link *link, uint64_t n) {
  vls_circle_sync *s = link->sync;
  vls_grecord_row row;
  vls_gevent_row event;
  if (s->n_sorted > 0 && bsearch(&n, s->served, s->n_sorted, sizeof n, by_number) != NULL &&
      vls_grecord_get(core->store, n, &row, NULL) && row.event != 0 &&
      vls_gevent_get(core->store, row.event, &event, NULL)) {
    vls_circle_send_letter(core, circle, link->conn, event.id, link->device);
    return;
  }
  vls_circle_send_record(core, circle, link->conn, n);
  if (s->served == NULL) s->served = vls_calloc(VLS_SYNC_SERVED, sizeof *s->served);
  if (s->n_served < VLS_SYNC_SERVED) s->served[s->n_served++] = n;
}

static void feed(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  uint64_t n;
  while (has_room(link) && vls_compare_give(s->compare, &n, 1) == 1) {
    serve_one(core, circle, link, n);
    s->last = core->now.mono_ms;
  }
  while (has_room(link) && vls_compare_to_want(s->compare) > 0 &&
         vls_compare_awaited(s->compare) + VLS_SYNC_WANT <= VLS_SYNC_AWAITED)
    want(core, circle, link);
}

static void serve(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  while (s->at_serve < s->n_serve && has_room(link)) {
    serve_one(core, circle, link, s->serve[s->at_serve++]);
    s->last = core->now.mono_ms;
  }
}

/* Mine, while records move: more of them, or once more from the mark. */
static void fetch(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  bool quiet = core->now.mono_ms >= s->last + VLS_SYNC_QUIET_MS;
  if (quiet) vls_compare_give_up(s->compare); /* who does not answer does not have it, or may not */
  feed(core, circle, link);
  if (vls_compare_to_give(s->compare) + vls_compare_to_want(s->compare) +
          vls_compare_awaited(s->compare) >
      0)
    return;
  if (s->spoiled) vls_compare_retry(s->compare);
  if (s->spoiled) s->due = true;
  if (s->spoiled || ++s->rounds > VLS_SYNC_ROUNDS)
    give_up(core, circle, link, VLS_SYNC_RETRY_MS);
  else
    begin(core, circle, link);
}

/* Their opening: answered when no other neighbour has its turn. */
static void answer(vls_core *core, vls_circle *circle, vls_circle_link *link,
                   const vls_compare_news *asked) {
  vls_circle_sync *s = link->sync;
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  vls_gmark mark = {0};
  vls_buf out;
  vls_buf_init(&out, vls_group_sync_def.max_bytes);
  bool known =
      !asked->has_mark || (vls_gmark_get(core->store, circle->row.id, link->device, &mark) &&
                           memcmp(mark.mark, asked->mark, sizeof mark.mark) == 0);
  if (!known) {
    vls_compare_unknown(asked->mark, &out);
  } else {
    uint64_t since = asked->has_mark ? mark.n : 0;
    uint64_t from = since == 0 ? begin_of(core, circle, link->device) : since;
    uint64_t n = vls_grecord_count(core->store, circle->row.id, from);
    bool light = vls_budget_take(&s->loads, core->now.mono_ms, n, VLS_SYNC_LOADS_MINUTE);
    if (light) load(core, circle, link, since);
    if (!light || vls_compare_answer(s->compare, asked, &out) != VLS_OK) vls_buf_clear(&out);
  }
  if (known && out.n > 0 && !vls_compare_was_same(s->compare)) {
    s->phase = VLS_SYNC_SERVING;
    pass->holder = s;
  }
  s->last = core->now.mono_ms;
  say(core, circle, link, &out);
  vls_buf_done(&out);
}

static void on_asked(vls_core *core, vls_circle *circle, vls_circle_link *link,
                     const vls_compare_news *asked, vls_slice body) {
  vls_circle_sync *s = link->sync;
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  bool mine = s->phase == VLS_SYNC_ASKED || s->phase == VLS_SYNC_FETCHING;
  if (mine && link->conn->outgoing) return; /* both began: that of who dialled goes on */
  if (!vls_budget_take(&s->openings, core->now.mono_ms, 1, VLS_SYNC_OPENINGS_MINUTE)) return;
  if (mine) release(circle, s);
  if (pass->holder == NULL || pass->holder == s) {
    answer(core, circle, link, asked);
    return;
  }
  vls_buf_clear(&s->waiting);
  vls_err err = vls_buf_put_slice(&s->waiting, body);
  VLS_ASSERT(err == VLS_OK); /* it was decoded: no longer than that */
}

static void on_differs(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  vls_circle_sync *s = link->sync;
  if (pass->holder != NULL && pass->holder != s) { /* its turn comes */
    release(circle, s);
    s->due = true;
    return;
  }
  pass->holder = s;
  s->phase = VLS_SYNC_FETCHING;
  s->last = core->now.mono_ms;
  fetch(core, circle, link);
}

static void on_unknown(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  vls_gmark_drop(core->store, circle->row.id, link->device);
  if (s->phase == VLS_SYNC_IDLE || !s->marked) return;
  begin(core, circle, link);
}

/* They saw no difference. What did not fit into a queue, or could not be taken, is one. */
static void on_agreed(vls_core *core, vls_circle *circle, vls_circle_link *link,
                      const vls_compare_news *news, vls_buf *out) {
  vls_circle_sync *s = link->sync;
  if (link->sync_due || s->spoiled || s->at_serve < s->n_serve) {
    vls_gmark_drop(core->store, circle->row.id, link->device);
    vls_compare_unknown(news->mark, out);
    s->retry_at = core->now.mono_ms + VLS_SYNC_RETRY_MS;
    s->due = true;
    link->sync_due = false;
  } else {
    remember(core, circle, link, news);
  }
  finish(core, circle, link);
}

void vls_circle_sync_frame(vls_core *core, vls_circle *circle, vls_circle_link *link,
                           vls_slice body) {
  vls_circle_sync *s = link->sync;
  vls_compare_news news;
  vls_buf out;
  vls_buf_init(&out, vls_group_sync_def.max_bytes);
  vls_err err = vls_compare_hear(s->compare, body, &core->rng, &news, &out);
  if (err == VLS_OK) {
    s->last = core->now.mono_ms;
    switch (news.kind) {
    case VLS_COMPARE_ASKED: on_asked(core, circle, link, &news, body); break;
    case VLS_COMPARE_ON: break;
    case VLS_COMPARE_DIFFERS: on_differs(core, circle, link); break;
    case VLS_COMPARE_SAME:
      remember(core, circle, link, &news);
      finish(core, circle, link);
      break;
    case VLS_COMPARE_AGREED: on_agreed(core, circle, link, &news, &out); break;
    case VLS_COMPARE_UNKNOWN: on_unknown(core, circle, link); break;
    }
    say(core, circle, link, &out);
  } else if (err != VLS_STATE) {
    vls_core_log(core, VLS_NOTICE, "comparison refused group=%llu contact=%llu error=%s",
                 (unsigned long long)circle->row.id, (unsigned long long)link->conn->peer->row.id,
                 vls_err_name(err));
    if (s->phase != VLS_SYNC_IDLE) give_up(core, circle, link, VLS_SYNC_RETRY_MS);
  }
  vls_buf_done(&out);
  vls_circle_touch(core, circle);
}

void vls_circle_sync_serve(vls_core *core, vls_circle *circle, vls_circle_link *link,
                           const uint8_t (*blinded)[32], size_t n) {
  vls_circle_sync *s = link->sync;
  if (n == 0) return;
  if (s->serve == NULL) s->serve = vls_calloc(VLS_SYNC_SERVED, sizeof *s->serve);
  s->n_serve -= s->at_serve;
  memmove(s->serve, s->serve + s->at_serve, s->n_serve * sizeof *s->serve);
  s->at_serve = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t number;
    if (vls_compare_find(s->compare, blinded[i], &number) != VLS_OK) continue;
    if (s->n_serve == VLS_SYNC_SERVED)
      link->sync_due = true; /* the next comparison finds it */
    else
      s->serve[s->n_serve++] = number;
  }
  qsort(s->serve, s->n_serve, sizeof *s->serve, by_number);
  if (s->n_served > 0) qsort(s->served, s->n_served, sizeof *s->served, by_number);
  s->n_sorted = s->n_served;
  s->last = core->now.mono_ms;
  vls_circle_touch(core, circle);
}

bool vls_circle_sync_came(vls_core *core, vls_circle *circle, vls_circle_link *link,
                          const uint8_t id[32], bool kept, bool is_new) {
  vls_circle_sync *s = link->sync;
  bool asked = vls_compare_came(s->compare, id);
  if (!kept) s->spoiled = true;
  if (!asked && s->phase != VLS_SYNC_SERVING) return true;
  s->last = core->now.mono_ms;
  vls_circle_touch(core, circle);
  return !is_new || ++s->brought <= VLS_CIRCLE_ANNOUNCE;
}

bool vls_circle_sync_moves(const vls_circle *circle) {
  for (size_t i = 0; i < circle->n_links; i++)
    if (circle->links[i].sync->phase != VLS_SYNC_IDLE) return true;
  return false;
}

/* Somebody who was kept waiting has their turn. */
static bool serve_next(vls_core *core, vls_circle *circle) {
  for (size_t i = 0; i < circle->n_links; i++) {
    vls_circle_link *link = &circle->links[i];
    vls_circle_sync *s = link->sync;
    vls_compare_news news;
    vls_buf out;
    if (s->waiting.n == 0) continue;
    vls_buf_init(&out, vls_group_sync_def.max_bytes);
    vls_err err = vls_compare_hear(s->compare, vls_buf_slice(&s->waiting), &core->rng, &news, &out);
    if (err == VLS_OK) answer(core, circle, link, &news);
    vls_buf_clear(&s->waiting);
    vls_buf_done(&out);
    return true;
  }
  return false;
}

/* The next neighbour to compare with, any of those that are due. */
static void begin_next(vls_core *core, vls_circle *circle) {
  uint64_t now = core->now.mono_ms, start = vls_rng_below(&core->rng, circle->n_links);
  for (size_t i = 0; i < circle->n_links; i++)
    if (circle->links[i].sync->phase == VLS_SYNC_ASKED) return;
  for (size_t i = 0; i < circle->n_links; i++) {
    vls_circle_link *link = &circle->links[(start + i) % circle->n_links];
    if (link->sync_due) link->sync->due = true;
    if (!link->sync->due || link->sync->phase != VLS_SYNC_IDLE) continue;
    if (link->sync->retry_at > now) {
      vls_circle_wake_at(core, circle, link->sync->retry_at);
      continue;
    }
    begin(core, circle, link);
    return;
  }
}

/* Who does not answer, or has gone quiet, has had their turn. */
static void look_at(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_sync *s = link->sync;
  uint64_t now = core->now.mono_ms;
  serve(core, circle, link);
  if (s->phase == VLS_SYNC_FETCHING) {
    fetch(core, circle, link);
    if (s->phase == VLS_SYNC_FETCHING && now >= s->last + VLS_SYNC_ANSWER_MS)
      give_up(core, circle, link, VLS_SYNC_RETRY_MS);
  } else if (s->phase == VLS_SYNC_ASKED && now >= s->last + VLS_SYNC_ANSWER_MS) {
    s->due = true;
    give_up(core, circle, link, VLS_SYNC_RETRY_MS);
  } else if (s->phase == VLS_SYNC_SERVING && now >= s->last + 2 * VLS_SYNC_QUIET_MS) {
    finish(core, circle, link);
  }
}

static uint64_t deadline(const vls_circle_sync *s, uint64_t now) {
  if (s->at_serve < s->n_serve) return now + VLS_SYNC_FEED_MS;
  switch (s->phase) {
  case VLS_SYNC_IDLE: return VLS_NEVER;
  case VLS_SYNC_ASKED: return s->last + VLS_SYNC_ANSWER_MS;
  case VLS_SYNC_SERVING: return s->last + 2 * VLS_SYNC_QUIET_MS;
  case VLS_SYNC_FETCHING:
    return vls_compare_to_give(s->compare) + vls_compare_to_want(s->compare) > 0
               ? now + VLS_SYNC_FEED_MS
               : s->last + VLS_SYNC_QUIET_MS;
  }
  return VLS_NEVER;
}

void vls_circle_sync_plan(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  uint64_t now = core->now.mono_ms;
  if (circle->n_links == 0) return;
  for (size_t i = 0; i < circle->n_links; i++)
    look_at(core, circle, &circle->links[i]);
  if (pass->sync_at == VLS_NEVER) pass->sync_at = now + VLS_CIRCLE_SYNC_MS;
  if (now >= pass->sync_at) {
    circle->links[vls_rng_below(&core->rng, circle->n_links)].sync->due = true;
    pass->sync_at = now + VLS_CIRCLE_SYNC_MS;
  }
  while (pass->holder == NULL && serve_next(core, circle))
    ;
  if (pass->holder == NULL) begin_next(core, circle);
  vls_circle_wake_at(core, circle, pass->sync_at);
  for (size_t i = 0; i < circle->n_links; i++) {
    uint64_t at = deadline(circle->links[i].sync, now);
    if (at != VLS_NEVER) vls_circle_wake_at(core, circle, at > now ? at : now + 1);
  }
}
