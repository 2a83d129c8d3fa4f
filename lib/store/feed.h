/* Tables feed, consumer and sent: what clients are told, how far each has come, what they asked
 * before. */
#ifndef VALISE_STORE_FEED_H
#define VALISE_STORE_FEED_H

#include "store/db.h"

enum {
  VLS_FEED_MAX = 1000000, /* rows; RPC 5.4 */
  VLS_CONSUMERS_MAX = 16,
  VLS_SENT_DAYS = 7, /* client message ids are remembered */
};

typedef enum vls_feed_type {
  VLS_FEED_MESSAGE = 1, /* texts first..last arrived in one event */
  VLS_FEED_DELIVERED,
  VLS_FEED_READ,
  VLS_FEED_FAILED,
  VLS_FEED_CONTACT,
  VLS_FEED_ALARM,
  VLS_FEED_GROUP, /* what happened in a group: in text */
} vls_feed_type;

typedef struct vls_feed_row {
  uint64_t c; /* place; counts up */
  vls_feed_type type;
  uint64_t contact, first, last, at;
  vls_slice text;
} vls_feed_row;

uint64_t vls_feed_newest(vls_store *store);
uint64_t vls_feed_oldest(vls_store *store);  /* 0 when empty */
uint64_t vls_feed_trimmed(vls_store *store); /* the newest that was dropped for its age; 0: none */
void vls_feed_put(vls_store *store, const vls_feed_row *row);
/* The first row with c >= from; text is appended to buf and borrowed from it. */
bool vls_feed_next(vls_store *store, uint64_t from, vls_feed_row *ret, vls_buf *buf);
/* Drops rows every consumer has acknowledged and that are older than before_ms, and the oldest ones
 * past VLS_FEED_MAX. */
void vls_feed_trim(vls_store *store, uint64_t before_ms, uint64_t acked_below);

/* 0 when the consumer has none. */
uint64_t vls_consumer_get(vls_store *store, vls_slice name);
/* VLS_LIMITED for one more consumer than VLS_CONSUMERS_MAX. Never moves back. */
VLS_MUST vls_err vls_consumer_put(vls_store *store, vls_slice name, uint64_t cursor);
/* The lowest cursor of all; 0 when there is no consumer. */
uint64_t vls_consumer_lowest(vls_store *store);

/* The reply once given to a client message id. */
bool vls_sent_get(vls_store *store, vls_slice cid, vls_buf *reply);
void vls_sent_put(vls_store *store, vls_slice cid, vls_slice reply, uint64_t at_ms);
void vls_sent_drop_before(vls_store *store, uint64_t at_ms);

#endif
