/* One group as one member sees it (GROUP): a state machine without I/O. Records, wraps and letters
 * come in, in any order; what is to be sent, stored and told comes out of vls_group_poll. Whatever
 * the order, members who heard the same end with the same levels, roster, epochs and history.
 *
 * To wire it to a node: store what is told before anything of it leaves. EVENT goes to the table of
 * events; RECORD to all members who can be reached, and into the set that sync compares; WRAPS are
 * kept and given out one by one (up to VLS_GROUP_EAGER members: sent along); WANT_WRAP is asked of
 * whoever is linked, NEWCOMER answered with letters for all acts and then the wrap. A record that
 * stays unopened, and an id of vls_group_missing, is asked for as a letter. vls_group_due is asked
 * after each batch, vls_group_is_stuck when wraps were asked for in vain. Poll before you save.
 *
 * What a peer gets wrong is an error value and changes nothing. Time is ms since 1970. Everything
 * in memory is a cache of the rows that vls_group_changed gives the store. */
#ifndef VALISE_CONV_GROUP_H
#define VALISE_CONV_GROUP_H

#include "conv/authority.h"
#include "event/group.h"

enum {
  VLS_GROUP_EPOCHS = 8,          /* kept at once */
  VLS_GROUP_EPOCHS_LATEST = 4,   /* of these, begun here last, whatever they are worth */
  VLS_GROUP_LEAVES = 4096,       /* of a roster */
  VLS_GROUP_DEVICES = 8,         /* of one citizen */
  VLS_GROUP_LEAF_KEYS = 32,      /* own ones, for wraps on their way */
  VLS_GROUP_SKIP = 2000,         /* keys passed over for one record */
  VLS_GROUP_KEEP = 4000,         /* passed over and kept, of one epoch */
  VLS_GROUP_PENDING = 1024,      /* records and events that wait */
  VLS_GROUP_PENDING_EACH = 64,   /* of one sealer */
  VLS_GROUP_PENDING_BLIND = 512, /* records that no epoch opens; events from letters */
  VLS_GROUP_PENDING_BYTES = 16 << 20,
  VLS_GROUP_ROWS = 16384,        /* words of which the place in history is in memory */
  VLS_GROUP_WANTED = 1024,       /* ids named that are not here, as far as they are listed */
  VLS_GROUP_ACTS_EACH = 2048,    /* of one citizen below moderator */
  VLS_GROUP_REKEY_RECORDS = 500, /* in one epoch */
  VLS_GROUP_EAGER = 32,          /* members to whom wraps go along with the commit */
};
#define VLS_GROUP_EPOCH_MS (UINT64_C(14) * 86400 * 1000)
#define VLS_GROUP_REKEY_MS (UINT64_C(7) * 86400 * 1000)
#define VLS_GROUP_AHEAD_MS (UINT64_C(10) * 60 * 1000) /* a shown time beyond the receipt */

typedef struct vls_group vls_group;

/* This node's device. Borrowed for as long as the group lives. */
typedef struct vls_group_me {
  const uint8_t *identity;     /* 32 bytes */
  const vls_sign_pair *device; /* signs */
  vls_slice cert;              /* its device_cert, `signed` */
} vls_group_me;

/* Begins a group with me as its founder. VLS_MALFORMED: the rules or the certificate. */
VLS_MUST vls_err vls_group_found(vls_group **ret, const vls_group_me *me,
                                 const vls_group_rules *rules, vls_rng *rng, uint64_t now);
/* A newcomer, who made a leaf for this group (vls_group_leaf_make). Acts come in letters from
 * whoever let it in, and then its wrap; before that it cannot speak. */
vls_group *vls_group_join(const vls_group_me *me, const uint8_t group[32], const vls_dh_pair *leaf);
void vls_group_free(vls_group *group);

/* Hearing. VLS_OK: taken, and told of. VLS_DUPLICATE: here already. VLS_AGAIN: it waits, for an
 * epoch or for acts. VLS_LIMITED: it cannot wait (fetch it again later), or the group is full.
 * VLS_FORGED, VLS_MALFORMED: refused. VLS_STATE: its author was not permitted it; so says every
 * member. VLS_STALE: its key was used or is too old; if the event is not here, ask for a letter. */
VLS_MUST vls_err vls_group_hear(vls_group *group, vls_slice record, uint64_t now);
/* The same, when words of one author are not to be taken without end (GROUP 6.5): those for which
 * the gate is closed are VLS_LIMITED, and change nothing. */
