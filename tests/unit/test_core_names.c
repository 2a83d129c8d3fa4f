/* Whom a person means, and how two contacts are kept apart. */
#include "core_people.h"

#include "base/text.h"
#include "crypto/kdf.h"

static void contact_is_found_by_name_fold_id_and_prefix(void **state) {
  (void)state;
  world *w = two_friends();
  contact bao = look_up(w, ANA, "Bao");
  char capital[70], prefix[9];
  for (size_t i = 0; bao.id[i] != '\0'; i++)
    capital[i] = bao.id[i] >= 'a' && bao.id[i] <= 'z' ? (char)(bao.id[i] - 32) : bao.id[i];
  capital[strlen(bao.id)] = '\0';
  copy_slice(prefix, sizeof prefix, vls_slice_of(bao.id, 8));
  assert_string_equal(look_up(w, ANA, bao.id).name, "Bao");
  assert_string_equal(look_up(w, ANA, capital).name, "Bao");
  assert_string_equal(look_up(w, ANA, prefix).name, "Bao");
  assert_string_equal(look_up(w, ANA, "bAO").name, "Bao");
  assert_string_equal(look_up(w, ANA, "B\xd0\xb0o").name, "Bao"); /* a Cyrillic a */
  vls_rpc_rename rename = {vls_slice_str("Bao"), vls_slice_str("Bao Nguyen")};
  assert_true(call(w, ANA, "contact.rename", &vls_rpc_rename_def, &rename));
  assert_string_equal(look_up(w, ANA, "bao ng").name, "Bao Nguyen");
  assert_string_equal(look_up(w, ANA, "bao").state, "none"); /* three letters are no prefix */
  assert_true(error_says(w, ANA, "did you mean \"Bao Nguyen\"?"));
  assert_string_equal(look_up(w, ANA, "completely other").state, "none");
  assert_true(error_says(w, ANA, "not_found: no contact is called \"completely other\""));
  /* A name of nothing that shows is nobody's. */
  assert_string_equal(look_up(w, ANA, "\xe2\x80\x8b").state, "none");
  world_free(w);
}

static void name_that_fits_two_is_ambiguous(void **state) {
  (void)state;
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  vls_rpc_rename a = {vls_slice_str("Bao"), vls_slice_str("neighbour left")};
  vls_rpc_rename b = {vls_slice_str("Chi"), vls_slice_str("neighbour right")};
  assert_true(call(w, ANA, "contact.rename", &vls_rpc_rename_def, &a));
  assert_true(call(w, ANA, "contact.rename", &vls_rpc_rename_def, &b));
  assert_string_equal(look_up(w, ANA, "neighbour").state, "none");
  assert_true(error_says(w, ANA, "fits more than one contact"));
  assert_string_equal(look_up(w, ANA, "neighbour r").name, "neighbour right");
  b = (vls_rpc_rename){vls_slice_str("neighbour r"), vls_slice_str("NEIGHBOUR left")};
  assert_false(call(w, ANA, "contact.rename", &vls_rpc_rename_def, &b));
  assert_true(failed_as(w, ANA, "exists"));
  assert_int_equal(findings(w, ANA, "problem", NULL), 0);
  world_free(w);
}

/* What somebody typed is repeated to them whole letters only. */
static void error_about_a_long_name_is_well_formed(void **state) {
  (void)state;
  world *w = two_friends();
  for (size_t shift = 0; shift < 4; shift++) {
    char name[129] = "xxxx";
    for (size_t i = shift; i + 4 <= 128; i += 4)
      memcpy(name + i, "\xf0\x9f\x98\x80", 4);
    name[124 + shift < 128 ? 124 + shift : 128] = '\0';
    assert_string_equal(look_up(w, ANA, name).state, "none");
    assert_true(vls_utf8_ok(vls_slice_str(w->node[ANA].error)));
    vls_rpc_send p = {.to = {vls_slice_str(name)}, .n_to = 1, .text = vls_slice_str("x")};
    vls_rpc_sent sent;
    vls_slice part[1];
    assert_true(call(w, ANA, "send", &vls_rpc_send_def, &p));
    assert_int_equal(answer_list(w, ANA, part, 1), 1);
    assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                     VLS_OK);
    assert_int_equal(sent.n, 0);
    assert_true(vls_slice_eq(sent.error, vls_slice_str("not_found")));
  }
  world_free(w);
}

