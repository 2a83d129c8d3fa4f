#include "event/group.h"

#include "citizen_make.h"

static const uint8_t group_id[32] = {7}, root[32] = {8};

typedef struct made {
  citizen who;
  vls_group_said said;
  vls_buf bodies, encoded;
} made;

static vls_item item_of(made *m, uint64_t kind, const vls_wire_def *def, const void *body) {
  size_t at = m->bodies.n;
  assert_int_equal(vls_wire_encode(def, body, &m->bodies), VLS_OK);
  return (vls_item){kind, vls_slice_of(m->bodies.p + at, m->bodies.n - at)};
}

static void setup(made *m) {
  *m = (made){0};
  citizen_make(&m->who, 1);
  vls_buf_init(&m->bodies, 1 << 17);
  assert_non_null(vls_buf_grow(&m->bodies, 1 << 17)); /* its bytes stay where they are */
  m->bodies.n = 0;
  vls_buf_init(&m->encoded, VLS_GROUP_EVENT_MAX);
  vls_group_header *h = &m->said.header;
  *h = (vls_group_header){.suite = 1, .seq = 3, .stamp = 1700000000000, .n_acts = 1};
  memcpy(h->group, group_id, 32);
  memcpy(h->roster, root, 32);
  memcpy(h->author, m->who.identity.pub, 32);
  memcpy(h->device, m->who.device.pub, 32);
  h->acts[0][0] = 4;
}

static void teardown(made *m) {
  citizen_end(&m->who);
  vls_buf_done(&m->bodies);
  vls_buf_done(&m->encoded);
}

static vls_group_where where_of(const made *m) {
  return (vls_group_where){group_id, m->who.identity.pub, m->who.device.pub, root};
}

static void add_text(made *m, const char *words) {
  vls_item_text text = {.text = vls_slice_str(words)};
  m->said.items[m->said.n_items++] = item_of(m, VLS_ITEM_TEXT, &vls_item_text_def, &text);
}

static void add_seen(made *m) {
  vls_act_seen seen = {.version = 1};
  m->said.items[m->said.n_items++] = item_of(m, VLS_GROUP_SEEN, &vls_act_seen_def, &seen);
}

static void add_commit(made *m, bool fresh) {
  static const uint8_t dh[32] = {9};
  vls_act_commit c = {.fresh = fresh, .made = 1, .confirm = {5}};
  if (fresh) c.dh = vls_slice_of(dh, 32);
  m->said.items[m->said.n_items++] = item_of(m, VLS_GROUP_COMMIT, &vls_act_commit_def, &c);
}

static vls_err sign_and_read(made *m, vls_group_said *ret, bool full) {
  vls_group_where where = where_of(m);
  vls_buf_clear(&m->encoded);
  assert_int_equal(vls_group_sign(&m->said, &m->who.device), VLS_OK);
  assert_int_equal(vls_group_write(&m->encoded, &m->said, full ? NULL : &where), VLS_OK);
  return vls_group_read(ret, vls_buf_slice(&m->encoded), &where);
}

static void what_is_signed_is_read_back_in_both_forms(void **state) {
  (void)state;
  made m;
  vls_group_said got;
  size_t size[2];
  setup(&m);
  add_text(&m, "Guten Tag");
  for (unsigned full = 0; full < 2; full++) {
    assert_int_equal(sign_and_read(&m, &got, full == 1), VLS_OK);
    size[full] = m.encoded.n;
    assert_memory_equal(got.id, m.said.id, 32);
    assert_int_equal(vls_group_verify(&got), VLS_OK);
    assert_int_equal(got.act.kind, VLS_GROUP_WORDS);
    assert_int_equal(got.n_items, 1);
  }
  assert_int_equal(size[1] - size[0], 3 * 32);
  teardown(&m);
}

