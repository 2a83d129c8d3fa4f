/* Inside of a group: who sees what of it among group_*.c. */
#ifndef VALISE_CONV_GROUP_INT_H
#define VALISE_CONV_GROUP_INT_H

#include <stdlib.h>

#include "base/assert.h"
#include "conv/group.h"
#include "crypto/epoch.h"

enum {
  NOBODY = UINT32_MAX,
  LETTER = UINT32_MAX - 1,
  NO_ACT = UINT32_MAX,
  NO_ROW = UINT32_MAX,
  PASTS = 4,
  CHAINS_ROW = 16, /* chains in a row of the store */
  KEPT_ROW = 64,   /* skipped keys, by their numbers */
};

enum {
  ROW_SELF = 1,
  ROW_ACT,
  ROW_WORDS,
  ROW_EPOCH,
  ROW_USE,
  ROW_CHAINS,
  ROW_KEPT,
  ROW_WAIT,
  ROW_WANT,
  ROW_KINDS
};

typedef struct gr_ann { /* a leaf key of a device, announced by an act */
  uint32_t act;
  uint64_t made;
  uint8_t dh[32];
  bool gone;
} gr_ann;

typedef struct gr_seq { /* which events of a device are here, ascending */
  uint64_t seq;
  uint32_t row;
} gr_seq;

typedef struct gr_device {
  uint32_t person;
  uint8_t sign[32], link[32]; /* link: of the certificate it came with */
  gr_ann *anns;
  size_t n_anns;
  gr_seq *seqs;
  size_t n_seqs, cap_seqs;
  const gr_ann *now; /* in the present roster, with this key; NULL: not in it */
} gr_device;

typedef struct gr_person {
  uint8_t identity[32];
  uint32_t devices[VLS_GROUP_DEVICES];
  size_t n_devices;
  uint8_t level; /* by everything known now */
} gr_person;

/* An event's place in the graph. */
typedef struct gr_row {
  uint8_t id[32], prev[32];
  uint32_t next; /* in its bucket */
  uint32_t device;
  uint32_t act; /* NO_ACT: words */
  uint64_t seq, stamp, heard, hour;
  uint64_t number; /* of words: as they came */
  uint32_t depth;
  uint32_t heads[VLS_GROUP_PARENTS]; /* acts it names, by number */
  uint8_t (*after)[32];
  uint8_t n_heads, n_after;
  bool used, placed;
} gr_row;

typedef struct gr_act {
  uint32_t row, target;
  vls_group_kind kind;
  bool has_commit, newest;
  uint32_t epoch_depth;
  vls_buf bytes; /* the event, in full */
} gr_act;

typedef struct gr_leaf {
  uint32_t device;
  uint8_t dh[32];
} gr_leaf;

typedef struct gr_roster {
  gr_leaf *leaves;
  size_t n;
  uint8_t root[32];
} gr_roster;

typedef struct gr_chain {
  uint8_t ck[32];
  uint32_t next;
} gr_chain;

typedef struct gr_skipped {
  uint32_t leaf, generation;
  uint32_t number; /* ascending */
  uint8_t mk[32];
} gr_skipped;

typedef struct gr_epoch {
  uint8_t id[32], base[32], core[32], ephemeral[32], confirm[32];
  uint8_t context[VLS_GROUP_CONTEXT];
  uint32_t depth, act; /* NO_ACT: I am making it */
  bool fresh, open, split;
  gr_roster roster;
  vls_epoch keys;
  gr_chain *chains; /* one for each leaf, once it is open */
  gr_skipped *skipped;
  size_t n_skipped;
  uint32_t next_skipped;
  uint64_t born, seen, records; /* seen: when it was last the best one */
  /* What the store does not have yet */
  bool new_facts, new_use;
  uint8_t new_chains[VLS_GROUP_LEAVES / CHAINS_ROW / 8];
  uint32_t *new_kept; /* blocks of skipped keys */
  size_t n_new_kept;
} gr_epoch;

typedef struct gr_pending {
  uint64_t number; /* as they came */
  vls_buf bytes;   /* a record, or an event in full */
  bool is_event;
  uint8_t id[32];    /* of the event; hash of the record */
  uint32_t sealer;   /* device; NOBODY: not opened; LETTER: came in one */
  uint8_t lacks[32]; /* an act that is not here */
  uint8_t epoch[32]; /* whose key is used up when the event proves true */
  uint32_t leaf, generation;
} gr_pending;

typedef struct gr_key {
  vls_dh_pair pair;
  uint64_t made;
} gr_key;

typedef struct gr_told {
  vls_group_told told;
  struct gr_told *next;
} gr_told;

