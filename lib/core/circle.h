/* Groups in the node: a vls_group (conv/group.h), and what this node does about it. "Room" is a
 * directory and vls_group the protocol: what the core has is a circle.
 *
 * Whatever makes a group hear or say is followed by vls_circle_settle in the same breath: it stores
 * what happened, tells people, and queues what is to be sent. Rows of its state are written at the
 * end of the batch (vls_circle_flush), and nothing leaves before they are on disk.
 *
 * A talk's number is a contact's or a group's (one sequence): message.contact, feed.contact. */
#ifndef VALISE_CORE_CIRCLE_H
#define VALISE_CORE_CIRCLE_H

#include "conv/group.h"
#include "core/core_int.h"
#include "proto/group.h"
#include "store/groups.h"

enum {
  VLS_CIRCLES_MAX = 256,        /* groups of one node */
  VLS_CIRCLE_QUEUE = 2048,      /* frames that wait for one link */
  VLS_CIRCLE_QUEUE_KB = 1024,   /* and of those kept in memory, KiB */
  VLS_CIRCLE_HOUR_EVENTS = 256, /* of one author and hour, from one link (GROUP 6.5) */
  VLS_CIRCLE_HOUR_KB = 4096,    /* and KiB */
  VLS_CIRCLE_RENEWALS = 30,     /* leaves announced for others in a minute */
  VLS_CIRCLE_ASIDE = 2,         /* gevent.last, with no first: words that are set aside */
  VLS_CIRCLE_WANTS = 64,        /* events asked for at once */
  VLS_CIRCLE_ASKED = 1104,      /* things asked for that have not come: VLS_GROUP_WANTED and more */
  VLS_CIRCLE_TRIES = 3,         /* asked for so often in vain, it is not shown as missing */
  VLS_CIRCLE_TIMES = 5, /* after so many times it is asked for about every hour and a half */
};
#define VLS_CIRCLE_WANT_MS UINT64_C(5000)    /* before the same thing is asked for again; then x4 */
#define VLS_CIRCLE_STUCK_MS UINT64_C(60000)  /* wraps were asked for in vain: a new leaf */
#define VLS_CIRCLE_RENEW_MS UINT64_C(600000) /* and another, when that was in vain as well */
#define VLS_CIRCLE_SYNC_MS (UINT64_C(10) * 60 * 1000)
#define VLS_CIRCLE_RECORD_MS (UINT64_C(30) * 86400 * 1000) /* a record is passed on so long */

/* A device of a member that can be reached now. */
typedef struct vls_circle_link {
  vls_conn *conn;
  struct vls_circle_sync *sync; /* circle_pass.h */
  uint8_t device[32];
  uint64_t asked; /* mono_ms when this one was asked for what is missing; 0 */
  bool sync_due;  /* the link is new, or its queue was full: compare */
  bool fresh;     /* since this batch */
} vls_circle_link;

/* Words written in this batch, or before the group could speak: in the store as queued then. */
typedef struct vls_circle_word {
  uint64_t n; /* number of its message; 0: it belongs to the word before it, into one event */
  uint64_t kind, stamp;
  vls_buf body; /* of the item */
} vls_circle_word;

/* Something that was asked for: an event, or the wrap of a commit. */
typedef struct vls_circle_asked {
  uint8_t id[32];
  uint64_t next; /* mono_ms when it may be asked for again */
  uint8_t times;
  bool missing; /* seen to be, in the walk under way */
} vls_circle_asked;

typedef struct vls_circle {
  vls_grp_row row; /* row.id: its talk number */
  bool row_dirty, state_dirty, listed;
  bool moved;       /* members or their devices may have changed: links are looked at again */
  vls_group *group; /* NULL: there is an invitation alone, or its state could not be read */
  vls_group_me me;
  vls_circle_link *links; /* to devices of the roster */
  size_t n_links, cap_links;
  struct vls_circle_ring *ring; /* its neighbours, when it is large (circle_members.c) */
  vls_circle_word *words;
  size_t n_words, cap_words;
  uint64_t said_first, said_last; /* numbers of the texts that are being said ... */
  uint64_t said_seq, said_stamp;  /* ... and of their event ... */
  uint8_t said_id[32];            /* ... with its id */
  vls_remark_memo remarks;
  uint64_t event;  /* gevent.n of the first event since vls_circle_settle began */
  bool has_queued; /* texts of mine wait in the store for an epoch */
  bool unread_known;
  uint64_t unread;
  vls_due due;
  uint64_t last_said; /* ms since 1970, of my last text in this run; 0 */
  bool let_in;        /* while asking: the inviter said so, and the acts are still to come */
  bool asks_moved;    /* somebody was admitted: who waits here is looked at */
  bool doors_moved;   /* invitations may have changed */
  struct vls_circle_key *doors; /* knocks that open (circle_door.h) */
  size_t n_doors;
  uint64_t heal_at, stuck_at, want_at, sync_at; /* mono_ms, or VLS_NEVER */
  size_t next_asked;                            /* of the links, when something is missing */
  struct vls_circle_pass *pass;                 /* circle_pass.h; NULL: nothing yet */
  bool judge_due;                               /* words of anybody may count, or not, from now */
  vls_budget renewals;
  struct vls_circle_hour *hours; /* circle_hours.c */
  uint64_t hours_since;          /* mono_ms */
  vls_circle_asked *asked;       /* VLS_CIRCLE_ASKED of them, or NULL */
  size_t n_asked;
} vls_circle;