static void another_group_roster_or_author_breaks_the_signature(void **state) {
  (void)state;
  made m;
  vls_group_said got;
  setup(&m);
  add_text(&m, "to these alone");
  assert_int_equal(sign_and_read(&m, &got, false), VLS_OK);
  static const uint8_t other[32] = {99};
  for (unsigned which = 0; which < 4; which++) {
    vls_group_where w = where_of(&m);
    const uint8_t **fields[] = {&w.group, &w.author, &w.device, &w.roster};
    *fields[which] = other;
    assert_int_equal(vls_group_read(&got, vls_buf_slice(&m.encoded), &w), VLS_OK);
    assert_int_equal(vls_group_verify(&got), VLS_FORGED);
  }
  teardown(&m);
}

static void words_verify_as_no_act(void **state) {
  (void)state;
  made m;
  vls_group_said got;
  setup(&m);
  add_seen(&m);
  assert_int_equal(sign_and_read(&m, &got, false), VLS_OK);
  assert_int_equal(vls_group_verify(&got), VLS_OK);
  vls_sign_hash(m.said.sig, &m.who.device, VLS_CTX_GROUP_MESSAGE, m.said.id);
  memcpy(got.sig, m.said.sig, 64);
  assert_int_equal(vls_group_verify(&got), VLS_FORGED);
  teardown(&m);
}

static vls_err read_mixture(const char *order) {
  made m;
  vls_group_said got;
  setup(&m);
  for (; *order != 0; order++) {
    if (*order == 't') add_text(&m, "words");
    if (*order == 's') add_seen(&m);
    if (*order == 'c' || *order == 'f') add_commit(&m, *order == 'f');
    if (*order == 'u') m.said.items[m.said.n_items++] = (vls_item){63, {root, 32}};
  }
  vls_err err = sign_and_read(&m, &got, false);
  if (err == VLS_OK && got.act.has_commit) {
    uint8_t core[2][32];
    assert_int_equal(vls_group_core(core[0], &got), VLS_OK);
    got.act.commit.confirm[0] ^= 1;
    assert_int_equal(vls_group_core(core[1], &got), VLS_OK);
    assert_memory_equal(core[0], core[1], 32); /* the tag is not in it */
    assert_memory_not_equal(core[0], got.id, 32);
    got.act.commit.made++;
    assert_int_equal(vls_group_core(core[1], &got), VLS_OK);
    assert_memory_not_equal(core[0], core[1], 32);
  }
  teardown(&m);
  return err;
}

