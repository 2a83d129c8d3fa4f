/* How what is said in a group gets to all its members: spread as it is said (GROUP 7.1), compared
 * link by link (7.7), and receipts of who has it (7.8). */
#ifndef VALISE_CORE_CIRCLE_PASS_H
#define VALISE_CORE_CIRCLE_PASS_H

#include "carry/compare.h"
#include "carry/overlay.h"
#include "carry/spread.h"
#include "core/circle.h"

enum {
  VLS_SYNC_WANT = 256,             /* records asked for in one frame */
  VLS_SYNC_AWAITED = 16384,        /* and on their way */
  VLS_SYNC_SERVED = 1 << 16,       /* that one neighbour may ask for, and that wait */
  VLS_SYNC_QUEUED = 128,           /* of these, and of what is given, in the link's queue */
  VLS_SYNC_ROUNDS = 16,            /* comparisons in a row with one neighbour */
  VLS_SYNC_OPENINGS_MINUTE = 120,  /* that a neighbour may begin */
  VLS_SYNC_LOADS_MINUTE = 1 << 20, /* records looked at for them */
  VLS_CIRCLE_ANNOUNCE = 64,        /* ids gathered before they are announced */
  VLS_CIRCLE_RECEIPTS = 64,        /* devices in a group in which receipts are given */
};
#define VLS_SYNC_QUIET_MS UINT64_C(5000)      /* nothing came: what is awaited will not */
#define VLS_SYNC_ANSWER_MS UINT64_C(30000)    /* no answer to an opening; another neighbour then */
#define VLS_SYNC_RETRY_MS UINT64_C(60000)     /* until the same one is asked again */
#define VLS_SYNC_FEED_MS UINT64_C(20)         /* until more of it is queued */
#define VLS_CIRCLE_ANNOUNCE_MS UINT64_C(1000) /* up to twice that, while the group is small */
#define VLS_RECEIPT_MS UINT64_C(10000)        /* between two receipts of mine, at least */

typedef enum vls_sync_phase {
  VLS_SYNC_IDLE,
  VLS_SYNC_ASKED,    /* mine: an answer is awaited */
  VLS_SYNC_FETCHING, /* mine: what differs is on its way */
  VLS_SYNC_SERVING,  /* theirs: they found a difference */
} vls_sync_phase;

/* Of one link. */
typedef struct vls_circle_sync {
  uint32_t number; /* of the link in this circle, as the spreading knows it */
  vls_compare *compare;
  vls_sync_phase phase;
  bool due;          /* to be begun by me */
  bool marked;       /* mine began at a mark */
  bool spoiled;      /* something that came could not be kept: no mark */
  unsigned brought;  /* records that were new, since it began */
  unsigned rounds;   /* comparisons in a row */
  uint64_t last;     /* mono_ms: something happened */
  uint64_t retry_at; /* mono_ms: not begun before */
  vls_budget openings, loads;
  uint64_t *serve; /* records they asked for, by number; VLS_SYNC_SERVED have room */
  size_t n_serve, at_serve;
  uint64_t *served; /* those they were given, ascending up to n_sorted: asked for again, they come
                       as letters */
  size_t n_served, n_sorted;
  vls_buf waiting;   /* their opening, while another neighbour has its turn */
  vls_buf news;      /* ids to announce to them */
  uint64_t receipts; /* of vls_circle_receipt.order: those up to this they were given */
} vls_circle_sync;

/* A receipt that is here (GROUP 7.8), as far as it is about this device's words. */
typedef struct vls_circle_receipt {
  uint8_t device[32], identity[32];
  uint64_t made, order;            /* order: grows as they come */
  uint64_t from, to;               /* of my events; 0: none */
  uint64_t before_from, before_to; /* likewise, before a gap */
} vls_circle_receipt;

/* A record that others are told of, or that was asked for. */
typedef struct vls_circle_news {
  uint8_t id[32];
  uint32_t known[8]; /* links that have it, as far as they are remembered */
  size_t n_known;
} vls_circle_news;

