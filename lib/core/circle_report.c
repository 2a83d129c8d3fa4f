/* Words are reported to the moderators of a group, with the event as it was signed (GROUP 7.11). */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "core/circle_door.h"
#include "core/circle_who.h"
#include "store/group_due.h"

enum { SHOWN = 400 }; /* bytes of the words that are told; all of them are kept */

static bool is_moderator(vls_circle *circle, const uint8_t identity[32]) {
  return vls_group_level(circle->group, identity) >= VLS_LEVEL_MODERATOR;
}

static vls_err put_due(vls_core *core, const vls_circle *circle, const vls_peer *peer,
                       vls_slice body) {
  vls_gdue_row row = {.grp = circle->row.id,
                      .contact = peer->row.id,
                      .kind = VLS_GDUE_REPORT,
                      .at = vls_core_wall(core),
                      .body = body};
  return vls_gdue_put(core->store, &row);
}

vls_err vls_circle_report(vls_core *core, vls_circle *circle, const vls_gevent_row *event,
                          uint64_t item, vls_slice reason, size_t *ret_n) {
  vls_buf body;
  vls_group_report report = {.event = event->bytes, .item = item, .reason = reason};
  uint8_t(*members)[32] = vls_calloc(VLS_GROUP_CITIZENS, 32);
  size_t n = vls_group_members(circle->group, members);
  vls_buf_init(&body, vls_group_report_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_report_def, &report, &body);
  *ret_n = 0;
  for (size_t i = 0; i < n && err == VLS_OK; i++) {
    if (vls_is_me(core, members[i]) || !is_moderator(circle, members[i])) continue;
    vls_peer *peer = vls_circle_member(core, members[i]);
    err = put_due(core, circle, peer, vls_buf_slice(&body));
    ++*ret_n;
    const vls_circle_link *link =
        peer->conn == NULL ? NULL : vls_circle_link_of(circle, peer->conn);
    if (err == VLS_OK && link != NULL)
      vls_circle_send(core, circle, peer->conn, VLS_GROUP_FRAME_REPORT, vls_buf_slice(&body));
  }
  vls_buf_done(&body);
  free(members);
  return err;
}

void vls_circle_report_over(vls_core *core, vls_circle *circle, vls_conn *conn) {
  vls_gdue_row row = {0};
  vls_buf body;
  vls_buf_init(&body, vls_group_report_def.max_bytes);
  while (vls_gdue_next(core->store, conn->peer->row.id, VLS_GDUE_REPORT, row.n, &row, &body)) {
    if (row.grp == circle->row.id)
      vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_REPORT, row.body);
    vls_buf_clear(&body);
  }
  vls_buf_done(&body);
}

/* Reads one; said borrows from the body. False: it is none. */
static bool read_report(const vls_circle *circle, vls_slice body, vls_group_report *report,
                        vls_group_said *said) {
  vls_group_where where = {.group = circle->row.gid};
  return vls_wire_decode(&vls_group_report_def, VLS_WIRE_STRICT, body, report, NULL) == VLS_OK &&
         vls_group_read(said, report->event, &where) == VLS_OK &&
         said->act.kind == VLS_GROUP_WORDS && report->item < said->n_items;
}

static void tell(vls_core *core, const vls_circle *circle, const vls_conn *conn,
                 const vls_group_report *report, const vls_group_said *said) {
  char by[VLS_MEMBER_NAME], author[VLS_MEMBER_NAME], text[SHOWN + VLS_GROUP_REASON + 400];
  vls_slice words = vls_circle_text_of(&said->items[report->item]);
  size_t n = vls_utf8_whole(words.p, words.n < SHOWN ? words.n : SHOWN);
  vls_citizen_name(core, conn->peer->row.identity, by);
  vls_citizen_name(core, said->header.author, author);
  snprintf(text, sizeof text, "%s reports what %s wrote: %.*s. The words: %.*s%s", by, author,
           (int)report->reason.n, (const char *)report->reason.p, (int)n, (const char *)words.p,
           n < words.n ? " ..." : "");
  vls_feed_add_talk(core, VLS_FEED_GROUP, circle->row.id, 0, 0, text);
}

/* Anybody can sign with some key in somebody's name: the group knows whose device it is. */
static bool is_of_author(const vls_circle *circle, const vls_group_said *said) {
  const uint8_t *owner = vls_group_owner(circle->group, said->header.device);
  return owner != NULL && memcmp(owner, said->header.author, 32) == 0;
}

bool vls_circle_reported(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body) {
  vls_group_report report;
  bool fresh = false;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  bool ok = is_moderator(circle, core->self.identity.pub) &&
            read_report(circle, body, &report, said) && vls_group_verify(said) == VLS_OK &&
            is_of_author(circle, said) &&
            (vls_group_has(circle->group, said->id) ||
             vls_group_level(circle->group, said->header.author) > VLS_LEVEL_NONE);
  if (ok) {
    vls_greport_row row = {
        .grp = circle->row.id, .by = conn->peer->row.id, .at = vls_core_wall(core), .report = body};
    memcpy(row.event, said->id, 32);
    fresh = vls_greport_put(core->store, &row);
    if (fresh) tell(core, circle, conn, &report, said);
    vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_HEARD, vls_slice_of(said->id, 32));
  }
  free(said);
  return fresh;
}

void vls_circle_report_heard(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice id) {
  vls_gdue_row row = {0};
  vls_group_report report;
  vls_buf body;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_buf_init(&body, vls_group_report_def.max_bytes);
  while (vls_gdue_next(core->store, conn->peer->row.id, VLS_GDUE_REPORT, row.n, &row, &body)) {
    if (row.grp == circle->row.id && read_report(circle, row.body, &report, said) &&
        vls_slice_eq(id, vls_slice_of(said->id, 32)))
      vls_gdue_drop(core->store, row.n);
    vls_buf_clear(&body);
  }
  vls_buf_done(&body);
  free(said);
}