static void acts_and_words_do_not_mix(void **state) {
  (void)state;
  static const char *const good[] = {"t", "tt", "s", "c", "f", "sc", "sf", "u", "uc"};
  static const char *const bad[] = {"ts", "st", "ss", "cs", "cc", "tc", "ct", "scc", "us"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    assert_int_equal(read_mixture(good[i]), VLS_OK);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(read_mixture(bad[i]), VLS_MALFORMED);
}

static void parents_are_ascending_and_there(void **state) {
  (void)state;
  made m;
  vls_group_said got;
  setup(&m);
  add_text(&m, "words");
  vls_group_header *h = &m.said.header;
  h->n_acts = 0;
  assert_int_equal(sign_and_read(&m, &got, false), VLS_MALFORMED);
  h->n_acts = 2;
  memcpy(h->acts[1], h->acts[0], 32);
  assert_int_equal(sign_and_read(&m, &got, false), VLS_MALFORMED);
  h->acts[1][31] = 1;
  assert_int_equal(sign_and_read(&m, &got, false), VLS_OK);
  h->n_after = 2;
  h->after[0][0] = 2;
  h->after[1][0] = 1;
  assert_int_equal(sign_and_read(&m, &got, false), VLS_MALFORMED);
  h->after[1][0] = 3;
  assert_int_equal(sign_and_read(&m, &got, false), VLS_OK);
  teardown(&m);
}

static void leaf_binds_device_identity_and_group(void **state) {
  (void)state;
  citizen ana, bao;
  vls_buf leaf;
  vls_signed cert, s;
  vls_group_leaf got;
  citizen_make(&ana, 1);
  citizen_make(&bao, 2);
  vls_buf_init(&leaf, 1024);
  assert_int_equal(
      vls_group_leaf_make(&leaf, &ana.device, group_id, ana.identity.pub, 5, ana.dh.pub), VLS_OK);
  assert_int_equal(vls_signed_parse(&s, vls_buf_slice(&leaf)), VLS_OK);
  assert_int_equal(vls_signed_parse(&cert, vls_buf_slice(&ana.cert)), VLS_OK);
  assert_int_equal(vls_group_leaf_check(&got, &cert, &s, group_id), VLS_OK);
  assert_int_equal(got.made, 5);
  assert_int_equal(vls_group_leaf_check(&got, &cert, &s, root), VLS_FORGED);
  s.sig[0] ^= 1;
  assert_int_equal(vls_group_leaf_check(&got, &cert, &s, group_id), VLS_FORGED);
  s.sig[0] ^= 1;
  assert_int_equal(vls_signed_parse(&cert, vls_buf_slice(&bao.cert)), VLS_OK);
  assert_int_equal(vls_group_leaf_check(&got, &cert, &s, group_id), VLS_FORGED);
  static const uint8_t small[32] = {1};
  vls_buf_clear(&leaf);
  assert_int_equal(vls_group_leaf_make(&leaf, &ana.device, group_id, ana.identity.pub, 5, small),
                   VLS_OK);
  assert_int_equal(vls_signed_parse(&s, vls_buf_slice(&leaf)), VLS_OK);
  assert_int_equal(vls_signed_parse(&cert, vls_buf_slice(&ana.cert)), VLS_OK);
  assert_int_equal(vls_group_leaf_check(&got, &cert, &s, group_id), VLS_FORGED);
  vls_buf_done(&leaf);
  citizen_end(&ana);
  citizen_end(&bao);
}

static void proof_is_for_one_citizen_and_group(void **state) {
  (void)state;
  citizen link;
  uint8_t proof[64];
  static const uint8_t who[32] = {3};
  citizen_make(&link, 3);
  vls_group_proof_make(proof, &link.device, group_id, who);
  assert_int_equal(vls_group_proof_check(proof, link.device.pub, group_id, who), VLS_OK);
  assert_int_equal(vls_group_proof_check(proof, link.device.pub, who, group_id), VLS_FORGED);
  assert_int_equal(vls_group_proof_check(proof, link.identity.pub, group_id, who), VLS_FORGED);
  citizen_end(&link);
}

static vls_group_ask ask_of(const citizen *who, const citizen *link, const citizen *card,
                            vls_buf *leaf) {
  vls_group_ask ask = {.card = vls_buf_slice(&card->card)};
  vls_buf_init(leaf, 1024);
  assert_int_equal(
      vls_group_leaf_make(leaf, &who->device, group_id, who->identity.pub, 5, who->spk.pub),
      VLS_OK);
  assert_int_equal(vls_signed_parse(&ask.leaf, vls_buf_slice(leaf)), VLS_OK);
  assert_int_equal(vls_signed_parse(&ask.cert, vls_buf_slice(&who->cert)), VLS_OK);
  memcpy(ask.key, link->device.pub, 32);
  vls_group_proof_make(ask.proof, &link->device, group_id, who->identity.pub);
  return ask;
}

static void ask_proves_one_citizen_in_all_its_parts(void **state) {
  (void)state;
  citizen ana, bao, link;
  vls_buf leaf;
  vls_device_cert got;
  citizen_make(&ana, 1);
  citizen_make(&bao, 2);
  citizen_make(&link, 3);
  vls_group_ask ask = ask_of(&ana, &link, &ana, &leaf);
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_OK);
  assert_memory_equal(got.identity, ana.identity.pub, 32);
  assert_memory_equal(got.dh, ana.dh.pub, 32);
  assert_int_equal(vls_group_ask_check(&ask, root, &got), VLS_FORGED);
  ask.key[0] ^= 1; /* another invitation */
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_FORGED);
  ask.key[0] ^= 1;
  ask.card = vls_buf_slice(&bao.card);
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_FORGED);
  ask.card = vls_slice_str("no card");
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_MALFORMED);
  ask.card = vls_buf_slice(&ana.card);
  assert_int_equal(vls_signed_parse(&ask.cert, vls_buf_slice(&bao.cert)), VLS_OK);
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_FORGED);
  assert_int_equal(vls_signed_parse(&ask.cert, vls_buf_slice(&ana.cert)), VLS_OK);
  vls_buf_clear(&leaf); /* a device that leaves asks for nothing */
  assert_int_equal(vls_group_leaf_make(&leaf, &ana.device, group_id, ana.identity.pub, 5, NULL),
                   VLS_OK);
  assert_int_equal(vls_signed_parse(&ask.leaf, vls_buf_slice(&leaf)), VLS_OK);
  assert_int_equal(vls_group_ask_check(&ask, group_id, &got), VLS_MALFORMED);
  vls_buf_done(&leaf);
  citizen_end(&ana);
  citizen_end(&bao);
  citizen_end(&link);
}