typedef struct gr_note { /* a row that came or went */
  uint8_t kind, n_key;
  bool is_gone;
  uint32_t row; /* of words */
  uint8_t key[36];
} gr_note;

struct vls_group {
  vls_group_me me;
  uint8_t id[32];
  vls_authority *authority; /* NULL until the genesis is here */
  gr_person *people;
  size_t n_people;
  gr_device *devices;
  size_t n_devices;
  gr_row *rows;
  size_t n_rows, cap_rows, n_words;
  uint32_t *buckets, n_buckets;
  uint32_t oldest; /* where to look for words to forget */
  gr_act *acts;
  size_t n_acts, cap_acts;
  uint8_t (*last)[32]; /* newest words */
  size_t n_last;
  uint8_t (*wanted)[32];
  size_t n_wanted;
  bool misplaced; /* a parent came after its child */
  gr_epoch *epochs[VLS_GROUP_EPOCHS + 1];
  size_t n_epochs;
  gr_pending pending[VLS_GROUP_PENDING];
  size_t n_pending, pending_bytes;
  gr_key keys[VLS_GROUP_LEAF_KEYS]; /* the newest first */
  size_t n_keys;
  uint64_t seq;
  uint8_t prev[32];
  gr_roster present;
  bool changed, opened; /* levels are to be computed; an epoch was opened since the last retry */
  bool loading;         /* what happens was told before */
  bool noting;          /* the store has the rows: what changes is noted */
  bool new_self;
  size_t n_acts_saved;
  uint64_t next_number, acts_held; /* acts_held: rows of acts that the store has */
  gr_note *notes;
  size_t n_notes, cap_notes, at_note;
  uint8_t lacks[32]; /* after VLS_AGAIN of vls_gr_take */
  struct {
    uint32_t heads[VLS_GROUP_PARENTS];
    size_t n;
    vls_past *past;
  } pasts[PASTS]; /* those asked for last */
  size_t next_past;
  gr_told *first_told, **last_told;
};

/* group_people.c */
uint32_t vls_gr_person(const vls_group *g, const uint8_t identity[32]);
uint32_t vls_gr_person_add(vls_group *g, const uint8_t identity[32]); /* NOBODY: full */
uint32_t vls_gr_device(const vls_group *g, const uint8_t sign[32]);
/* link: its X25519 key on links (device_cert). */
uint32_t vls_gr_device_add(vls_group *g, uint32_t person, const uint8_t sign[32],
                           const uint8_t link[32]);
void vls_gr_announce(vls_group *g, uint32_t device, uint32_t act, uint64_t made, const uint8_t *dh);
bool vls_gr_announced(const vls_group *g, const vls_past *past, uint32_t device);

/* What an act under way adds to its own past. */
typedef struct gr_change {
  uint32_t person; /* NOBODY */
  uint8_t level;
  uint32_t device; /* NOBODY */
  gr_ann ann;
  uint32_t device2; /* the committer's */
  gr_ann ann2;
} gr_change;
/* The roster of these acts and of what is under way (NULL: nothing is). Free roster.leaves. */
void vls_gr_roster(vls_group *g, const vls_past *past, const gr_change *change, gr_roster *ret);
void vls_gr_present(vls_group *g); /* levels and roster by everything known, if they changed */
uint32_t vls_gr_leaf_of(const gr_roster *roster, uint32_t device); /* NOBODY */
/* Is every leaf of a in b, with the same key? */
bool vls_gr_within(const gr_roster *a, const gr_roster *b);

/* group_graph.c */
gr_row *vls_gr_row(const vls_group *g, const uint8_t id[32]);
/* Puts an event into the graph. */
uint32_t vls_gr_row_add(vls_group *g, const vls_group_said *said, const uint32_t *heads,
                        uint32_t device, uint32_t act, uint64_t now);
void vls_gr_rows_free(vls_group *g);
/* Numbers of the acts an event names; false: ret_lacks is not here. */
bool vls_gr_heads(const vls_group *g, const vls_group_header *h, uint32_t *ret,
                  uint8_t ret_lacks[32]);
const vls_past *vls_gr_past(vls_group *g, const uint32_t *heads, size_t n);
size_t vls_gr_newest_acts(const vls_group *g, uint32_t *ret, size_t max);
void vls_gr_place(vls_group *g); /* hours and depths, after a parent came late */

/* group_judge.c */
void vls_gr_rules(vls_group *g, const vls_past *past, vls_act_rules *ret);
/* May its author do this, by the past it names? Acts add to `change` what they do. */
vls_err vls_gr_permitted(vls_group *g, const vls_group_said *said, const vls_past *past,
                         uint32_t author, uint32_t device, gr_change *change);
vls_err vls_gr_act_read(const vls_group *g, uint32_t act, vls_group_said *ret);

