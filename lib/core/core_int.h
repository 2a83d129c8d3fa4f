/* Inside of the core: the state its files share. RAM is a cache of the store. */
#ifndef VALISE_CORE_CORE_INT_H
#define VALISE_CORE_CORE_INT_H

#include <sys/queue.h>

#include "base/due.h"
#include "carry/link.h"
#include "citizen/self.h"
#include "crypto/rng.h"
#include "proto/rpc.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/sessions.h"
#include "valise/core.h"

enum {
  VLS_WINDOW_RECORDS = 64,     /* records on a link without their ACK */
  VLS_WINDOW_BYTES = 1 << 20,  /* and their bytes */
  VLS_EVENT_SPAN = 1024,       /* numbers that the texts of one event lie apart at most */
  VLS_PENDING_MAX = 8192,      /* texts of one batch */
  VLS_OUTPUTS_MAX = 1 << 20,   /* outputs waiting to be polled: more is a bug of the owner */
  VLS_NOTIFY_ROUND = 256,      /* notifications to one client in one batch */
  VLS_KNOCKS_MINUTE = 30,      /* handshakes a minute of one contact or invitation */
  VLS_CARDS_MINUTE = 60,       /* cards a minute that are looked at, of one contact */
  VLS_FIRSTS_MINUTE = 30,      /* sessions a minute that one contact may begin */
  VLS_TRIALS_MS = 250,         /* knock keys tried in a ms for strangers: a tenth of a core */
  VLS_TRIALS_BURST = 10000,    /* and at once */
  VLS_LIKELY_MAX = 8,          /* contacts whose keys are tried at once, by the caller's address */
  VLS_STRANGER_BYTES = 262144, /* of one who is not let in; then nothing more is read */
  VLS_UNPROVEN_MAX = 2,        /* links of one contact with a key that no card has yet */
  VLS_TROUBLES = 9,            /* vls_trouble (state.h) */
  VLS_HELD_DUE = 10,           /* receipts for former devices in one event */
  VLS_RECORDS_MINUTE = 600000, /* records a minute of one contact; then its link is not read */
  VLS_WASTE_MINUTE = 6000,     /* of these, records that bring nothing new; then the same */
  VLS_SKIPS_MINUTE = 20000,    /* message keys a minute that one contact may skip */
  VLS_TURN_WORK = 32,          /* records of one link before others have their turn ... */
  VLS_TURN_SHORT = 8,          /* ... and while others were heard of in the last ... */
  VLS_OTHERS_MS = 1000,        /* ... ms; */
  VLS_TURN_SKIPS = 64,         /* ... or so many skipped keys in the place of one */
  VLS_HISTORY_SPARE = 16,    /* a contact without room may still say receipts: so much of it more */
  VLS_TURN_BYTES = 96 << 10, /* with more than this to read no turn ends: half of VLS_LINK_IN_MAX */
};
#define VLS_HISTORY_MAX (UINT64_C(1) << 30) /* bytes on the disk for the words of one contact */
#define VLS_SLOWEST_LINE UINT64_C(512)      /* bytes a second: a line that carries less is dead */
#define VLS_BYTES_MINUTE (UINT64_C(3) << 30)
#define VLS_STRANGER_MS UINT64_C(60000)    /* a stranger is read so long */
#define VLS_HANDSHAKE_MS UINT64_C(15000)   /* a handshake takes no longer */
#define VLS_ACK_WAIT_MS UINT64_C(30000)    /* no answer to a record for so long: the link is dead */
#define VLS_ASK_WAIT_MS UINT64_C(600000)   /* a link of somebody who waits for a moderator */
#define VLS_KEEPALIVE_MS UINT64_C(120000)  /* a decoy after so much silence of ours */
#define VLS_SILENCE_MS UINT64_C(300000)    /* no byte for so long: the link is dead */
#define VLS_ACK_DELAY_MS UINT64_C(1000)    /* an ACK of receipts alone can wait for company */
#define VLS_AGAIN_WAIT_MS UINT64_C(10000)  /* until events are sent again beyond a budget */
#define VLS_TOLD_MS UINT64_C(3600000)      /* trouble that was told is shown so long */
#define VLS_BEGIN_ANEW_MS UINT64_C(600000) /* between two new sessions that nobody asked for */
#define VLS_VAULT_ROTATE_MS UINT64_C(5000) /* after use, a key of the vault is replaced */
#define VLS_VAULT_NEXT_MS UINT64_C(250)    /* after a turn that had too many; it can take 25 ms */
#define VLS_BACKOFF_MIN_MS UINT64_C(1000)
#define VLS_TAKEN_OVER_MS UINT64_C(15000)  /* at least, when links of nobody here take over ... */
#define VLS_TAKEN_AGAIN_MS UINT64_C(60000) /* ... twice within this */
#define VLS_BACKOFF_QUEUED_MS UINT64_C(300000) /* longest wait while something is queued */
#define VLS_BACKOFF_MAX_MS UINT64_C(900000)
#define VLS_INVITE_KEEP_MS                                                                         \
  (UINT64_C(30) * 86400 * 1000) /* a dead invitation still says why it is dead */