static void knock_key_is_of_one_invitation_and_group(void **state) {
  (void)state;
  uint8_t key[32], other[32], want[32];
  vls_group_knock_key(key, root, group_id);
  vls_xwl(want, 32, root, "group knock", vls_slice_of(group_id, 32));
  assert_memory_equal(key, want, 32);
  vls_group_knock_key(other, group_id, root);
  assert_memory_not_equal(key, other, 32);
}

static void receipt_is_of_one_device_and_group(void **state) {
  (void)state;
  citizen ana;
  vls_group_held held[65] = {{.from = 3, .to = 9}, {.from = 1, .to = 1}};
  vls_group_receipt r;
  vls_buf out;
  citizen_make(&ana, 1);
  vls_buf_init(&out, 8192);
  assert_int_equal(vls_group_receipt_make(&out, &ana.device, group_id, 7, held, 2), VLS_OK);
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), group_id), VLS_OK);
  assert_memory_equal(r.device, ana.device.pub, 32);
  assert_int_equal(r.n_held, 2);
  assert_int_equal(r.held[0].to, 9);
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), root), VLS_FORGED);
  out.p[out.n - 1] ^= 1;
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), group_id), VLS_FORGED);
  out.n--;
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), group_id), VLS_MALFORMED);
  vls_buf_clear(&out);
  held[1].from = 2; /* ends before it begins */
  assert_int_equal(vls_group_receipt_make(&out, &ana.device, group_id, 7, held, 2), VLS_OK);
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), group_id), VLS_MALFORMED);
  vls_buf_clear(&out);
  for (size_t i = 0; i < 65; i++) /* the most a receipt says, in its longest form */
    held[i] = (vls_group_held){.from = UINT64_MAX, .to = UINT64_MAX};
  assert_int_equal(vls_group_receipt_make(&out, &ana.device, group_id, UINT64_MAX, held, 64),
                   VLS_OK);
  assert_int_equal(vls_group_receipt_check(&r, vls_buf_slice(&out), group_id), VLS_OK);
  vls_buf_done(&out);
  citizen_end(&ana);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_signed_is_read_back_in_both_forms),
      cmocka_unit_test(another_group_roster_or_author_breaks_the_signature),
      cmocka_unit_test(words_verify_as_no_act),
      cmocka_unit_test(acts_and_words_do_not_mix),
      cmocka_unit_test(parents_are_ascending_and_there),
      cmocka_unit_test(leaf_binds_device_identity_and_group),
      cmocka_unit_test(proof_is_for_one_citizen_and_group),
      cmocka_unit_test(ask_proves_one_citizen_in_all_its_parts),
      cmocka_unit_test(receipt_is_of_one_device_and_group),
      cmocka_unit_test(knock_key_is_of_one_invitation_and_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