/* group_epoch.c */
gr_epoch *vls_gr_epoch(const vls_group *g, const uint8_t id[32]);
gr_epoch *vls_gr_epoch_new(vls_group *g, const uint8_t id[32], uint64_t now);
void vls_gr_epoch_free(gr_epoch *e);
void vls_gr_epoch_drop(vls_group *g, gr_epoch *e);
void vls_gr_epoch_prune(vls_group *g, uint64_t now);
/* Its keys: checks confirm and begins the chains. */
void vls_gr_epoch_open(vls_group *g, gr_epoch *e, const uint8_t joiner[32]);
/* Is this commit what it says (GROUP 5.2)? Gives its roster. */
vls_err vls_gr_commit_check(vls_group *g, const vls_group_said *said, const vls_past *past,
                            uint32_t device, gr_change *change, gr_roster *ret);
/* Begins the chains of its roster. */
void vls_gr_epoch_chains(const vls_group *g, gr_epoch *e);
/* The roster that a commit began. Free roster.leaves. */
void vls_gr_roster_then(vls_group *g, uint32_t act, gr_roster *ret);
/* The commit of an act that was just taken: its epoch, as far as it can be had. Owns the roster. */
void vls_gr_epoch_begin(vls_group *g, const vls_group_said *said, uint32_t act, gr_roster *roster,
                        uint64_t now);
void vls_gr_epoch_follow(vls_group *g); /* of commits that only add, once their base is open */
/* The best by GROUP 5.7 that has keys; NULL: none. Not eligible: the best base for a commit. */
gr_epoch *vls_gr_best(vls_group *g, bool eligible);
/* The order of GROUP 5.7; of those that are not eligible, by how many they still reach. */
bool vls_gr_better(const vls_group *g, const gr_epoch *a, const gr_epoch *b);
void vls_gr_commit_announces(gr_change *change, const vls_group_said *said, uint32_t device);
bool vls_gr_eligible(const vls_group *g, const gr_epoch *e, size_t *ret_stale);

bool vls_gr_was_in(const gr_roster *base, const gr_leaf *leaf);
/* Is a leaf of this epoch in the roster of its base, with the same key? */
bool vls_gr_was_in_base(vls_group *g, const gr_epoch *e, uint32_t leaf);

bool vls_gr_is_old(const gr_epoch *e, uint64_t now); /* it has served its week, or its records */

/* group_chain.c */
typedef struct gr_opened {
  gr_epoch *epoch;
  uint32_t leaf, generation;
  uint8_t mk[32];
} gr_opened;
/* VLS_UNKNOWN: no epoch here. VLS_STALE, VLS_LIMITED, VLS_FORGED. Changes nothing. */
vls_err vls_gr_open(const vls_group *g, vls_slice record, gr_opened *ret, vls_buf *plain);
/* What was opened proved true: its key is used up, or kept for a while when it has to wait. */
void vls_gr_spend(gr_opened *o, bool keep_key);
void vls_gr_burn(gr_epoch *e, uint32_t leaf, uint32_t generation);
/* This device said more than it knows of: its data is older than that. It goes on from there, and
 * with keys it cannot have used. */
void vls_gr_overtaken(vls_group *g, const gr_row *said);
/* Seals an event under an epoch by my chain: appends the record. */
vls_err vls_gr_seal(vls_group *g, gr_epoch *e, const vls_group_said *said, vls_rng *rng,
                    vls_buf *record);

/* group_hear.c */
vls_err vls_gr_hear_event(vls_group *g, vls_slice encoded, uint64_t now); /* from a letter */
vls_err vls_gr_take(vls_group *g, const vls_group_said *said, uint64_t now);
vls_err vls_gr_take_genesis(vls_group *g, const vls_group_said *said, uint64_t now);
void vls_gr_retry(vls_group *g, uint64_t now);

/* group_save.c */
void vls_gr_note(vls_group *g, uint8_t kind, const void *key, size_t n_key, bool is_gone);
void vls_gr_note_number(vls_group *g, uint8_t kind, uint64_t number, uint32_t row, bool is_gone);
void vls_gr_note_dropped(vls_group *g, const gr_epoch *e); /* before it goes */
void vls_gr_new_chain(gr_epoch *e, uint32_t leaf);
void vls_gr_new_chains(gr_epoch *e); /* all of them, and the facts */
void vls_gr_new_kept(gr_epoch *e, uint32_t number);

/* group_told.c */
void vls_gr_tell(vls_group *g, vls_told_kind kind, const uint8_t id[32], uint32_t device,
                 uint32_t leaf, vls_slice bytes);
vls_group *vls_gr_new(const vls_group_me *me);
void vls_gr_key_add(vls_group *g, const vls_dh_pair *pair, uint64_t made);

#endif