/* Names of 64 bytes that are cut or numbered stay names. */
static void names_of_the_longest_are_kept_apart(void **state) {
  (void)state;
  for (size_t shift = 0; shift < 4; shift++) {
    world *w = world_new(1);
    char longest[65] = "xxxx", link[520];
    for (size_t i = shift; i + 4 <= 64; i += 4)
      memcpy(longest + i, "\xf0\x9f\x98\x80", 4);
    longest[60 + shift] = '\0';
    invite(w, ANA, link);
    for (int i = BAO; i <= CHI; i++) {
      node_start(w, i);
      say_hello(w, i, CLIENT);
      vls_rpc_init init = {.name = vls_slice_str(longest)};
      assert_true(call(w, i, "init", &vls_rpc_init_def, &init));
      assert_true(accept_link(w, i, invite(w, ANA, link), NULL));
      pass(w, 5000);
    }
    vls_slice part[4];
    assert_true(call(w, ANA, "contact.list", NULL, NULL));
    assert_int_equal(answer_list(w, ANA, part, 4), 2);
    vls_rpc_contact c[2];
    for (int i = 0; i < 2; i++)
      assert_int_equal(vls_wire_decode(&vls_rpc_contact_def, VLS_WIRE_STRICT, part[i], &c[i], NULL),
                       VLS_OK);
    assert_false(vls_slice_eq(c[0].name, c[1].name));
    assert_true(c[1].has_problem); /* they look alike */
    assert_true(findings(w, ANA, "problem", "looks like another") == 1);
    world_free(w);
  }
}

/* Two contacts to be named alike in one batch, the first of them met again: the second is asked
 * about, though nothing of the batch is on disk yet. */
static void contact_named_like_another_of_the_same_batch_is_refused(void **state) {
  (void)state;
  world *w = world_new(3);
  char of_bao[520], of_chi[520];
  befriend(w, ANA, BAO);
  assert_true(remove_contact(w, ANA, "Bao"));
  invite(w, BAO, of_bao);
  invite(w, CHI, of_chi);
  vls_buf params[2];
  for (int i = 0; i < 2; i++) {
    vls_rpc_accept p = {.link = vls_slice_str(i == 0 ? of_bao : of_chi),
                        .has_as = true,
                        .as = vls_slice_str(i == 0 ? "friend" : "Friend")};
    vls_buf_init(&params[i], 1000);
    assert_int_equal(vls_pack_array(&params[i], 1), VLS_OK);
    assert_int_equal(vls_wire_encode(&vls_rpc_accept_def, &p, &params[i]), VLS_OK);
    vls_input in = {.type = VLS_IN_COMMAND,
                    .client = CLIENT,
                    .msgid = ++w->node[ANA].msgid,
                    .text = vls_slice_str("invite.accept"),
                    .bytes = vls_buf_slice(&params[i])};
    feed(w, &w->node[ANA], &in);
  }
  end_batch(w, &w->node[ANA]);
  assert_true(failed_as(w, ANA, "identity_changed"));
  pass(w, 60000);
  vls_slice part[4];
  assert_true(call(w, ANA, "contact.list", NULL, NULL));
  assert_int_equal(answer_list(w, ANA, part, 4), 1);
  vls_buf_done(&params[0]);
  vls_buf_done(&params[1]);
  world_free(w);
}

static void contact_is_verified_by_its_safety_number(void **state) {
  (void)state;
  world *w = two_friends();
  vls_rpc_who who = {vls_slice_str("Bao")};
  vls_rpc_safety safety;
  char number[61], spaced[128];
  size_t at = 0;
  assert_true(call(w, ANA, "id.safety", &vls_rpc_who_def, &who));
  answer(w, ANA, &vls_rpc_safety_def, &safety);
  assert_false(safety.verified);
  copy_slice(number, sizeof number, safety.number);
  who.who = vls_slice_str("Ana");
  assert_true(call(w, BAO, "id.safety", &vls_rpc_who_def, &who));
  answer(w, BAO, &vls_rpc_safety_def, &safety);
  assert_true(vls_slice_eq(safety.number, vls_slice_str(number)));
  for (int i = 0; i < 60; i++) {
    if (i % 5 == 0 && i > 0) spaced[at++] = i % 10 == 0 ? '-' : ' ';
    spaced[at++] = number[i];
  }
  spaced[at] = '\0';
  vls_rpc_verify p = {.who = vls_slice_str("Bao"), .has_number = true};
  number[7] = number[7] == '1' ? '2' : '1';
  p.number = vls_slice_str(number);
  assert_false(call(w, ANA, "contact.verify", &vls_rpc_verify_def, &p));
  assert_true(failed_as(w, ANA, "identity_changed"));
  p.number = vls_slice_of(spaced, at - 1);
  assert_false(call(w, ANA, "contact.verify", &vls_rpc_verify_def, &p));
  assert_false(look_up(w, ANA, "Bao").row.verified);
  p.number = vls_slice_str(spaced);
  assert_true(call(w, ANA, "contact.verify", &vls_rpc_verify_def, &p));
  assert_true(look_up(w, ANA, "Bao").row.verified);
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  assert_true(look_up(w, ANA, "Bao").row.verified);
  p = (vls_rpc_verify){.who = vls_slice_str("Bao"), .has_verified = true, .verified = false};
  assert_true(call(w, ANA, "contact.verify", &vls_rpc_verify_def, &p));
  assert_false(look_up(w, ANA, "Bao").row.verified);
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contact_is_found_by_name_fold_id_and_prefix),
      cmocka_unit_test(name_that_fits_two_is_ambiguous),
      cmocka_unit_test(error_about_a_long_name_is_well_formed),
      cmocka_unit_test(names_of_the_longest_are_kept_apart),
      cmocka_unit_test(contact_named_like_another_of_the_same_batch_is_refused),
      cmocka_unit_test(contact_is_verified_by_its_safety_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
