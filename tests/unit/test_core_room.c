#include "core_people.h"

#include "store/sql.h"

static void room(world *w, int who, bool there) {
  vls_input in = {.type = there ? VLS_IN_ROOM : VLS_IN_NO_ROOM};
  feed(w, &w->node[who], &in);
  end_batch(w, &w->node[who]);
  run(w);
}

static bool status_is(world *w, int who, const char *state) {
  vls_rpc_status status;
  assert_true(call(w, who, "status", NULL, NULL));
  answer(w, who, &vls_rpc_status_def, &status);
  return vls_slice_eq(status.state, vls_slice_str(state));
}

/* Every call that changes something is refused, and leaves nothing to be committed. */
static void without_room_what_writes_is_refused_and_what_reads_is_not(void **state) {
  (void)state;
  world *w = two_friends();
  node *bao = &w->node[BAO];
  uint64_t n = say(w, BAO, "Ana", "before");
  pass(w, 1000);
  room(w, BAO, false);
  unsigned commits = bao->commits;
  vls_rpc_send text = {.to = {vls_slice_str("Ana")}, .n_to = 1, .text = vls_slice_str("now")};
  vls_rpc_invite invitation = {0};
  vls_rpc_accept taken = {.link = vls_slice_str("valise:x")};
  vls_rpc_rename name = {vls_slice_str("Ana"), vls_slice_str("Anna")};
  vls_rpc_verify verified = {.who = vls_slice_str("Ana"), .has_verified = true, .verified = true};
  vls_rpc_block block = {vls_slice_str("Ana"), true};
  vls_rpc_who who = {vls_slice_str("Ana")};
  vls_rpc_mark_read read = {vls_slice_str("Ana"), 1};
  vls_rpc_opt_who all = {0};
  vls_rpc_n number = {n};
  vls_rpc_ack ack = {.cursor = 1};
  const struct {
    const char *method;
    const vls_wire_def *def;
    const void *params;
  } writes[] = {
      {"send", &vls_rpc_send_def, &text},
      {"invite.create", &vls_rpc_invite_def, &invitation},
      {"invite.accept", &vls_rpc_accept_def, &taken},
      {"contact.rename", &vls_rpc_rename_def, &name},
      {"contact.verify", &vls_rpc_verify_def, &verified},
      {"contact.block", &vls_rpc_block_def, &block},
      {"contact.remove", &vls_rpc_who_def, &who},
      {"message.mark_read", &vls_rpc_mark_read_def, &read},
      {"outbox.retry", &vls_rpc_opt_who_def, &all},
      {"outbox.cancel", &vls_rpc_n_def, &number},
      {"events.ack", &vls_rpc_ack_def, &ack},
  };
  for (size_t i = 0; i < COUNT(writes); i++) {
    assert_false(call(w, BAO, writes[i].method, writes[i].def, writes[i].params));
    assert_true(failed_as(w, BAO, "disk_full"));
    assert_true(error_says(w, BAO, "\ndf -h"));
  }
  assert_true(status_is(w, BAO, "full"));
  assert_int_equal(findings(w, BAO, "problem", "the disk is full"), 1);
  assert_true(contact_is(w, BAO, "Ana", "ready"));
  assert_string_equal(state_of(w, BAO, n), "delivered");
  pass(w, 3 * 3600 * 1000); /* housekeeping and dials have been due */
  assert_int_equal(bao->commits, commits);
  world_free(w);
}

static void without_room_peers_keep_what_they_have_and_it_arrives_later(void **state) {
  (void)state;
  world *w = two_friends();
  node *bao = &w->node[BAO];
  room(w, BAO, false);
  uint64_t n = say(w, ANA, "Bao", "for later");
  unsigned dials = bao->dials;
  pass(w, 3600 * 1000);
  assert_int_equal(bao->dials, dials);
  assert_string_not_equal(state_of(w, ANA, n), "delivered");
  assert_string_equal(received(w, BAO), "");
  room(w, BAO, true);
  assert_true(status_is(w, BAO, "ready"));
  pass(w, 5000); /* it dials at once, whatever their patience is by now */
  assert_string_equal(received(w, BAO), "for later|");
  assert_string_equal(state_of(w, ANA, n), "delivered");
  n = say(w, BAO, "Ana", "and back");
  pass(w, 1000);
  assert_string_equal(state_of(w, BAO, n), "delivered");
  world_free(w);
}

static void a_core_can_begin_without_room(void **state) {
  (void)state;
  world *w = two_friends();
  node *bao = &w->node[BAO];
  node_crash(w, BAO);
  bao->conf.no_room = true;
  unsigned commits = bao->commits;
  node_start(w, BAO);
  say_hello(w, BAO, CLIENT);
  uint64_t n = say(w, ANA, "Bao", "knock knock");
  pass(w, 600 * 1000);
  assert_int_equal(bao->commits, commits);
  assert_true(status_is(w, BAO, "full"));
  room(w, BAO, true);
  pass(w, 5000);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  world_free(w);
}

/* A store that fails tells nothing more: what a call would say then is no answer. */
static void a_store_that_fails_in_a_call_is_its_error(void **state) {
  (void)state;
  char link[520];
  world *w = world_new(2);
  node *bao = &w->node[BAO];
  vls_rpc_accept taken = {.link = invite(w, ANA, link)};
  vls_buf params;
  vls_output out;
  vls_buf_init(&params, VLS_RPC_FRAME_MAX);
  assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
  assert_int_equal(vls_wire_encode(&vls_rpc_accept_def, &taken, &params), VLS_OK);
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = CLIENT,
                  .msgid = ++bao->msgid,
                  .text = vls_slice_str("invite.accept"),
                  .bytes = vls_buf_slice(&params)};
  vls_sql_fail(bao->store, SQLITE_IOERR_FSYNC, "as if");
  assert_int_equal(vls_core_feed(bao->core, &in, now_of(w, bao)), VLS_STORAGE);
  assert_false(vls_core_poll(bao->core, &out));
  vls_core_committed(bao->core, VLS_STORAGE);
  poll_all(w, bao);
  assert_int_equal(bao->answered, bao->msgid);
  assert_true(failed_as(w, BAO, "storage"));
  vls_buf_done(&params);
  node_crash(w, BAO);
  node_start(w, BAO);
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_room_what_writes_is_refused_and_what_reads_is_not),
      cmocka_unit_test(without_room_peers_keep_what_they_have_and_it_arrives_later),
      cmocka_unit_test(a_core_can_begin_without_room),
      cmocka_unit_test(a_store_that_fails_in_a_call_is_its_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
