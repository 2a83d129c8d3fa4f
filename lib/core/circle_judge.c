/* Words of who was not permitted them are set aside, and come back when that changes (GROUP 4.8);
 * history in the order that is the same everywhere (GROUP 2.7). */
#include <stdlib.h>

#include "core/circle.h"
#include "core/remarks.h"

void vls_circle_judge_event(vls_core *core, vls_circle *circle, const vls_group_said *said,
                            const vls_peer *author, vls_gevent_row *row) {
  bool counts = author == NULL || vls_group_judge(circle->group, row->id) == VLS_GROUP_COUNTS;
  row->first = row->last = 0;
  if (counts)
    vls_circle_take(core, circle, said, author, row);
  else
    row->last = VLS_CIRCLE_ASIDE;
}

/* Its texts go from the talk; the event stays, for what it proves. */
static void set_aside(vls_core *core, vls_circle *circle, const vls_gevent_row *row) {
  vls_message_row m;
  for (uint64_t n = row->first; n != 0 && n <= row->last; n++) {
    vls_buf body;
    vls_buf_init(&body, VLS_TEXT_MAX);
    bool is_of_it = vls_message_get(core->store, n, &m, &body) && m.contact == circle->row.id &&
                    m.device == row->device && m.seq == row->seq;
    vls_buf_done(&body);
    if (!is_of_it) continue;
    vls_remark_gone(core, circle->row.id, n);
    vls_message_drop(core->store, n);
  }
  vls_gevent_set_texts(core->store, row->n, 0, VLS_CIRCLE_ASIDE);
}

static void bring_back(vls_core *core, vls_circle *circle, vls_gevent_row *row) {
  vls_gdevice_row device;
  vls_group_where where = {.group = circle->row.gid};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  if (vls_gdevice_get(core->store, circle->row.id, row->device, &device) && device.author != 0 &&
      vls_peer_get(core, device.author) != NULL &&
      vls_group_read(said, row->bytes, &where) == VLS_OK) {
    row->first = row->last = 0;
    vls_circle_take(core, circle, said, vls_peer_get(core, device.author), row);
    vls_gevent_set_texts(core->store, row->n, row->first, row->last);
  }
  free(said);
}

void vls_circle_judge(vls_core *core, vls_circle *circle) {
  vls_group_line *lines = NULL;
  vls_buf bytes;
  size_t n = vls_group_history(circle->group, &lines);
  circle->judge_due = false;
  vls_buf_init(&bytes, VLS_GROUP_EVENT_MAX);
  for (size_t i = 0; i < n; i++) {
    vls_gevent_row row;
    vls_buf_clear(&bytes);
    if (lines[i].is_act ||
        !vls_gevent_by_id(core->store, circle->row.id, lines[i].id, &row, &bytes))
      continue;
    bool counts = vls_group_judge(circle->group, row.id) == VLS_GROUP_COUNTS;
    bool is_aside = row.first == 0 && row.last == VLS_CIRCLE_ASIDE;
    if (row.device == 0 || counts != is_aside) continue;
    if (counts)
      bring_back(core, circle, &row);
    else
      set_aside(core, circle, &row);
    circle->unread_known = false;
  }
  vls_buf_done(&bytes);
  free(lines);
}

/* Order */

typedef struct walk {
  vls_core *core;
  uint64_t talk, before, lowest;
  uint64_t *ret;
  size_t n, max;
  bool found; /* `before` was passed, or there is none */
} walk;

static void put_number(walk *w, uint64_t n) {
  if (n < w->lowest) w->lowest = n;
  if (w->found && w->n < w->max) w->ret[w->n++] = n;
  if (n == w->before) w->found = true;
}

/* The texts of one event, the last first. */
static void put_event(walk *w, const vls_gevent_row *row) {
  for (uint64_t n = row->last; row->first != 0 && n >= row->first; n--) {
    vls_message_row m;
    vls_buf body;
    vls_buf_init(&body, VLS_TEXT_MAX);
    bool is_of_it = vls_message_get(w->core->store, n, &m, &body) && m.contact == w->talk &&
                    m.kind <= VLS_REMARK_REPLY && m.device == row->device && m.seq == row->seq;
    vls_buf_done(&body);
    if (is_of_it && m.kind <= VLS_REMARK_REPLY) put_number(w, n);
  }
}

static void put_stored(walk *w) {
  vls_message_query query = {.contact = w->talk,
                             .texts = true,
                             .before = w->lowest == UINT64_MAX ? 0 : w->lowest,
                             .limit = w->max};
  vls_message_row m;
  if (w->n >= w->max) return;
  while (w->n < w->max && vls_message_next(w->core->store, &query, &m))
    put_number(w, m.n);
  vls_message_end(&query);
}

size_t vls_circle_order(vls_core *core, vls_circle *circle, uint64_t before, uint64_t *ret,
                        size_t max) {
  vls_group_line *lines = NULL;
  walk w = {.core = core,
            .talk = circle->row.id,
            .before = before,
            .lowest = UINT64_MAX,
            .ret = ret,
            .max = max,
            .found = before == 0};
  size_t n = circle->group == NULL ? 0 : vls_group_history(circle->group, &lines);
  for (size_t i = n; i-- > 0 && w.n < max;) {
    vls_gevent_row row;
    if (!lines[i].is_act && vls_gevent_by_id(core->store, circle->row.id, lines[i].id, &row, NULL))
      put_event(&w, &row);
  }
  free(lines);
  put_stored(&w);
  for (size_t i = 0; i < w.n / 2; i++) { /* the newest last */
    uint64_t n_i = ret[i];
    ret[i] = ret[w.n - 1 - i];
    ret[w.n - 1 - i] = n_i;
  }
  return w.n;
}