typedef struct vls_group_facts {
  const uint8_t *author; /* identity, 32 bytes */
  uint64_t stamp;
  size_t bytes; /* of the record */
} vls_group_facts;
typedef struct vls_group_gate {
  bool (*is_open)(void *arg, const vls_group_facts *facts);
  void *arg;
} vls_group_gate;
VLS_MUST vls_err vls_group_hear_gated(vls_group *group, vls_slice record, uint64_t now,
                                      const vls_group_gate *gate);
/* An encoded group_wrap. VLS_NOT_FOUND: not wanted here. VLS_STATE: again, once its base is open
 * (VLS_TOLD_EPOCH); if that never comes, vls_group_renew. */
VLS_MUST vls_err vls_group_hear_wrap(vls_group *group, vls_slice wrap, uint64_t now);
/* An encoded group_mail: an event sealed for me alone. VLS_NOT_FOUND: not for a leaf of mine; when
 * a member of the group sent it, vls_group_renew and let them announce that. */
VLS_MUST vls_err vls_group_hear_letter(vls_group *group, vls_slice letter, uint64_t now);

/* Speaking. What is to be sent comes from vls_group_poll: acts that join too many newest ones and a
 * commit may come before what was asked for. VLS_STATE: not permitted, or no epoch to seal it
 * under. VLS_TOO_BIG, VLS_LIMITED (the group is full). ret_id may be NULL. */
VLS_MUST vls_err vls_group_say(vls_group *group, const vls_item *items, size_t n, vls_rng *rng,
                               uint64_t now, uint8_t ret_id[32]);
VLS_MUST vls_err vls_group_set(vls_group *group, const uint8_t who[32], uint8_t level,
                               vls_slice reason, vls_rng *rng, uint64_t now);
/* Removes and re-keys at once; oneself: leaves, and others re-key. */
VLS_MUST vls_err vls_group_remove(vls_group *group, const uint8_t who[32], vls_slice reason,
                                  vls_rng *rng, uint64_t now);
/* Admits and commits. */
VLS_MUST vls_err vls_group_admit(vls_group *group, const vls_act_admit *admit, vls_rng *rng,
                                 uint64_t now);
VLS_MUST vls_err vls_group_announce(vls_group *group, const vls_act_leaf *leaf, vls_rng *rng,
                                    uint64_t now);
VLS_MUST vls_err vls_group_rule(vls_group *group, const vls_act_rules *rules, vls_rng *rng,
                                uint64_t now);
VLS_MUST vls_err vls_group_invite(vls_group *group, const vls_act_invite *invite, vls_rng *rng,
                                  uint64_t now);
/* New keys for whoever is a member now. */
VLS_MUST vls_err vls_group_rekey(vls_group *group, vls_rng *rng, uint64_t now);
/* The commit that vls_group_due says is due. */
VLS_MUST vls_err vls_group_heal(vls_group *group, vls_rng *rng, uint64_t now);
/* For who cannot get into an epoch that the others are in: a new leaf, which the next commit gives
 * the joiner. Anybody of the group may announce it (vls_group_announce). Appends to cert and leaf
 * of ret, which borrow from `bytes`. */
VLS_MUST vls_err vls_group_renew(vls_group *group, vls_rng *rng, uint64_t now, vls_buf *bytes,
                                 vls_act_leaf *ret);

/* How long until this member should re-key by itself (GROUP 5.9), in ms, if nobody else does
 * meanwhile; VLS_NEVER: no commit is due. `chance`: 16 random bits of this member. */
uint64_t vls_group_due(vls_group *group, uint64_t now, uint16_t chance);

/* Seals an event (as told by VLS_TOLD_EVENT) again, for one member who missed it: appends an
 * encoded group_mail. VLS_STATE: this device is in no roster now, or may not read this (GROUP 6.6).
 */
VLS_MUST vls_err vls_group_letter(vls_group *group, vls_slice event, const uint8_t device[32],
                                  vls_rng *rng, vls_buf *letter);

