/* Two devices find out over one link which records of a group each of them lacks (GROUP 7.7):
 * negentropy over ids that are blinded for this link, beginning at a mark below which both had the
 * same. No I/O: records are named by the number that they have in this node's store.
 *
 * One object for each link and group, for either role. The side that begins: clear, add the records
 * after the mark, open; feed the answers until it is told DIFFERS or SAME. DIFFERS: hand out what
 * they lack (vls_compare_give) and ask for what is lacking here (vls_compare_want); when that came,
 * or nothing comes any more, clear, add, open again. A difference that was handed out and asked for
 * before, over this link, counts as none: the other side does not want it, or does not have it.
 * The other side: ASKED says which mark; clear, add, answer; or say that it is unknown.
 * The message of a peer is never more than an error value. */
#ifndef VALISE_CARRY_COMPARE_H
#define VALISE_CARRY_COMPARE_H

#include "carry/negentropy.h"
#include "crypto/rng.h"
#include "proto/group.h"

enum {
  VLS_COMPARE_MARK = 16,
  VLS_COMPARE_RECORDS = 1 << 18,     /* of one side; more are not compared */
  VLS_COMPARE_DIFFERENCES = 1 << 16, /* lacking here: then these are fetched first */
  VLS_COMPARE_ROUNDS = 256,          /* of one comparison; then the same */
  VLS_COMPARE_MESSAGE = 60000,       /* bytes of negentropy in one frame */
};

typedef struct vls_compare vls_compare;

/* hash: of the link's handshake, 32 bytes. */
vls_compare *vls_compare_new(const uint8_t hash[32]);
/* Takes NULL. */
void vls_compare_free(vls_compare *compare);

/* Begins a set: records after number `since`, which is what the mark stands for; 0: all. */
void vls_compare_clear(vls_compare *compare, uint64_t since);
/* A record of it, in any order, each once. VLS_LIMITED at VLS_COMPARE_RECORDS. */
VLS_MUST vls_err vls_compare_add(vls_compare *compare, const uint8_t id[32], uint64_t n);
/* How far the set goes: its highest number, or `since`. */
uint64_t vls_compare_upto(const vls_compare *compare);

/* Appends the opening, an encoded group_sync. mark: 16 bytes, or empty for since 0. */
void vls_compare_open(vls_compare *compare, vls_slice mark, vls_buf *out);

typedef enum vls_compare_kind {
  VLS_COMPARE_ASKED,   /* `mark`: load the set that it stands for and answer */
  VLS_COMPARE_ON,      /* send `out` */
  VLS_COMPARE_DIFFERS, /* mine found out what it could */
  VLS_COMPARE_SAME,    /* mine, nothing differs: remember `mark` as `upto`, send `out` */
  VLS_COMPARE_AGREED,  /* theirs, nothing differs: remember that, too, or say unknown */
  VLS_COMPARE_UNKNOWN, /* they do not know `mark`: forget it */
} vls_compare_kind;

typedef struct vls_compare_news {
  vls_compare_kind kind;
  uint8_t mark[VLS_COMPARE_MARK];
  bool has_mark;
  uint64_t upto;
  vls_slice message; /* of ASKED, for vls_compare_answer; borrowed from the body */
} vls_compare_news;

/* An encoded group_sync from the peer. May append one to out. VLS_MALFORMED, VLS_TOO_BIG, VLS_NEWER
 * (another version of negentropy). VLS_STATE: an answer to nothing. */
VLS_MUST vls_err vls_compare_hear(vls_compare *compare, vls_slice body, vls_rng *rng,
                                  vls_compare_news *ret, vls_buf *out);
/* After ASKED, with the set loaded: appends the answer. VLS_MALFORMED. */
VLS_MUST vls_err vls_compare_answer(vls_compare *compare, const vls_compare_news *asked,
                                    vls_buf *out);
/* Appends that this mark says nothing here. */
void vls_compare_unknown(const uint8_t mark[VLS_COMPARE_MARK], vls_buf *out);
/* The last answer said nothing new: both sets were the same, as far as the responder can tell. */
bool vls_compare_was_same(const vls_compare *compare);

/* After DIFFERS. Numbers of records that they lack, ascending; each is handed out once. */
size_t vls_compare_give(vls_compare *compare, uint64_t *ret, size_t max);
/* Blinded ids to ask for; each is handed out once. */
size_t vls_compare_want(vls_compare *compare, uint8_t (*ret)[32], size_t max);
size_t vls_compare_to_give(const vls_compare *compare); /* so many are left to hand out */
size_t vls_compare_to_want(const vls_compare *compare);
/* A record came over this link. True: it was asked for, and is no longer awaited. */
bool vls_compare_came(vls_compare *compare, const uint8_t id[32]);
size_t vls_compare_awaited(const vls_compare *compare); /* asked for, and did not come */
/* Nothing more is awaited. */
void vls_compare_give_up(vls_compare *compare);
/* Something asked for came and could not be kept: the next comparison asks again. */
void vls_compare_retry(vls_compare *compare);

/* The number of the record that the peer named. VLS_NOT_FOUND: not in the set. */
VLS_MUST vls_err vls_compare_find(const vls_compare *compare, const uint8_t blinded[32],
                                  uint64_t *ret_n);

#endif