/* A token bucket over a minute. */
typedef struct vls_budget {
  uint64_t since; /* mono_ms when the minute began */
  uint64_t used;
} vls_budget;

/* A text written in this batch, not in the store yet: it goes there once, in the state the batch
 * ends with. */
typedef struct vls_pending {
  uint64_t n, stamp;
  unsigned kind; /* 0: a text; else a remark, of which the row in its table is there */
  vls_buf text;
} vls_pending;

struct vls_conn;
struct vls_member;

/* What is known of the remarks of a talk, so that texts need not be looked up where there are none.
 */
typedef struct vls_remark_memo {
  bool is_known, any;
  uint64_t waiting; /* remarks whose text is not here */
} vls_remark_memo;

/* A contact, or whoever else links with us, in memory. */
typedef struct vls_peer {
  vls_contact_row row;
  struct vls_member *member; /* in a group with me (members.h); NULL */
  vls_talk_row talk;
  bool row_dirty, talk_dirty;
  struct vls_conn *conn; /* its live link */
  struct vls_conn *dialing;
  vls_due due;        /* next_dial, or earlier */
  uint64_t next_dial; /* mono_ms, or VLS_NEVER */
  uint64_t host;      /* where its last link came from or went to (knocks.c); 0: unknown */
  unsigned failures;  /* dials in a row that failed */
  unsigned refused; /* links in a row that ended since one end takes no more, or not this device */
  char last_failure[96]; /* for people */
  bool unread_known;     /* unread is counted: once, and kept from then on */
  vls_remark_memo remarks;
  uint64_t unread;     /* their texts beyond talk.read_n: ask vls_peer_unread */
  bool weighed;        /* bytes_held is known */
  uint64_t bytes_held; /* what their words take on the disk */
  vls_budget knocks, firsts, cards, notes, bytes, records, waste, skips;
  vls_session_row *sessions; /* loaded while in use */
  size_t n_sessions;
  bool sessions_loaded;
  uint32_t sessions_dirty; /* bit per session */
  vls_pending *pending;
  size_t n_pending, cap_pending;
  bool has_queued;  /* queued texts in the store */
  uint64_t anew_at; /* mono_ms of the last session begun because a record opened for none; 0 */
  vls_buf prefix;   /* before the first record of a session that begins in this batch */
  bool invites_due; /* invitations to groups wait for being said (gdue) */
  bool receipt_due, read_due, card_due, hello_due;
  vls_item_held held[VLS_HELD_DUE]; /* receipts due for devices they have no more */
  size_t n_held;
  unsigned n_unproven; /* links with their knock and an unknown key */
  /* STATE (PEER 6): what of this run is remembered */
  vls_budget states, heals, again;
  bool was_level;                 /* my events and what they held of them agreed */
  uint64_t told_at[VLS_TROUBLES]; /* mono_ms each was told; 0 */
  uint64_t taken_at;              /* mono_ms when another link took over; 0 */
  uint64_t renewed_at;            /* mono_ms a leaf of theirs was announced in a group; 0 */
  uint64_t old_at;                /* mono_ms their data was seen to have gone back; 0 */
  uint64_t again_from, again_limit, again_to; /* my events they lost: after from, up to limit made
                                                 ready, all of them up to `to`; to 0: none */
  bool listed;                                /* in core->busy */
} vls_peer;