/* circles.c */
void vls_circles_load(vls_core *core);
void vls_circles_free(vls_core *core);
vls_circle *vls_circle_get(const vls_core *core, uint64_t id); /* NULL: no group has this number */
vls_circle *vls_circle_by_gid(const vls_core *core, const uint8_t gid[32]);
/* Begins a group; its name here is rules->name, made unique. VLS_LIMITED: there are too many;
 * VLS_MALFORMED: the rules. It is on disk with this batch. */
VLS_MUST vls_err vls_circle_found(vls_core *core, const vls_group_rules *rules, vls_circle **ret);
/* A group that is not here yet, or was left: somebody is to let this device in. What they need for
 * it is in ret_leaf, which borrows from `bytes` and core->self. `via`: the contact whose invitation
 * it is, or 0. */
VLS_MUST vls_err vls_circle_join(vls_core *core, const uint8_t gid[32], vls_slice name,
                                 uint64_t via, vls_buf *bytes, vls_act_leaf *ret_leaf,
                                 vls_circle **ret);
/* A group of which no more than this is known. */
vls_circle *vls_circle_new(vls_core *core, const uint8_t gid[32], vls_slice name,
                           vls_grp_state state);
/* Lets somebody in: vls_group_admit, and all that follows from it. */
VLS_MUST vls_err vls_circle_admit(vls_core *core, vls_circle *circle, const vls_act_admit *admit);
/* VLS_EXISTS, VLS_MALFORMED. */
VLS_MUST vls_err vls_circle_rename(vls_core *core, vls_circle *circle, vls_slice name);
/* It goes, with all that was said there; gives the number of texts. This node is not in it. */
uint64_t vls_circle_forget(vls_core *core, vls_circle *circle);
/* It has something to do at the end of the batch. */
void vls_circle_touch(vls_core *core, vls_circle *circle);
void vls_circle_flush(vls_core *core, vls_circle *circle);
uint64_t vls_circle_unread(vls_core *core, vls_circle *circle);

/* circle_told.c */
/* Everything that the group tells goes to the store, to people and to links. */
void vls_circle_settle(vls_core *core, vls_circle *circle);

/* After acts, once for all of a batch: whether this node is in or out, and which links lead to
 * members. */
void vls_circle_stand(vls_core *core, vls_circle *circle);

/* circle_hear.c */
/* A GROUP frame came over this link. True: it brought something. */
bool vls_circle_frame(vls_core *core, vls_conn *conn, vls_slice frame);

/* circle_items.c */
/* Verified words: texts become messages, remarks are kept; row gets the numbers of the texts. row:
 * not in the store yet. author NULL: me. */
void vls_circle_take(vls_core *core, vls_circle *circle, const vls_group_said *said,
                     const vls_peer *author, vls_gevent_row *row);
/* The text that a person reads in this item; empty: none. */
vls_slice vls_circle_text_of(const vls_item *item);

/* circle_say.c */
/* A text of mine, number n, is said with this batch, or once the group can speak. */
void vls_circle_text(vls_core *core, vls_circle *circle, vls_slice text, uint64_t n);
/* Likewise any item. n 0: in the event of the word before it (mentions), and no message; such a
 * one, and one that is no text, is not said if the group cannot speak now. */
void vls_circle_item(vls_core *core, vls_circle *circle, uint64_t kind, vls_slice body, uint64_t n);
/* Whether this node is a member who has keys, or can have them at once. */
bool vls_circle_speaks(vls_circle *circle);
/* The end of the batch for groups: what was written is said, rows are flushed. */
void vls_circles_seal(vls_core *core);
/* All that was written so far is said; before a query reads the store. */
void vls_circle_flush_words(vls_core *core);

/* circle_links.c */
/* Who this is here: the contact, or a row made for a member who is none (never NULL). */
vls_peer *vls_circle_member(vls_core *core, const uint8_t identity[32]);
/* A link to a member came up, or is gone. */
void vls_circle_up(vls_core *core, vls_conn *conn);
void vls_circle_down(vls_core *core, vls_conn *conn);
/* Members changed: whom it is linked to is found anew. */
void vls_circle_relink(vls_core *core, vls_circle *circle);
/* The device's place among the links; NULL: it cannot be reached now. */
vls_circle_link *vls_circle_link_of(const vls_circle *circle, const vls_conn *conn);
vls_circle_link *vls_circle_link_to(const vls_circle *circle, const uint8_t device[32]);

