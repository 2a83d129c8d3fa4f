/* Messages made from the tables: random ones that are right, and plain ones that are off by one in
 * a chosen field. The second kind is packed by msgpack-c alone, so it does not trust our encoder.
 */
#ifndef VALISE_TESTS_GEN_WIRE_H
#define VALISE_TESTS_GEN_WIRE_H

#include <msgpack.h>

#include "base/assert.h"
#include "proto/group.h"
#include "proto/peer.h"
#include "proto/rpc.h"

/* What peers speak: peer.def and group.def. */
static const vls_wire_def *const gen_peer_defs[] = {
#include "proto/def_list.h"
#include "proto/peer.def"
#include "proto/group.def"
#include "proto/def_end.h"
};

static const vls_wire_def *const gen_rpc_defs[] = {
#include "proto/def_list.h"
#include "proto/rpc.def"
#include "proto/def_end.h"
};

enum {
  GEN_PEER_DEFS = sizeof gen_peer_defs / sizeof gen_peer_defs[0],
  GEN_RPC_DEFS = sizeof gen_rpc_defs / sizeof gen_rpc_defs[0],
  GEN_DEFS = GEN_PEER_DEFS + GEN_RPC_DEFS,
  GEN_ARENA = 1 << 20, /* bytes that the slices of one random message borrow from */
};

static inline const vls_wire_def *gen_def(size_t i) {
  return i < GEN_PEER_DEFS ? gen_peer_defs[i] : gen_rpc_defs[i - GEN_PEER_DEFS];
}

typedef struct gen {
  uint64_t seed;
  uint8_t *arena;
  size_t used;
} gen;