/* A record, or a frame of a group (seq 0), on its way over a link. */
typedef struct vls_flight {
  uint64_t seq;
  size_t bytes;
} vls_flight;

/* What both ends of a link have said about how far they are (PEER 6.3). */
typedef struct vls_standing {
  uint64_t behind_since; /* mono_ms, or of the last event that came back */
  bool as_contact;       /* not by an invitation: STATE is exchanged before anything is signed */
  bool stated;           /* theirs is here */
  bool level;            /* what they hold of my events is what I know of them */
  bool new_device;       /* no event of the device behind the link is here yet */
  bool behind;           /* they hold more, or others: `back` is how far I have come */
  bool forked, misfit, progress;                          /* while behind */
  bool their_old, healed, heal_due, answer_due, told_old; /* said or done once on this link */
  vls_position back;
} vls_standing;

/* A connection: dialling, or carrying a link. */
typedef struct vls_conn {
  vls_due due;         /* to be looked at, or earlier */
  size_t place;        /* in core->conns */
  size_t active_place; /* in core->active, counted from 1; 0: not there */
  uint64_t id;
  vls_link *link;     /* NULL while dialling */
  vls_peer *peer;     /* whose it is, once known */
  uint32_t invite;    /* the invitation it knocked with; 0 */
  uint64_t door;      /* the group with whose invitation it knocked; 0 */
  uint64_t asking;    /* the group that it is to ask to be let into; 0 */
  bool waits_in;      /* such a link, and a moderator has to decide */
  uint8_t waiter[32]; /* whom that is about */
  vls_budget asks;
  uint8_t pinned[32]; /* the static key seen, while there is no contact yet */
  bool outgoing, by_invite, up, paused, refuse_used, refuse_expired;
  bool unproven;  /* behind a contact's knock, with a key their card has not: a card may follow */
  bool by_former; /* it called a device of mine that is no more: all it gets is my card */
  bool as_member; /* by keys of members (PEER 4.11), whoever they are besides */
  vls_standing standing;
  uint64_t opened, up_at, last_in, last_out; /* mono_ms */
  uint64_t wait_since;     /* mono_ms of the oldest record without ACK; VLS_NEVER */
  uint64_t ack_at;         /* mono_ms when an ACK is due; VLS_NEVER */
  uint64_t got, got_acked; /* records dealt with; of those, acknowledged */
  uint64_t held;           /* and after them, records that wait for one that is done */
  uint64_t sent, sent_acked, sent_seq;
  bool backlog;       /* the outbox may hold more to send */
  vls_flight *flight; /* VLS_WINDOW_RECORDS of them, once it is a contact's */
  size_t flight_bytes;
  uint64_t paused_until; /* mono_ms, while paused */
  uint64_t n_sent, n_received;
  bool waits;   /* in core->knockers: its knock was not tried with every key yet */
  bool stopped; /* the owner was told not to read from it */
  bool behind;  /* in core->crowded: it has more to say than fits into a turn, and is not read */
  struct vls_circle_queue *groups; /* frames of groups that wait; NULL: none */
  size_t likely;                   /* peers before this were tried, if they were likely */
  TAILQ_ENTRY(vls_conn) line;
  char address[80];
} vls_conn;

