/* A group between the nodes of a test: founded, joined and talked in without the calls of clients.
 */
#ifndef VALISE_TESTS_CORE_CIRCLE_H
#define VALISE_TESTS_CORE_CIRCLE_H

#include "core_people.h"

#include "core/circle.h"
#include "store/messages.h"

/* The group of this node; NULL: it has none. */
static inline vls_circle *circle_of(world *w, int who) {
  vls_core *core = w->node[who].core;
  return core->n_circles == 0 ? NULL : core->circles[0];
}

/* What was done to a core by hand is a batch like any other. */
static inline void done(world *w, int who) {
  end_batch(w, &w->node[who]);
  run(w);
}

static inline void found_group(world *w, int who, const char *name) {
  vls_circle *circle;
  vls_group_rules rules = {.name = vls_slice_str(name), .admit = 3, .post = 1};
  assert_int_equal(vls_circle_found(w->node[who].core, &rules, &circle), VLS_OK);
  done(w, who);
}

/* `by` lets `who` in, who gave the leaf over another way; both hear of it as time passes. */
static inline void let_in(world *w, int by, int who, uint64_t ms) {
  vls_buf bytes;
  vls_act_leaf leaf;
  vls_circle *mine = circle_of(w, by), *theirs = NULL;
  vls_core *core = w->node[who].core;
  vls_peer *via = vls_peer_by_identity(core, w->node[by].core->self.identity.pub);
  vls_buf_init(&bytes, 1024);
  assert_int_equal(vls_circle_join(core, mine->row.gid, vls_slice_str(mine->row.name),
                                   via == NULL ? 0 : via->row.id, &bytes, &leaf, &theirs),
                   VLS_OK);
  vls_act_admit admit = {.cert = leaf.cert, .leaf = leaf.leaf};
  memcpy(admit.who, core->self.identity.pub, 32);
  assert_int_equal(vls_circle_admit(w->node[by].core, mine, &admit), VLS_OK);
  vls_buf_done(&bytes);
  end_batch(w, &w->node[who]);
  done(w, by);
  pass(w, ms);
}

static inline bool is_member(world *w, int who) {
  vls_circle *circle = circle_of(w, who);
  return circle != NULL && circle->group != NULL && circle->row.state == VLS_GRP_MEMBER &&
         vls_group_is_member(circle->group);
}

/* Its number. */
static inline uint64_t say_in_group(world *w, int who, const char *text) {
  vls_core *core = w->node[who].core;
  uint64_t n = ++core->newest_n;
  vls_circle_text(core, circle_of(w, who), vls_slice_str(text), n);
  done(w, who);
  return n;
}

/* What others said there, as "one|two|". */
static inline const char *heard(world *w, int who) {
  static char all[8192];
  vls_message_query query = {
      .contact = circle_of(w, who)->row.id, .received = true, .oldest_first = true, .limit = 500};
  vls_message_row row;
  size_t at = 0;
  all[0] = '\0';
  while (vls_message_next(w->node[who].store, &query, &row))
    at += (size_t)snprintf(all + at, sizeof all - at, "%.*s|", (int)row.body.n,
                           (const char *)row.body.p);
  return all;
}

#endif