typedef enum vls_told_kind {
  VLS_TOLD_EVENT,     /* verified: id, who, device; bytes: the event in full, for the store */
  VLS_TOLD_RECORD,    /* to be sent to all; bytes */
  VLS_TOLD_WRAPS,     /* id: a commit of mine; bytes: 48 for each leaf that needs one, zeros else */
  VLS_TOLD_NEWCOMER,  /* who, device: needs all acts by letters; id, leaf: then this wrap of mine */
  VLS_TOLD_WANT_WRAP, /* id: of a commit; leaf: of mine. Ask others for it */
  VLS_TOLD_EPOCH,     /* id: its keys are here */
  VLS_TOLD_SPLIT,     /* id: a commit whose author gave me other keys than the rest. who */
  VLS_TOLD_FORK,      /* who, device said two things with one seq; id: the later heard */
  VLS_TOLD_JUDGED,    /* acts changed what counts: words of anybody are to be judged again */
} vls_told_kind;

typedef struct vls_group_told {
  vls_told_kind kind;
  uint8_t id[32], who[32], device[32];
  uint32_t leaf;
  vls_buf bytes; /* the caller's: vls_buf_done */
} vls_group_told;
/* Next of what happened, in order; false: nothing is left. */
bool vls_group_poll(vls_group *group, vls_group_told *ret);

/* What is so, by everything known now */

const uint8_t *vls_group_id(const vls_group *group);
uint8_t vls_group_level(vls_group *group, const uint8_t identity[32]);
/* Fills ret with 32 bytes for each member, ascending; VLS_GROUP_CITIZENS have room. */
size_t vls_group_members(vls_group *group, uint8_t (*ret)[32]);
/* Their name is put into the buffer. VLS_STATE: not known yet. */
VLS_MUST vls_err vls_group_rules_now(vls_group *group, vls_group_rules *ret, vls_buf *name);
/* Those that held for an event: by the acts it names. VLS_STATE: it is not here, or the genesis. */
VLS_MUST vls_err vls_group_rules_then(vls_group *group, const uint8_t id[32], vls_group_rules *ret,
                                      vls_buf *name);
void vls_group_root(vls_group *group, uint8_t ret[32]);
/* The epoch that the next words go under; false: a commit has to come first. */
bool vls_group_epoch(vls_group *group, uint8_t ret_id[32]);
/* Whether anybody ever removed them. */
bool vls_group_was_removed(const vls_group *group, const uint8_t identity[32]);
bool vls_group_is_member(vls_group *group); /* me, with a leaf in the roster */
/* My device has no leaf that it can use, or there is a better epoch than any that I could open: its
 * wrap has not come, or opened nothing. If that does not pass, vls_group_renew. */
bool vls_group_is_stuck(vls_group *group);

/* A device in the present roster. */
typedef struct vls_group_seat {
  const uint8_t *identity, *device, *link; /* 32 bytes each, good until the next call that hears or
                                              says; link: its X25519 key on links */
} vls_group_seat;
/* That with this number; false: there are no more. */
bool vls_group_seat_at(vls_group *group, uint32_t leaf, vls_group_seat *ret);
bool vls_group_seat_of(vls_group *group, const uint8_t device[32], uint32_t *ret_leaf);
/* An act by its number, in an order in which each stands after those it names: its id and the event
 * in full. False: there are no more. */
bool vls_group_act_at(const vls_group *group, uint32_t number, const uint8_t **ret_id,
                      vls_slice *ret_event);
/* Wraps of mine that are missing, for epochs that would be of use; at most max. */
size_t vls_group_wants(vls_group *group, vls_group_place *ret, size_t max);
/* Whether words or a commit could be sealed: there is an epoch with keys, eligible or not. */
bool vls_group_has_keys(vls_group *group);
bool vls_group_has(const vls_group *group, const uint8_t id[32]); /* this event is here */

/* An invitation (GROUP 4.7) by everything known now. */
typedef struct vls_group_invitation {
  uint8_t id[32], key[32], author[32];
  uint64_t uses, used; /* people it may admit, and has */
  uint64_t until;      /* ms since 1970 */
  bool approve;
  bool is_void; /* its author was not permitted it, as is known now (GROUP 4.2) */
} vls_group_invitation;
/* That with this key; of two the one that is not void. False: none. */
bool vls_group_invitation_by(vls_group *group, const uint8_t key[32], vls_group_invitation *ret);
/* All of them, the oldest first; free() them. */
size_t vls_group_invitations(vls_group *group, vls_group_invitation **ret);
/* Was this key announced for a leaf of the device, or one made later? */
bool vls_group_leaf_is(const vls_group *group, const uint8_t device[32], uint64_t made,
                       const uint8_t dh[32]);

