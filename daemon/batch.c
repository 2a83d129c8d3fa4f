#include "daemon/batch.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/assert.h"
#include "daemon/daemon.h"

vls_now vls_batch_now(void) {
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  /* The same clock as libuv's timers, so that one set for the deadline never finds it still to
   * come. */
  return (vls_now){uv_hrtime() / 1000000,
                   (int64_t)wall.tv_sec * 1000 + (int64_t)wall.tv_nsec / 1000000};
}

static void perform(vls_daemon *d);

void vls_batch_replace(vls_daemon *d) {
  d->batch.dead = d->batch.replaced = true;
  vls_batch_again(d);
}

static const char *what_then(vls_err err, bool again) {
  if (!again) return "nothing unsaved was sent; exiting, to start again from the disk";
  if (err == VLS_DAMAGED) return "nothing unsaved was sent; saving what can be read";
  return "nothing unsaved was sent; beginning again from the disk";
}

/* RAM no longer matches the disk: only a fresh start makes that right again. Who called is told.
 * For want of room, and after damage, that start is in this process. After any other failure it is
 * in a new one: what the kernel did not confirm may still be in its memory, and look as if it were
 * on the disk. */
static void die(vls_daemon *d, vls_err err) {
  if (d->batch.dead) return;
  bool again = (err == VLS_FULL || err == VLS_DAMAGED) && !d->draining;
  VLS_LOG(&d->log, VLS_ERROR, "store.failed", vls_log_s("error", vls_err_name(err)),
          vls_log_s("why", vls_store_problem(d->store)), vls_log_s("then", what_then(err, again)));
  d->batch.dead = true;
  vls_core_committed(d->core, err);
  perform(d);
  if (again) {
    d->batch.damaged = err == VLS_DAMAGED;
    if (err == VLS_FULL) vls_room_failed(d);
    vls_batch_replace(d);
    return;
  }
  d->exit_code = EXIT_FAILURE;
  uv_stop(&d->loop);
}

/* A machine that was cloned or resumed must not repeat what the other copy draws: fresh entropy
 * comes before anything else in each batch. */
static void begin(vls_daemon *d, vls_now now) {
  if (d->batch.open || d->batch.dead || d->core == NULL) return;
  d->batch.open = true;
  d->batch.started_ms = now.mono_ms;
  uint8_t fresh[VLS_ENTROPY_BYTES];
  ssize_t got = getrandom(fresh, sizeof fresh, 0);
  VLS_ASSERT(got == (ssize_t)sizeof fresh); /* getrandom(2): up to 256 bytes are never cut short */
  vls_input in = {.type = VLS_IN_ENTROPY, .bytes = {fresh, sizeof fresh}};
  vls_err err = vls_core_feed(d->core, &in, now);
  vls_wipe(fresh, sizeof fresh);
  if (err != VLS_OK) die(d, err);
}

void vls_batch_feed(vls_daemon *d, const vls_input *in) {
  vls_batch *b = &d->batch;
  VLS_ASSERT(!b->performing);
  vls_now now = vls_batch_now();
  begin(d, now);
  if (b->dead || d->core == NULL) return; /* locked: it hears of it when it is there again */
  vls_err err = vls_core_feed(d->core, in, now);
  if (err != VLS_OK) {
    die(d, err);
    return;
  }
  b->inputs++;
  if (b->inputs >= VLS_BATCH_INPUTS || now.mono_ms - b->started_ms >= VLS_BATCH_MS)
    vls_batch_end(d);
}

void vls_batch_drain(vls_daemon *d) {
  vls_now now = vls_batch_now();
  VLS_ASSERT(!d->batch.performing);
  begin(d, now);
  if (!d->batch.dead && d->core != NULL) vls_core_drain(d->core, now);
}

static void perform_one(vls_daemon *d, const vls_output *out) {
  switch (out->type) {
  case VLS_OUT_DIAL: vls_streams_dial(d, out->link, out->list, out->n_list); break;
  case VLS_OUT_SEND: vls_streams_send(d, out->link, out->bytes); break;
  case VLS_OUT_CLOSE: vls_streams_close(d, out->link); break;
  case VLS_OUT_PAUSE: vls_streams_pause(d, out->link, true); break;
  case VLS_OUT_RESUME: vls_streams_pause(d, out->link, false); break;
  case VLS_OUT_REPLY: vls_rpcd_send(d, out->client, out->bytes, true); break;
  case VLS_OUT_NOTIFY: vls_rpcd_send(d, out->client, out->bytes, false); break;
  case VLS_OUT_LOG: vls_log_text(&d->log, out->level, "core", out->text); break;
  }
}

