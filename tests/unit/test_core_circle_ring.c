/* Whom a node wants a link with: all of a small group, neighbours in a large one; and the bounds of
 * what it keeps of members. */
#include "core_town.h"

#include "carry/overlay.h"
#include "citizen_make.h"
#include "core/circle.h"
#include "core/circle_members.h"
#include "core/members.h"

enum { CROWD = 60 };

/* Citizens that are here as acts and cards only. */
typedef struct crowd {
  town t;
  vls_circle *circle;
  citizen who[CROWD];
  size_t n;
} crowd;

static void let_in(crowd *c, size_t upto, bool with_cards) {
  vls_core *core = c->t.nodes[0].core;
  for (; c->n < upto; c->n++) {
    citizen *x = &c->who[c->n];
    vls_dh_pair leaf;
    vls_buf bytes;
    vls_act_admit admit = {0};
    citizen_make(x, (uint8_t)(100 + c->n));
    vls_dh_new(&leaf, &x->rng);
    vls_buf_init(&bytes, 1024);
    assert_int_equal(vls_group_leaf_make(&bytes, &x->device, c->circle->row.gid, x->identity.pub,
                                         MADE_AT, leaf.pub),
                     VLS_OK);
    memcpy(admit.who, x->identity.pub, 32);
    assert_int_equal(vls_signed_parse(&admit.leaf, vls_buf_slice(&bytes)), VLS_OK);
    assert_int_equal(vls_signed_parse(&admit.cert, vls_buf_slice(&x->cert)), VLS_OK);
    assert_int_equal(vls_circle_admit(core, c->circle, &admit), VLS_OK);
    vls_buf_done(&bytes);
    if (with_cards) vls_circle_member(core, x->identity.pub)->row.card_seq = 1;
  }
  town_settle(&c->t);
}

static crowd *gather(size_t n, bool with_cards) {
  crowd *c = vls_calloc(1, sizeof *c);
  town_make(&c->t);
  town_init(&c->t, 0, "Ana");
  vls_group_rules rules = {.name = vls_slice_str("Association"), .admit = 3, .post = 1};
  assert_int_equal(vls_circle_found(c->t.nodes[0].core, &rules, &c->circle), VLS_OK);
  let_in(c, n, with_cards);
  return c;
}

static void part(crowd *c) {
  for (size_t i = 0; i < c->n; i++)
    citizen_end(&c->who[i]);
  town_end(&c->t);
  free(c);
}

static vls_peer *peer_of(crowd *c, size_t i) {
  return vls_peer_by_identity(c->t.nodes[0].core, c->who[i].identity.pub);
}

static size_t wanted(crowd *c) {
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++)
    n += peer_of(c, i)->member->wanted ? 1 : 0;
  return n;
}

static void small_group_wants_everybody(void **state) {
  (void)state;
  crowd *c = gather(VLS_GROUP_EAGER - 1, true); /* and Ana */
  assert_int_equal(wanted(c), VLS_GROUP_EAGER - 1);
  assert_null(c->circle->ring);
  let_in(c, VLS_GROUP_EAGER, true);
  assert_non_null(c->circle->ring);
  assert_in_range(wanted(c), 4, VLS_OVERLAY_SLOTS + 1);
  part(c);
}

/* Whoever does not answer is stepped over, and still tried now and then. */
static void large_group_wants_the_next_who_are_in_reach(void **state) {
  (void)state;
  crowd *c = gather(CROWD, true);
  vls_core *core = c->t.nodes[0].core;
  size_t before = wanted(c);
  assert_in_range(before, 4, VLS_OVERLAY_SLOTS + 1);
  size_t away = 0;
  while (!peer_of(c, away)->member->wanted)
    away++;
  peer_of(c, away)->failures = VLS_RING_FAILURES;
  vls_circle_wire(core);
  assert_true(peer_of(c, away)->member->wanted);
  assert_true(wanted(c) > before);
  peer_of(c, away)->failures = 0; /* it answered */
  vls_circle_wire(core);
  assert_int_equal(wanted(c), before);
  peer_of(c, away)->row.blocked = true; /* of who is blocked nothing is wanted */
  vls_circle_wire(core);
  assert_false(peer_of(c, away)->member->wanted);
  for (size_t i = 0; i < c->n; i++)
    peer_of(c, i)->failures = VLS_RING_FAILURES;
  vls_circle_wire(core);
  assert_int_equal(wanted(c), CROWD - 1); /* nobody answers: whoever is within 64 steps */
  part(c);
}

static void neighbour_at_random_is_another_in_time(void **state) {
  (void)state;
  crowd *c = gather(CROWD, true);
  vls_core *core = c->t.nodes[0].core;
  bool ever[CROWD] = {false};
  size_t met = 0, first = wanted(c);
  for (int hour = 0; hour < 12; hour++) {
    c->t.now.mono_ms += VLS_RING_ODD_MS + 1;
    for (size_t i = 0; i < c->n; i++)
      peer_of(c, i)->failures = 0;
    assert_int_equal(vls_core_tick(core, c->t.now), VLS_OK);
    vls_circle_wire(core);
    for (size_t i = 0; i < c->n; i++)
      ever[i] = ever[i] || peer_of(c, i)->member->wanted;
  }
  for (size_t i = 0; i < c->n; i++)
    met += ever[i] ? 1 : 0;
  assert_true(met > first + 3);
  assert_in_range(wanted(c), 4, VLS_OVERLAY_SLOTS + 1);
  part(c);
}

static void what_is_kept_of_members_has_bounds(void **state) {
  (void)state;
  town t;
  uint8_t devices[VLS_MEMBER_DEVICES + 1][32];
  vls_dh_pair pair;
  town_make(&t);
  town_init(&t, 0, "Ana");
  vls_core *core = t.nodes[0].core;
  uint8_t who[32] = {1};
  vls_peer *peer = vls_peer_meet(core, who);
  for (size_t i = 0; i <= VLS_MEMBER_DEVICES; i++) {
    vls_dh_new(&pair, &core->rng);
    memcpy(devices[i], pair.pub, 32);
    vls_member_seat(core, peer, devices[i], i == 0);
  }
  assert_int_equal(peer->member->n_next, VLS_MEMBER_DEVICES);
  core->self.former[0] = pair;
  core->self.n_former = 1;
  vls_member_counted(core, peer);
  assert_int_equal(peer->member->n_devices, VLS_MEMBER_DEVICES);
  assert_int_equal(peer->member->n_keys, VLS_MEMBER_KEYS);
  assert_true(vls_member_has(peer, devices[VLS_MEMBER_DEVICES - 1]));
  assert_false(vls_member_has(peer, devices[VLS_MEMBER_DEVICES]));
  core->n_members = VLS_MEMBERS_MAX - 1;
  who[0] = 2;
  vls_member_seat(core, vls_peer_meet(core, who), devices[0], true);
  assert_int_equal(core->n_members, VLS_MEMBERS_MAX);
  who[0] = 3;
  peer = vls_peer_meet(core, who);
  vls_member_seat(core, peer, devices[0], true);
  vls_member_is(core, peer, (const uint8_t(*)[32])devices, 1);
  assert_null(peer->member);
  assert_int_equal(core->n_members, VLS_MEMBERS_MAX);
  core->self.n_former = 0;
  town_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_group_wants_everybody),
      cmocka_unit_test(large_group_wants_the_next_who_are_in_reach),
      cmocka_unit_test(neighbour_at_random_is_another_in_time),
      cmocka_unit_test(what_is_kept_of_members_has_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