/* Of one circle. */
typedef struct vls_circle_pass {
  uint32_t links;          /* numbers given */
  vls_circle_sync *holder; /* whose turn it is: records move between us */
  uint64_t sync_at;        /* mono_ms: with one neighbour */
  uint64_t compared;       /* ms since 1970: all was the same with somebody; 0 */
  vls_circle_news *news;   /* VLS_CIRCLE_ANNOUNCE of them */
  size_t n_news;
  uint64_t news_at; /* mono_ms, or VLS_NEVER */
  struct {
    uint8_t id[32];
    uint64_t at;
  } grafts[VLS_CIRCLE_ANNOUNCE]; /* asked for: a ring */
  size_t n_grafts;
  vls_spread *spread; /* while there are more than VLS_GROUP_EAGER seats */
  vls_overlay *overlay;
  uint8_t root[32]; /* of the roster that it was made of */
  uint32_t seats;
  bool relinked; /* links or seats may have changed since */
  vls_circle_receipt *receipts;
  size_t n_receipts, cap_receipts;
  bool receipts_loaded;
  uint64_t receipt_at, receipt_last; /* mono_ms */
  uint64_t order;
} vls_circle_pass;

/* Made at the first use. */
vls_circle_pass *vls_circle_pass_of(vls_circle *circle);
void vls_circle_pass_free(vls_circle *circle);
/* At the end of the batch, and when its time has come: what is due is done, and the next moment
 * planned. */
void vls_circle_pass_plan(vls_core *core, vls_circle *circle);

/* circle_sync.c */
/* A link was added to the circle's; it is about to go. */
void vls_circle_sync_up(vls_core *core, vls_circle *circle, vls_circle_link *link);
void vls_circle_sync_down(vls_circle *circle, vls_circle_link *link);
/* A comparison with everybody who is linked, one after another. */
void vls_circle_sync_all(vls_core *core, vls_circle *circle);
void vls_circle_sync_frame(vls_core *core, vls_circle *circle, vls_circle_link *link,
                           vls_slice body);
/* Records that they asked for, by blinded ids: they get them in the order in which they came here,
 * in which each can be opened when it comes. */
void vls_circle_sync_serve(vls_core *core, vls_circle *circle, vls_circle_link *link,
                           const uint8_t (*blinded)[32], size_t n);
/* A record came. kept: or was here; else there is no room for it now. False: one of so many that a
 * comparison brought, that others are not told of each. */
bool vls_circle_sync_came(vls_core *core, vls_circle *circle, vls_circle_link *link,
                          const uint8_t id[32], bool kept, bool is_new);
/* Records are on their way, or it is not known yet whether any are to be. */
bool vls_circle_sync_moves(const vls_circle *circle);
void vls_circle_sync_plan(vls_core *core, vls_circle *circle);

/* circle_spread.c: besides vls_circle_spread and vls_circle_passed */
/* A record came that is here already. */
void vls_circle_again(vls_core *core, vls_circle *circle, vls_circle_link *link,
                      const uint8_t id[32]);
void vls_circle_spread_frame(vls_core *core, vls_circle *circle, vls_circle_link *link,
                             vls_group_frame_kind kind, vls_slice body);
void vls_circle_spread_down(vls_circle *circle, const vls_circle_link *link);
void vls_circle_spread_plan(vls_core *core, vls_circle *circle);

/* circle_receipts.c */
/* Words of others came. */
void vls_circle_receipt_due(vls_core *core, vls_circle *circle);
/* A signed receipt came over this link. True: it is news. */
bool vls_circle_receipt_take(vls_core *core, vls_circle *circle, vls_circle_link *link,
                             vls_slice receipt);
/* Those that they were not given. */
void vls_circle_receipts_pass(vls_core *core, vls_circle *circle, vls_circle_link *link);
void vls_circle_receipts_plan(vls_core *core, vls_circle *circle);
/* Of an event of mine: members it was said to, besides me, and those whose receipt is here. False:
 * receipts are not given in a group so large, or there is no such event. */
bool vls_circle_delivery(vls_core *core, vls_circle *circle, uint64_t seq, uint64_t *ret_got,
                         uint64_t *ret_of);
/* Whether this member has it. */
bool vls_circle_delivered_to(vls_core *core, vls_circle *circle, uint64_t seq,
                             const uint8_t identity[32]);

#endif