typedef enum vls_group_standing {
  VLS_GROUP_COUNTS,
  VLS_GROUP_QUARANTINED, /* GROUP 4.8 */
  VLS_GROUP_NO_SUCH,
} vls_group_standing;
vls_group_standing vls_group_judge(vls_group *group, const uint8_t id[32]);
/* The author's level by the acts that the event names. */
uint8_t vls_group_level_then(vls_group *group, const uint8_t id[32]);
/* Anybody's level by the acts that the event names. */
uint8_t vls_group_level_of_then(vls_group *group, const uint8_t id[32], const uint8_t who[32]);

typedef struct vls_group_line {
  uint8_t id[32];
  uint64_t hour, shown; /* GROUP 2.7 */
  uint32_t depth;
  bool is_act;
} vls_group_line;
/* History in order; free() the lines. */
size_t vls_group_history(vls_group *group, vls_group_line **ret);
/* Its place there; false: it is not in memory. */
bool vls_group_line_of(vls_group *group, const uint8_t id[32], vls_group_line *ret);
/* Ids that events name and that are not here: to be fetched, acts that something waits for first.
 * At most max, of words at most VLS_GROUP_WANTED. */
size_t vls_group_missing(const vls_group *group, uint8_t (*ret)[32], size_t max);
/* What a receipt says (GROUP 7.8): of each device but mine whose events are here the newest run
 * without a gap, those that spoke last first. */
size_t vls_group_runs(const vls_group *group, vls_group_held *ret, size_t max);
/* Is this what my device said, up to where it says, without another branch? */
bool vls_group_run_is_mine(const vls_group *group, const vls_group_held *held);
/* The act by which this device came in first. False: none. */
bool vls_group_announced_by(const vls_group *group, const uint8_t device[32], uint8_t ret_id[32]);
/* Whose device this is, or was; 32 bytes, good as a seat's. NULL: nobody's. */
const uint8_t *vls_group_owner(const vls_group *group, const uint8_t device[32]);
/* Members by the acts that this event names, ascending, 32 bytes each; VLS_GROUP_CITIZENS have
 * room. 0: it is not in memory. */
size_t vls_group_members_then(vls_group *group, const uint8_t id[32], uint8_t (*ret)[32]);
/* Ids (SHA256) of records that no epoch here opens; at most max. */
size_t vls_group_unopened(const vls_group *group, uint8_t (*ret)[32], size_t max);
/* Records and events that wait; the second is their bytes. */
size_t vls_group_pending(const vls_group *group, size_t *ret_bytes);

/* The state as rows, for the store (group_save.c says what rows): what a message changes is a few
 * small ones. The caller keeps each under its kind and key, in the place of the one before. */
enum { VLS_GROUP_ROW_KEY = 36, VLS_GROUP_ROW_MAX = 80000 };

typedef enum vls_group_part {
  VLS_GROUP_PART_STATE, /* secret: what is replaced must not be read again */
  VLS_GROUP_PART_KEPT,  /* secret, too; changes rarely */
  VLS_GROUP_PART_CLEAR,
} vls_group_part;

typedef struct vls_group_row {
  uint8_t kind;
  vls_group_part part; /* of a kind always the same */
  bool is_gone;        /* it is dropped, if it was there */
  uint8_t key[VLS_GROUP_ROW_KEY];
  size_t n_key;
  vls_slice value;
} vls_group_row;

/* Next of what changed since it was told last; false: nothing is left. Poll before. The value is in
 * the buffer, which is cleared and has room for VLS_GROUP_ROW_MAX. */
bool vls_group_changed(vls_group *group, vls_group_row *ret, vls_buf *value);
/* All rows are told again. */
void vls_group_change_all(vls_group *group);

/* A group that goes on where that one was. Rows are given by growing kind, and of one kind by
 * growing key. VLS_MALFORMED: not such a row; the group goes on without it, and tells the store so
 * (vls_group_changed). */
vls_group *vls_group_load_begin(const vls_group_me *me, const uint8_t id[32]);
VLS_MUST vls_err vls_group_load_row(vls_group *group, const vls_group_row *row);
/* VLS_MALFORMED: nothing was there; it is the caller's to free. */
VLS_MUST vls_err vls_group_load_end(vls_group *group);

#endif
