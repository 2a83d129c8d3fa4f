/* Who may do what in a group. Its acts (a level given, somebody removed, words) form a graph: each
 * names what its author had seen. Members learn of acts in any order that respects that, and all
 * end with the same void acts and the same levels. Clocks count for nothing.
 *
 * Levels: 5 founder (fixed by the genesis), 4 owner, 3 admin, 2 moderator, 1 member, 0 none.
 * Authority flows strictly downward: nobody touches an equal or a superior. Of concurrent acts on
 * one citizen the lowest level wins. An act is void when its author was not permitted it by what
 * they had seen, or when it is concurrent with a superior's act that brings its author below the
 * level it was done with. Adding an act costs what it changes, not a walk through all of them. */
#ifndef VALISE_CONV_AUTHORITY_H
#define VALISE_CONV_AUTHORITY_H

#include "valise/types.h"

enum {
  VLS_LEVEL_NONE = 0,
  VLS_LEVEL_MEMBER = 1,
  VLS_LEVEL_MODERATOR = 2,
  VLS_LEVEL_ADMIN = 3,
  VLS_LEVEL_OWNER = 4,
  VLS_LEVEL_FOUNDER = 5,
  VLS_ACTS_MAX = 32768,      /* in one group */
  VLS_ACT_PARENTS = 8,       /* newest acts that one names */
  VLS_GROUP_CITIZENS = 4096, /* who ever was in it */
};

typedef enum vls_act_kind {
  VLS_ACT_SET,    /* the target's level becomes `level` */
  VLS_ACT_REMOVE, /* the target's level becomes 0; by themselves: leaving */
  VLS_ACT_WORDS,  /* no target, no effect: what it means is the caller's */
  VLS_ACT_ADMIT,  /* a target without a level becomes a member; never lowers anybody. Not permitted
                     while a removal by a superior stands */
} vls_act_kind;

/* Citizens are numbered by the caller, below VLS_GROUP_CITIZENS; acts in the order they are added.
 */
typedef struct vls_act {
  vls_act_kind kind;
  uint32_t author, target;
  uint8_t level;           /* VLS_ACT_SET: 1..4 */
  const uint32_t *parents; /* borrowed for the call */
  size_t n_parents;
} vls_act;

typedef struct vls_authority vls_authority;

/* founders: numbers of citizens, copied. */
vls_authority *vls_authority_new(const uint32_t *founders, size_t n);
/* Takes NULL. */
void vls_authority_free(vls_authority *authority);

/* Adds an act whose parents are here and gives its number. VLS_MALFORMED: a number out of range.
 * VLS_NOT_FOUND: a parent is not here yet. VLS_LIMITED: VLS_ACTS_MAX are here. */
VLS_MUST vls_err vls_authority_add(vls_authority *authority, const vls_act *act, uint32_t *ret_act);

size_t vls_authority_count(const vls_authority *authority);
/* By everything known now: acts may become void, or valid again, when others are added. */
bool vls_authority_is_void(const vls_authority *authority, uint32_t act);
/* The citizen's level, by everything known now. */
uint8_t vls_authority_level(vls_authority *authority, uint32_t citizen);
/* The level its author had by what they had seen; never changes. */
uint8_t vls_authority_rank(const vls_authority *authority, uint32_t act);
/* Had the author of `later` seen `earlier`? */
bool vls_authority_saw(const vls_authority *authority, uint32_t later, uint32_t earlier);

/* What somebody had seen, by the newest acts they name: these and all before them. */
typedef struct vls_past vls_past;
/* The acts are here. It stays right when others are added. */
vls_past *vls_authority_past(vls_authority *authority, const uint32_t *newest, size_t n);
/* Takes NULL. */
void vls_past_free(vls_past *past);
bool vls_past_has(const vls_past *past, uint32_t act);
/* By these acts alone; never changes. */
uint8_t vls_past_level(vls_authority *authority, const vls_past *past, uint32_t citizen);
bool vls_past_is_void(const vls_past *past, uint32_t act);
/* The highest rank of whoever removed the citizen, as far as nothing newer stands; 0: nobody but
 * themselves. */
uint8_t vls_past_remover(vls_authority *authority, const vls_past *past, uint32_t citizen);
/* By those of these acts that are not void by everything known now. */
uint8_t vls_past_level_now(vls_authority *authority, const vls_past *past, uint32_t citizen);

#endif