typedef struct vls_client {
  uint64_t id;
  bool hello, subscribed, live, full;
  char consumer[33];
  uint64_t at;    /* the next feed row */
  unsigned index; /* texts of that row already told */
  bool gap;       /* tell it that older events were dropped */
} vls_client;

typedef struct vls_invite_key {
  uint32_t id;
  uint64_t expires; /* ms since 1970 */
  bool used;
  uint64_t contact;
  uint8_t knock[32];
  vls_budget knocks;
} vls_invite_key;

/* What was done so far, in what costs most: budgets are held against it. */
typedef struct vls_costs {
  uint64_t trials;  /* knock keys tried */
  uint64_t records; /* records of links looked at */
  uint64_t skips;   /* message keys passed over */
} vls_costs;

typedef struct vls_out_entry {
  vls_output_type type;
  uint64_t link, client;
  uint64_t msgid; /* of a reply */
  vls_level level;
  vls_buf bytes;
  vls_slice *list;
  size_t n_list;
} vls_out_entry;

typedef struct vls_out_queue {
  vls_out_entry *items;
  size_t at, n, cap;
} vls_out_queue;

struct vls_core {
  vls_store *store;
  vls_rng rng;
  const char *version;
  unsigned items_per_event;
  uint64_t history_max;
  bool no_read_receipts, random_first, poisoned, draining, has_self;
  bool mixed;       /* numbers of my texts and seqs of events do not grow together any more */
  bool no_room;     /* nothing is written, and so there are no links */
  vls_now now;      /* of the call under way */
  uint64_t started; /* mono_ms */
  vls_self self;
  vls_peer **peers; /* by growing id */
  size_t n_peers, cap_peers;
  vls_peer **faces;                              /* the same by identity: peers.c */
  size_t n_faces;                                /* a power of two, at least twice n_peers */
  size_t n_members;                              /* peers with keys of members */
  bool members_moved, wiring_moved, cards_moved; /* since the last batch: circle_members.h */
  vls_conn **conns;
  size_t n_conns, cap_conns;
  vls_conn **slots; /* the same by number: conn_table.c */
  size_t n_slots;   /* a power of two, at least twice n_conns */
  vls_dues due_conns, due_peers;
  size_t n_strangers;
  TAILQ_HEAD(, vls_conn) knockers; /* whose knock waits for its trial, oldest first */
  TAILQ_HEAD(, vls_conn) crowded;  /* links with more to read than their turn allowed */
  size_t n_crowded;
  struct {
    uint64_t id, at;
  } heard[2];     /* the two links or clients that spoke last */
  int64_t trials; /* keys that may be tried, as of trials_at */
  uint64_t trials_at;
  vls_costs costs;
  uint64_t next_dial_id;
  vls_invite_key *invites;
  size_t n_invites;
  vls_client clients[VLS_CLIENTS_MAX];
  uint64_t newest_n, newest_c;
  uint64_t wake;         /* mono_ms of the next timer of the core's own, or earlier */
  uint64_t housekeeping; /* mono_ms */
  uint64_t bury_at;      /* mono_ms when spent keys are replaced, or VLS_NEVER */
  vls_lost lost;         /* what the store could not read at the start, for doctor */
  bool feed_grew;
  vls_peer **busy; /* peers with something to do at the end of the batch */
  size_t n_busy, cap_busy;
  struct vls_circle **circles; /* groups */
  size_t n_circles, cap_circles;
  struct vls_circle **busy_circles; /* likewise */
  size_t n_busy_circles, cap_busy_circles;
  vls_dues due_circles;
  vls_conn **active; /* connections with bytes or ACKs to send */
  size_t n_active, cap_active;
  vls_out_queue staged, ready;
  vls_out_entry polled;          /* what the last poll lent out */
  vls_buf advertised, listening; /* address texts, each with a NUL */
  vls_slice addresses[VLS_ADDRESSES_MAX];
  size_t n_addresses;
  vls_slice listens[16];
  size_t n_listens;
  struct vls_backing *backing; /* a backup that leaves or comes back; NULL */
};