/* circle_queue.c: frames for a link, at the end of the batch while its window is open; else they
 * wait. Full: dropped, and the link is to be compared. */
/* The body is copied. */
void vls_circle_send(vls_core *core, vls_circle *circle, vls_conn *conn, vls_group_frame_kind kind,
                     vls_slice body);
/* By number in the store: loaded when it is sent. */
void vls_circle_send_record(vls_core *core, vls_circle *circle, vls_conn *conn, uint64_t record);
/* The card of this contact or member as it is then; 0: mine. */
void vls_circle_send_card(vls_core *core, vls_circle *circle, vls_conn *conn, uint64_t contact);
/* An event (its id) as a letter for this device; sealed when it is sent. */
void vls_circle_send_letter(vls_core *core, vls_circle *circle, vls_conn *conn,
                            const uint8_t event[32], const uint8_t device[32]);
/* All acts as letters, and all words where the rules give newcomers the history. */
void vls_circle_send_all(vls_core *core, vls_circle *circle, vls_conn *conn,
                         const uint8_t device[32]);
/* Of this leaf, if it is here. */
void vls_circle_send_wrap(vls_core *core, vls_circle *circle, vls_conn *conn,
                          const uint8_t commit[32], uint32_t leaf);
/* A record of mine to every linked member. */
void vls_circle_spread(vls_core *core, vls_circle *circle, uint64_t record, const vls_conn *but);
/* A record came over this link, and is new. */
void vls_circle_passed(vls_core *core, vls_circle *circle, uint64_t record, const vls_conn *from);
/* What waits goes out while the window is open. */
void vls_circle_pump(vls_core *core, vls_conn *conn);
size_t vls_circle_queue_room(const vls_conn *conn); /* frames that still fit */
void vls_circle_queue_free(vls_conn *conn);

/* circle_want.c */
/* Somebody asked: group_want. */
void vls_circle_wanted(vls_core *core, vls_circle *circle, vls_circle_link *link, vls_slice body);
/* Something may be missing: a linked member is asked at the end of the batch, and again. */
void vls_circle_want_soon(vls_core *core, vls_circle *circle);
/* The same: a new link may lead to what others had not. */
void vls_circle_want_anew(vls_core *core, vls_circle *circle);
void vls_circle_want_tick(vls_core *core, vls_circle *circle);
/* Events that are missing and may still come: what several members did not give is from before this
 * one came, or is nowhere. */
size_t vls_circle_missing(const vls_circle *circle);
/* A wrap for somebody else, while the group is small. */
void vls_circle_keep_wrap(vls_core *core, vls_circle *circle, const vls_group_wrap *wrap);

/* circle_time.c */
void vls_circle_wake_at(vls_core *core, vls_circle *circle, uint64_t mono_ms);
void vls_circle_tick(vls_core *core); /* those whose time has come */
/* At the end of a batch that touched it: what it needs, now or later. */
void vls_circle_plan(vls_core *core, vls_circle *circle);

/* circle_judge.c */
/* Words that just came: taken, or set aside; row as for vls_circle_take. */
void vls_circle_judge_event(vls_core *core, vls_circle *circle, const vls_group_said *said,
                            const vls_peer *author, vls_gevent_row *row);
/* All words whose place is in memory, after acts that change who may speak. */
void vls_circle_judge(vls_core *core, vls_circle *circle);
/* Numbers of its texts in the order of GROUP 2.7, the newest last: the newest max of those before
 * this one (0: of all). Words whose place is not in memory any more stand first, as stored. */
size_t vls_circle_order(vls_core *core, vls_circle *circle, uint64_t before, uint64_t *ret,
                        size_t max);

/* circle_renew.c */
/* Asks somebody to announce a new leaf of mine; false: nobody can. */
bool vls_circle_renew(vls_core *core, vls_circle *circle);
/* An act of mine for a leaf of theirs: once in VLS_CIRCLE_RENEW_MS, since a group holds so many.
 * peer: NULL when no link of theirs is there but one made with an invitation. */
bool vls_circle_may_renew(vls_core *core, vls_circle *circle, vls_peer *peer);
/* A member asked for that; false: it was something else, or not right. */
bool vls_circle_renewed(vls_core *core, vls_circle *circle, const vls_conn *conn, vls_slice body);

/* circle_hours.c */
/* Whether words of this author and hour are taken from this link (GROUP 6.5), and counts them. */
bool vls_circle_hour_takes(vls_core *core, vls_circle *circle, const vls_conn *conn,
                           const vls_group_facts *facts);

/* circle_rows.c */
void vls_circle_write(vls_core *core, vls_circle *circle);
void vls_circle_read(vls_core *core, vls_circle *circle); /* group stays NULL when it cannot */

#endif