void vls_batch_dirty(vls_daemon *d, vls_outq *q) {
  if (q->dirty) return;
  q->dirty = true;
  q->next_dirty = d->batch.dirty;
  d->batch.dirty = q;
}

static void flush(vls_daemon *d) {
  while (d->batch.dirty != NULL) {
    vls_outq *q = d->batch.dirty;
    d->batch.dirty = q->next_dirty;
    q->dirty = false;
    vls_outq_flush(q);
  }
}

static void perform(vls_daemon *d) {
  vls_output out;
  d->batch.performing = true;
  while (vls_core_poll(d->core, &out))
    perform_one(d, &out);
  flush(d);
  d->batch.performing = false;
}

static void on_quiet(uv_timer_t *timer) {
  vls_daemon *d = timer->data;
  uint64_t since = uv_hrtime() / 1000000 - d->batch.written_ms;
  if (since < VLS_QUIET_MS) { /* cheaper than setting the timer again at each commit */
    uv_timer_start(timer, on_quiet, VLS_QUIET_MS - since, 0);
    return;
  }
  if (d->store != NULL && !d->batch.dead) vls_store_checkpoint(d->store);
  vls_streams_trim(d);
  vls_rpcd_trim(d);
}

void vls_batch_end(vls_daemon *d) {
  vls_batch *b = &d->batch;
  if (!b->open || b->dead) return;
  b->open = false;
  b->inputs = 0;
  vls_now now = vls_batch_now();
  bool written = vls_core_seal(d->core, now);
  if (written) {
    vls_err err = vls_store_commit(d->store);
    if (err != VLS_OK) {
      die(d, err);
      return;
    }
    vls_core_committed(d->core, VLS_OK);
    b->written_ms = uv_hrtime() / 1000000;
    if (!uv_is_active((uv_handle_t *)&b->quiet))
      uv_timer_start(&b->quiet, on_quiet, VLS_QUIET_MS, 0);
  }
  if (vls_core_poisoned(d->core)) {
    die(d, VLS_STORAGE);
    return;
  }
  perform(d);
  if (written) vls_room_check(d);
}

static void on_due(uv_timer_t *timer) {
  (void)timer; /* the turn that follows ticks */
}
static void on_again(uv_idle_t *idle) {
  (void)idle; /* its being active keeps the loop awake */
}

void vls_batch_again(vls_daemon *d) {
  uv_idle_start(&d->batch.again, on_again);
}

static void arm(vls_daemon *d) {
  vls_batch *b = &d->batch;
  uint64_t deadline = vls_core_deadline(d->core);
  if (deadline == b->armed && (deadline == VLS_NEVER || uv_is_active((uv_handle_t *)&b->due)))
    return;
  b->armed = deadline;
  uv_timer_stop(&b->due);
  if (deadline == VLS_NEVER) return;
  uv_update_time(&d->loop); /* commits took time: timers count from the loop's idea of now */
  uint64_t now = uv_now(&d->loop);
  uv_timer_start(&b->due, on_due, deadline > now ? deadline - now : 0, 0);
}

static void end_turn(vls_daemon *d) {
  vls_batch *b = &d->batch;
  vls_now now = vls_batch_now();
  if (now.mono_ms >= vls_core_deadline(d->core)) {
    begin(d, now);
    vls_err err = b->dead ? VLS_OK : vls_core_tick(d->core, now);
    if (err != VLS_OK) die(d, err);
  }
  vls_batch_end(d);
  if (!b->dead) arm(d);
}

static void on_turn(uv_prepare_t *prepare) {
  vls_daemon *d = prepare->data;
  vls_batch *b = &d->batch;
  uv_idle_stop(&b->again);
  vls_streams_attend(d);
  vls_rpcd_attend(d);
  flush(d); /* what the daemon answered by itself */
  if (d->reserve_fd < 0) vls_acceptor_reserve(d);
  if (b->replaced) vls_life_renew(d);
  if (b->dead) return;
  if (d->core != NULL) end_turn(d);
  if (!b->dead) vls_lock_attend(d);
  vls_daemon_check_drained(d);
}

void vls_batch_renew(vls_daemon *d) {
  vls_batch *b = &d->batch;
  b->dead = b->replaced = b->damaged = b->open = false;
  b->inputs = 0;
  b->armed = VLS_NEVER;
  uv_timer_stop(&b->due);
}

void vls_batch_start(vls_daemon *d) {
  vls_batch *b = &d->batch;
  b->armed = VLS_NEVER;
  uv_prepare_init(&d->loop, &b->turn);
  uv_idle_init(&d->loop, &b->again);
  uv_timer_init(&d->loop, &b->due);
  uv_timer_init(&d->loop, &b->quiet);
  b->turn.data = d;
  b->quiet.data = d;
  uv_prepare_start(&b->turn, on_turn);
}