/* core.c */
void vls_core_wake_at(vls_core *core, uint64_t mono_ms);
/* The store has an identity from now on: it is in core->self. */
void vls_core_identified(vls_core *core);
/* A new card of mine, beyond this seq, for everybody. */
void vls_core_new_card(vls_core *core, uint64_t beyond);
uint64_t vls_core_wall(const vls_core *core); /* ms since 1970, never negative */
/* True, and counted, while the budget of this minute holds. */
bool vls_budget_take(vls_budget *budget, uint64_t mono_ms, uint64_t amount, uint64_t most);

/* output.c */
vls_out_entry *vls_out_stage(vls_core *core, vls_output_type type);
void vls_out_release(vls_core *core); /* staged becomes ready */
/* The batch came to nothing: of what is staged only the replies leave, and say why. */
void vls_out_revoke(vls_core *core, vls_err why);
void vls_out_free(vls_out_queue *queue);
void vls_core_log(vls_core *core, vls_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Copies text into out with every byte a terminal could act on as \xNN. */
void vls_core_escape(char *out, size_t max, vls_slice text);

/* peers.c */
void vls_peers_load(vls_core *core);
void vls_peers_free(vls_core *core);
vls_peer *vls_peer_get(vls_core *core, uint64_t id);
vls_peer *vls_peer_by_identity(vls_core *core, const uint8_t identity[32]);
/* A new contact (or a removed one met again) under a name that is made unique. Slices are copied.
 */
vls_peer *vls_peer_new(vls_core *core, const uint8_t identity[32], vls_slice name, vls_slice claim,
                       vls_contact_state state);
/* VLS_EXISTS when another contact's name folds the same; VLS_MALFORMED. */
VLS_MUST vls_err vls_peer_rename(vls_core *core, vls_peer *peer, vls_slice name);
/* What their card calls them. Becomes the petname while that is only a piece of the id. */
void vls_peer_claim(vls_core *core, vls_peer *peer, vls_slice claim);
void vls_peer_set_keys(vls_core *core, vls_peer *peer, const uint8_t psk[32],
                       const uint8_t knock[32]);
void vls_peer_problem(vls_core *core, vls_peer *peer, const char *text);
/* The same, told to the clients; once, while it is the newest problem. */
void vls_peer_alarm(vls_core *core, vls_peer *peer, const char *why);
/* A link ended since one end takes no more, or not this device. */
void vls_peer_refused(vls_peer *peer);
/* It has something to do at the end of the batch. */
void vls_peer_touch(vls_core *core, vls_peer *peer);
void vls_peer_flush(vls_core *core, vls_peer *peer);
void vls_peer_sessions(vls_core *core, vls_peer *peer); /* loads them */
void vls_peer_unload(vls_core *core, vls_peer *peer);
/* Puts a new session first; the oldest beyond the limit goes. */
void vls_peer_add_session(vls_core *core, vls_peer *peer, const vls_session_row *row);
bool vls_peer_visible(const vls_peer *peer); /* a contact: not removed, nor a member only */
/* A row for somebody in a group with me who is no contact, in the state REMOVED or MEMBER. */
vls_peer *vls_peer_meet(vls_core *core, const uint8_t identity[32]);
/* There is no place for one more contact. */
bool vls_peers_full(const vls_core *core);
uint64_t vls_peer_unread(vls_core *core, vls_peer *peer);
/* Only its places in the hash chains stay. */
void vls_peer_forget(vls_core *core, vls_peer *peer);
/* Their invitation is void: the contact fails, and with it the texts that have not arrived; those
 * already signed go on should another invitation bring the two together. A contact that was there
 * before the invitation is what it was. */
void vls_peer_fail(vls_core *core, vls_peer *peer, vls_feed_type told_as, const char *why);
/* A known contact whose new invitation was taken: pending again until they confirm. The old way
 * stays open: card_seq 0 says that the card in the store is the one of before. */
void vls_peer_renew(vls_core *core, vls_peer *peer);
/* They are there: ready, under the card in the store. False when there is none. */
bool vls_peer_settle(vls_core *core, vls_peer *peer);

/* dial.c */
void vls_dial_schedule(vls_core *core, vls_peer *peer, uint64_t in_ms);
void vls_dial_backoff(vls_core *core, vls_peer *peer);
void vls_dial_tick(vls_core *core);

/* conn_table.c */
vls_conn *vls_conn_get(const vls_core *core, uint64_t id);
vls_conn *vls_conn_new(vls_core *core, uint64_t id);
void vls_conn_free(vls_core *core, vls_conn *conn);
/* It has bytes or an ACK to send at the end of the batch. */
void vls_conn_touch(vls_core *core, vls_conn *conn);
void vls_conn_wake_at(vls_core *core, vls_conn *conn, uint64_t mono_ms);

/* conn_time.c */
void vls_conn_tick(vls_core *core);
/* Ours to replace by a fresh one, as soon as nothing is on its way. */
bool vls_conn_worn(const vls_core *core, const vls_conn *conn);

/* conns.c, knocks.c */
/* Forgets it; the daemon is told to close unless it told us. */
void vls_conn_drop(vls_core *core, vls_conn *conn, bool tell, const char *why);
void vls_conn_close(vls_core *core, vls_conn *conn, vls_close_reason reason, const char *why);
/* This live link is this contact's from now on. */
/* A card that came over it has its key: it is the contact's. False: the link is over. */
bool vls_conn_proven(vls_core *core, vls_conn *conn);
void vls_conn_adopt(vls_core *core, vls_conn *conn, vls_peer *peer);
void vls_conn_opened(vls_core *core, const vls_input *in);
void vls_conn_bytes(vls_core *core, const vls_input *in);
void vls_conn_gone(vls_core *core, const vls_input *in);
void vls_conn_flush(vls_core *core); /* ACKs, then bytes become outputs */
/* Deals with what its link has received, as much as a turn allows. */
void vls_conn_pump(vls_core *core, vls_conn *conn);
/* The next turn of one that waited. */
void vls_conn_go_on(vls_core *core, vls_conn *conn);
void vls_conn_pause(vls_core *core, vls_conn *conn, uint64_t until);
void vls_conn_resume(vls_core *core, vls_conn *conn);
/* It is fresh and not too often; else the caller is a stranger. */
bool vls_knock_acceptable(vls_core *core, vls_conn *conn, vls_budget *knocks);
/* A knock is here: its keys are tried now or, when there are many strangers, in its turn. */
void vls_knock_begin(vls_core *core, vls_conn *conn);
void vls_knock_tick(vls_core *core); /* those whose turn has come */
void vls_knock_leave(vls_core *core, vls_conn *conn);
void vls_knock_remember(vls_peer *peer, const vls_conn *conn); /* where a contact was */
void vls_knock_peer(vls_core *core, vls_conn *conn);
void vls_invites_load(vls_core *core);

/* turns.c */
/* This link spoke. */
void vls_turn_heard(vls_core *core, uint64_t id);
bool vls_turn_is_over(const vls_core *core, const vls_conn *conn, const vls_costs *began);
void vls_turn_wait(vls_core *core, vls_conn *conn);
void vls_turn_leave(vls_core *core, vls_conn *conn);
void vls_turn_tick(vls_core *core); /* turns of those that wait */

/* inbound.c, begin.c */
/* What becomes of a record on its link. */
typedef enum vls_fate {
  VLS_FATE_DONE,    /* dealt with, and so is whatever was held before it: acknowledged */
  VLS_FATE_KEPT,    /* dealt with by itself: acknowledged unless one before it is held */
  VLS_FATE_HELD,    /* opens for no session: not acknowledged before one that is done (PEER 5b.8) */
  VLS_FATE_REFUSED, /* not now: the link must be closed */
} vls_fate;
vls_fate vls_inbound_record(vls_core *core, vls_conn *conn, vls_slice record);
vls_fate vls_begin_accept(vls_core *core, vls_conn *conn, vls_slice record);
/* A session begins that nobody asked for, so that what they could not say is sealed again; not more
 * often than VLS_BEGIN_ANEW_MS. */
void vls_begin_anew(vls_core *core, vls_conn *conn);
/* A new session with the device behind this link. */
void vls_begin_with(vls_core *core, vls_conn *conn);
/* Closes the link when the card is not the inviter's. */
void vls_begin_card(vls_core *core, vls_conn *conn, vls_slice card);

/* items.c */
struct vls_direct_in;
/* Puts into row where the texts are. */
void vls_items_take(vls_core *core, vls_peer *peer, uint64_t device, const struct vls_direct_in *in,
                    const uint8_t hash[32], vls_event_row *row);

/* quota.c */
/* Whether what this event takes on the disk still fits in; else the person is told. */
bool vls_quota_fits(vls_core *core, vls_peer *peer, const struct vls_direct_in *in, size_t header,
                    uint64_t *ret_cost);
uint64_t vls_quota_held(const vls_core *core, const vls_peer *peer);
/* 0: VLS_HISTORY_MAX. Who was refused is dialled again when it changes. */
void vls_quota_set(vls_core *core, uint64_t bytes);

/* outbound.c */
void vls_outbound_text(vls_core *core, vls_peer *peer, vls_slice text, uint64_t n);
/* The same for a remark, of which the row in its table is there. */
void vls_outbound_remark(vls_core *core, vls_peer *peer, unsigned kind, uint64_t stamp,
                         vls_slice text, uint64_t n);
void vls_outbound_flush_pending(vls_core *core); /* before a query reads the store */
void vls_outbound_pump(vls_core *core, vls_peer *peer);
/* Whether one more may be on its way. */
bool vls_outbound_open(const vls_core *core, const vls_conn *conn);
/* One of so many bytes left: seq 0 is a frame of a group. */
void vls_outbound_left(vls_core *core, vls_conn *conn, uint64_t seq, size_t bytes);
bool vls_outbound_ack(vls_core *core, vls_conn *conn, uint64_t count);
/* After a new session: everything without a receipt is sealed again under it. */
void vls_outbound_reseal(vls_core *core, vls_peer *peer);
/* Those of from..to that have no seal get one, under the newest session. */
void vls_outbound_seal_missing(vls_core *core, vls_peer *peer, uint64_t from, uint64_t to);
/* The contact goes. What is signed and without a receipt is put by: were it lost, the chain of our
 * events would break for good, and with it the talk, should we meet again. */
void vls_outbound_put_by(vls_core *core, vls_peer *peer);

/* Texts of theirs up to talk.read_n were shown to a person, those up to `before` earlier. */
void vls_peer_read(vls_core *core, vls_peer *peer, uint64_t before);
/* A receipt for events of a device they have no more will go out (PEER 6.7). */
void vls_peer_held_due(vls_core *core, vls_peer *peer, const vls_position *said,
                       const vls_chain_row *chain);

/* notify.c */
void vls_feed_add(vls_core *core, vls_feed_type type, const vls_peer *peer, uint64_t first,
                  uint64_t last, const char *text);
/* talk: of a contact or a group. */
void vls_feed_add_talk(vls_core *core, vls_feed_type type, uint64_t talk, uint64_t first,
                       uint64_t last, const char *text);
void vls_notify_pump(vls_core *core);

/* cmd_backup.c: the backup that this client (0: whoever) was at ends. */
void vls_backing_end(vls_core *core, uint64_t client);

/* command.c */
void vls_command(vls_core *core, const vls_input *in);
/* Makes the reply say that its call failed, and why. */
void vls_command_revoke(vls_out_entry *reply, vls_err why);
void vls_client_gone(vls_core *core, uint64_t id);
vls_client *vls_client_get(vls_core *core, uint64_t id, bool make);

#endif
