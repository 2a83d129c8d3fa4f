/* What is taken of one author and hour from one link (GROUP 6.5): a table of counters that are
 * found by their hash. Two that meet there forget each other: the link's own budgets are below
 * that. */
#include "core/circle.h"

enum { SLOTS = 1024 };

typedef struct vls_circle_hour {
  uint64_t key;
  uint32_t events, bytes;
} vls_circle_hour;

static const uint64_t hour_ms = 3600 * 1000;

static uint64_t key_of(uint64_t link, const uint8_t author[32], uint64_t hour) {
  uint64_t h = vls_be64_get(author) ^ link * UINT64_C(0x9e3779b97f4a7c15);
  h ^= (hour + 1) * UINT64_C(0xc2b2ae3d27d4eb4f);
  h ^= h >> 29;
  h *= UINT64_C(0xbf58476d1ce4e5b9);
  return (h ^ h >> 32) | 1;
}

bool vls_circle_hour_takes(vls_core *core, vls_circle *circle, const vls_conn *conn,
                           const vls_group_facts *facts) {
  uint64_t key = key_of(conn->id, facts->author, facts->stamp / hour_ms);
  if (circle->hours == NULL) circle->hours = vls_calloc(SLOTS, sizeof *circle->hours);
  if (core->now.mono_ms - circle->hours_since >= hour_ms) {
    memset(circle->hours, 0, SLOTS * sizeof *circle->hours);
    circle->hours_since = core->now.mono_ms;
  }
  vls_circle_hour *h = &circle->hours[key % SLOTS];
  if (h->key != key) *h = (vls_circle_hour){.key = key};
  if (h->events >= VLS_CIRCLE_HOUR_EVENTS || h->bytes + facts->bytes > (size_t)VLS_CIRCLE_HOUR_KB
                                                                           << 10)
    return false;
  h->events++;
  h->bytes += (uint32_t)facts->bytes;
  return true;
}