/* splitmix64: enough for tests, and the same everywhere. */
static inline uint64_t gen_u64(gen *g) {
  uint64_t z = (g->seed += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline uint64_t gen_below(gen *g, uint64_t bound) {
  return gen_u64(g) % bound;
}

static inline void gen_init(gen *g, uint64_t seed) {
  *g = (gen){.seed = seed, .arena = vls_calloc(GEN_ARENA, 1)};
}

static inline void gen_done(gen *g) {
  free(g->arena);
}

/* A number in min..max; the ends and small ones more often than chance would have them. */
static inline uint64_t gen_between(gen *g, uint64_t min, uint64_t max) {
  uint64_t span = max - min;
  switch (gen_below(g, 8)) {
  case 0: return min;
  case 1: return max;
  case 2: return min + (span == UINT64_MAX ? gen_u64(g) : gen_below(g, span + 1));
  case 3:
    return min + (span == 0 ? 0 : gen_u64(g) >> gen_below(g, 64)) % (span + (span < UINT64_MAX));
  default: return min + gen_below(g, span < 40 ? span + 1 : 40);
  }
}

static inline vls_slice gen_bytes(gen *g, size_t n) {
  if (n > GEN_ARENA - g->used) n = GEN_ARENA - g->used;
  uint8_t *p = g->arena + g->used;
  g->used += n;
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)gen_u64(g);
  return vls_slice_of(p, n);
}

/* n bytes of UTF-8 with characters of every length, filled up with ASCII. */
static inline vls_slice gen_text(gen *g, size_t n) {
  static const char *const letters[] = {"a", "\x01", "\xc3\xa9", "\xe1\xba\xa1",
                                        "\xf0\x9f\x92\xbc"};
  vls_slice s = gen_bytes(g, n);
  uint8_t *p = g->arena + g->used - s.n;
  for (size_t i = 0; i < s.n;) {
    const char *c = letters[gen_below(g, 5)];
    size_t len = strlen(c);
    if (len > s.n - i) c = "z", len = 1;
    memcpy(p + i, c, len);
    i += len;
  }
  return s;
}

static inline void gen_fill(gen *g, const vls_wire_def *def, uint8_t *msg);

static inline void gen_fill_list(gen *g, const vls_field *f, uint8_t *msg) {
  size_t n = (size_t)gen_between(g, f->min, f->max < f->min + 5 ? f->max : f->min + 5);
  if (gen_below(g, 16) == 0) n = (size_t)f->max;
  for (size_t i = 0; i < n; i++) {
    if (f->type == VLS_F_SUBS) {
      gen_fill(g, f->sub, msg + f->at + i * f->sub->size);
    } else if (f->type == VLS_F_STRS) {
      vls_slice s = gen_text(g, (size_t)gen_between(g, 0, f->each));
      memcpy(msg + f->at + i * sizeof s, &s, sizeof s);
    } else {
      vls_slice s = gen_bytes(g, f->each);
      memcpy(msg + f->at + i * f->each, s.p, s.n);
    }
  }
  memcpy(msg + f->count, &n, sizeof n);
}

static inline void gen_fill_field(gen *g, const vls_field *f, uint8_t *msg) {
  bool yes = true;
  if (f->optional && gen_below(g, 2) == 0) return;
  if (f->optional) memcpy(msg + f->has, &yes, sizeof yes);
  switch (f->type) {
  case VLS_F_UINT: {
    uint64_t v = gen_between(g, f->min, f->max);
    memcpy(msg + f->at, &v, sizeof v);
    break;
  }
  case VLS_F_BOOL:
    yes = gen_below(g, 2) == 0;
    memcpy(msg + f->at, &yes, sizeof yes);
    break;
  case VLS_F_FIX: memcpy(msg + f->at, gen_bytes(g, (size_t)f->max).p, (size_t)f->max); break;
  case VLS_F_BIN:
  case VLS_F_STR: {
    size_t n = (size_t)gen_between(g, f->min, f->max);
    vls_slice s = f->type == VLS_F_BIN ? gen_bytes(g, n) : gen_text(g, n);
    memcpy(msg + f->at, &s, sizeof s);
    break;
  }
  case VLS_F_SUB: gen_fill(g, f->sub, msg + f->at); break;
  case VLS_F_SUBS:
  case VLS_F_FIXES:
  case VLS_F_STRS: gen_fill_list(g, f, msg); break;
  }
}

static inline void gen_fill(gen *g, const vls_wire_def *def, uint8_t *msg) {
  for (size_t k = 0; k < def->n_fields; k++)
    gen_fill_field(g, &def->fields[k], msg);
}

/* A random right message of def->size zeroed bytes; borrows from the generator until the next one.
 */
static inline void gen_message(gen *g, const vls_wire_def *def, void *msg) {
  g->used = 0;
  memset(msg, 0, def->size);
  gen_fill(g, def, msg);
}

/* How the chosen field of a plain message is written. */
typedef enum gen_how {
  GEN_MIN,   /* at its lower bound, like every other field */
  GEN_MAX,   /* at its upper bound */
  GEN_BELOW, /* one less than allowed */
  GEN_ABOVE, /* one more than allowed */
  GEN_WIDE,  /* a list with an entry of the largest size */
  GEN_WIDER, /* ... and one byte more */
  GEN_NIL,   /* nil */
  GEN_NEGATIVE,
  GEN_FLOAT,
  GEN_MAP,
  GEN_LIST,
  GEN_TEXT,
  GEN_BINARY,
  GEN_NUMBER,
  GEN_TRUE,
  GEN_ABSENT,  /* left out (maps) or one element short (arrays) */
  GEN_TWICE,   /* there twice (maps) or one element more (arrays) */
  GEN_RENAMED, /* under a key nobody knows (maps) */
} gen_how;

/* True when `how` means something for this field. */
static inline bool gen_applies(const vls_field *f, gen_how how) {
  bool sized = f->type != VLS_F_BOOL && f->type != VLS_F_SUB;
  if (how == GEN_BELOW) return sized && f->min > 0;
  if (how == GEN_MAX) return sized;
  if (how == GEN_ABOVE) return sized && f->max < UINT64_MAX;
  if (how == GEN_WIDE) return (f->type == VLS_F_FIXES || f->type == VLS_F_STRS) && f->max > 0;
  if (how == GEN_WIDER) return gen_applies(f, GEN_WIDE);
  return true;
}

static inline void gen_put_run(msgpack_packer *pk, bool text, size_t n) {
  char *run = vls_calloc(n + 1, 1);
  memset(run, 'x', n);
  if (text) {
    msgpack_pack_str(pk, n);
    msgpack_pack_str_body(pk, run, n);
  } else {
    msgpack_pack_bin(pk, n);
    msgpack_pack_bin_body(pk, run, n);
  }
  free(run);
}

static inline void gen_put(msgpack_packer *pk, const vls_wire_def *def, const vls_field *target,
                           gen_how how);

static inline void gen_put_value(msgpack_packer *pk, const vls_field *f, gen_how how) {
  uint64_t size = how == GEN_MAX     ? f->max
                  : how == GEN_ABOVE ? f->max + 1
                  : how == GEN_BELOW ? f->min - 1
                                     : f->min;
  size_t each = 0;
  if (f->type == VLS_F_FIXES) each = f->each;
  if (how == GEN_WIDE || how == GEN_WIDER) {
    each = f->each + (how == GEN_WIDER);
    if (size == 0) size = 1;
  }
  switch (f->type) {
  case VLS_F_UINT: msgpack_pack_uint64(pk, size); return;
  case VLS_F_BOOL: msgpack_pack_false(pk); return;
  case VLS_F_FIX:
  case VLS_F_BIN: gen_put_run(pk, false, (size_t)size); return;
  case VLS_F_STR: gen_put_run(pk, true, (size_t)size); return;
  case VLS_F_SUB: gen_put(pk, f->sub, NULL, GEN_MIN); return;
  case VLS_F_SUBS:
  case VLS_F_FIXES:
  case VLS_F_STRS: break;
  }
  msgpack_pack_array(pk, (size_t)size);
  for (uint64_t i = 0; i < size; i++) {
    if (f->type == VLS_F_SUBS)
      gen_put(pk, f->sub, NULL, GEN_MIN);
    else
      gen_put_run(pk, f->type == VLS_F_STRS, each);
  }
}

static inline void gen_put_field(msgpack_packer *pk, const vls_field *f, gen_how how) {
  switch (how) {
  case GEN_NIL: msgpack_pack_nil(pk); return;
  case GEN_NEGATIVE: msgpack_pack_int(pk, -1); return;
  case GEN_FLOAT: msgpack_pack_double(pk, 1.0); return;
  case GEN_MAP: msgpack_pack_map(pk, 0); return;
  case GEN_LIST: msgpack_pack_array(pk, 0); return;
  case GEN_TEXT: gen_put_run(pk, true, (size_t)f->min); return;
  case GEN_BINARY: gen_put_run(pk, false, (size_t)f->min); return;
  case GEN_NUMBER: msgpack_pack_uint64(pk, f->min); return;
  case GEN_TRUE: msgpack_pack_true(pk); return;
  case GEN_MIN:
  case GEN_MAX:
  case GEN_BELOW:
  case GEN_ABOVE:
  case GEN_WIDE:
  case GEN_WIDER:
  case GEN_ABSENT:
  case GEN_TWICE:
  case GEN_RENAMED: gen_put_value(pk, f, how); return;
  }
}

/* Every field plain except target, when there is one. Optional fields only when they are the
 * target. */
static inline void gen_put(msgpack_packer *pk, const vls_wire_def *def, const vls_field *target,
                           gen_how how) {
  size_t n = def->shape == VLS_ARRAY ? def->n_fields : 0;
  for (size_t k = 0; k < def->n_fields && def->shape == VLS_MAP; k++)
    n += !def->fields[k].optional || &def->fields[k] == target ? 1 : 0;
  if (target != NULL && how == GEN_ABSENT) n--;
  if (target != NULL && how == GEN_TWICE) n++;
  if (def->shape == VLS_ARRAY)
    msgpack_pack_array(pk, n);
  else
    msgpack_pack_map(pk, n);
  for (size_t k = 0; k < def->n_fields; k++) {
    const vls_field *f = &def->fields[k];
    gen_how this_how = f == target ? how : GEN_MIN;
    if (f->optional && f != target) {
      if (def->shape == VLS_ARRAY) msgpack_pack_nil(pk);
      continue;
    }
    if (this_how == GEN_ABSENT) continue;
    for (int i = 0; i < (this_how == GEN_TWICE ? 2 : 1); i++) {
      const char *key = this_how == GEN_RENAMED ? "nobody_knows" : f->name;
      if (def->shape == VLS_MAP) {
        msgpack_pack_str(pk, strlen(key));
        msgpack_pack_str_body(pk, key, strlen(key));
      }
      gen_put_field(pk, f, this_how);
    }
  }
}

#endif
