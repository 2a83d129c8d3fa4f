/* proto/vectors/group.txt: the group's own vectors, for whoever writes a second implementation. It
 * is made anew here and compared. After a change of the protocol: test_conv_vectors --write */
#include "group_craft.h"

#include "base/text.h"

enum { FILE_MAX = 64 * 1024 };

static bool writing;

static void put_text(vls_buf *out, const char *text) {
  assert_int_equal(vls_buf_put(out, text, strlen(text)), VLS_OK);
}

static void put(vls_buf *out, const char *name, const void *bytes, size_t n) {
  char *hex = vls_calloc(1, 2 * n + 1);
  vls_hex_put(hex, vls_slice_of(bytes, n));
  put_text(out, name);
  put_text(out, n > 0 ? " = " : " =");
  put_text(out, hex);
  put_text(out, "\n");
  free(hex);
}

static void compare(const vls_buf *made, const char *name) {
  char path[512];
  static uint8_t have[FILE_MAX];
  snprintf(path, sizeof path, VALISE_SOURCE_DIR "/proto/vectors/%s", name);
  FILE *file = fopen(path, writing ? "wb" : "rb");
  assert_non_null(file);
  if (writing) {
    assert_int_equal(fwrite(made->p, 1, made->n, file), made->n);
  } else {
    size_t n = fread(have, 1, sizeof have, file);
    assert_int_equal(n, made->n);
    assert_memory_equal(have, made->p, n);
  }
  assert_int_equal(fclose(file), 0);
}

/* 32 bytes that only this name gives. */
static void by_name(uint8_t out[32], const char *name) {
  vls_slice parts[] = {vls_slice_str("vector "), vls_slice_str(name)};
  vls_sha256_parts(out, parts, 2);
}

typedef struct facts {
  citizen ana;
  vls_group_said said;
  vls_buf bodies;
  vls_act_commit commit;
  uint8_t root[32], base[32];
} facts;

static void put_item(facts *f, uint64_t kind, const vls_wire_def *def, const void *body) {
  size_t at = f->bodies.n;
  assert_int_equal(vls_wire_encode(def, body, &f->bodies), VLS_OK);
  f->said.items[f->said.n_items++] =
      (vls_item){kind, vls_slice_of(f->bodies.p + at, f->bodies.n - at)};
}

static void begin(facts *f, vls_buf *out) {
  *f = (facts){0};
  citizen_make(&f->ana, 1);
  vls_buf_init(&f->bodies, 1 << 16);
  assert_non_null(vls_buf_grow(&f->bodies, 1 << 16)); /* its bytes stay where they are */
  f->bodies.n = 0;
  vls_group_header *h = &f->said.header;
  *h = (vls_group_header){.suite = 1, .seq = 7, .stamp = 1700000000000, .n_acts = 2, .n_after = 1};
  by_name(h->group, "group");
  by_name(f->root, "root");
  by_name(f->base, "base");
  memcpy(h->roster, f->root, 32);
  memcpy(h->author, f->ana.identity.pub, 32);
  memcpy(h->device, f->ana.device.pub, 32);
  by_name(h->prev, "prev");
  by_name(h->acts[0], "act one");
  by_name(h->acts[1], "act two");
  qsort(h->acts, 2, 32, craft_by_bytes);
  by_name(h->after[0], "words");
  put(out, "device_seed", f->ana.device.priv, 32);
  put(out, "author", h->author, 32);
  put(out, "device", h->device, 32);
  put(out, "group", h->group, 32);
  put(out, "root", h->roster, 32);
  put(out, "prev", h->prev, 32);
  put(out, "act", h->acts[0], 32);
  put(out, "act", h->acts[1], 32);
  put(out, "after", h->after[0], 32);
}

static void sign(facts *f, vls_buf *out, const char *what) {
  vls_buf header, event;
  char name[64];
  vls_buf_init(&header, vls_group_header_def.max_bytes);
  vls_buf_init(&event, VLS_GROUP_EVENT_MAX);
  assert_int_equal(vls_group_sign(&f->said, &f->ana.device), VLS_OK);
  assert_int_equal(vls_wire_encode(&vls_group_header_def, &f->said.header, &header), VLS_OK);
  assert_int_equal(vls_group_write(&event, &f->said, NULL), VLS_OK);
  snprintf(name, sizeof name, "%s_header", what);
  put(out, name, header.p, header.n);
  snprintf(name, sizeof name, "%s_id", what);
  put(out, name, f->said.id, 32);
  snprintf(name, sizeof name, "%s_sig", what);
  put(out, name, f->said.sig, 64);
  snprintf(name, sizeof name, "%s_event", what);
  put(out, name, event.p, event.n);
  vls_buf_done(&header);
  vls_buf_done(&event);
}

static void put_commit_event(facts *f, vls_buf *out) {
  static const uint8_t dh[32] = {9};
  vls_act_remove remove = {.reason = vls_slice_str("spam"), .n_upto = 1, .upto[0].seq = 3};
  uint8_t core[32];
  f->said.n_items = 0;
  by_name(remove.who, "bao");
  by_name(remove.upto[0].device, "bao's device");
  by_name(remove.upto[0].head, "bao's newest event");
  f->commit = (vls_act_commit){.fresh = true, .made = 1700000000001, .dh = {dh, 32}};
  memcpy(f->commit.base, f->base, 32);
  by_name(f->commit.ephemeral, "ephemeral");
  put_item(f, VLS_GROUP_REMOVE, &vls_act_remove_def, &remove);
  put_item(f, VLS_GROUP_COMMIT, &vls_act_commit_def, &f->commit);
  assert_int_equal(vls_group_classify(&f->said), VLS_OK);
  assert_int_equal(vls_group_core(core, &f->said), VLS_OK);
  put(out, "core", core, 32);
  sign(f, out, "commit");
}

static void put_schedule(const facts *f, vls_buf *out) {
  uint8_t init[32], secret[32], joiner[32], context[VLS_GROUP_CONTEXT], tag[32], core[32], ck[32];
  vls_epoch e;
  by_name(init, "init of the base");
  by_name(secret, "commit secret");
  by_name(core, "core");
  vls_group_context(context, &f->said.header, f->base, f->root);
  vls_slice gctx = vls_slice_of(context, sizeof context);
  vls_epoch_joiner(joiner, init, secret, gctx);
  vls_epoch_begin(&e, joiner, gctx);
  vls_epoch_confirm(tag, &e, core);
  vls_epoch_chain(ck, &e, 5, f->ana.device.pub);
  put(out, "base", f->base, 32);
  put(out, "gctx", context, sizeof context);
  put(out, "init_of_the_base", init, 32);
  put(out, "commit_secret", secret, 32);
  put(out, "joiner", joiner, 32);
  put(out, "encryption", e.encryption, 32);
  put(out, "sender_data", e.sender_data, 32);
  put(out, "confirm_key", e.confirm, 32);
  put(out, "exporter", e.exporter, 32);
  put(out, "init", e.init, 32);
  put(out, "confirm_of_core", core, 32);
  put(out, "confirm", tag, 32);
  put(out, "chain_of_leaf_5", ck, 32);
  uint8_t mk[32], n24[VLS_N24], record[64 + VLS_GROUP_EXTRA];
  static const uint8_t padded[64] = "sixty-four bytes stand for a padded event";
  vls_chain_step(ck, mk);
  put(out, "key_of_generation_0", mk, 32);
  vls_chain_step(ck, mk);
  put(out, "key_of_generation_1", mk, 32);
  memset(n24, 0x24, sizeof n24);
  vls_group_seal(record, &e, mk, (vls_group_head){5, 1}, n24, vls_slice_of(padded, 64));
  put(out, "padded", padded, 64);
  put(out, "record", record, sizeof record);
}

static void put_wrap(vls_buf *out) {
  uint8_t priv[32], core[32], secret[32], wrap[VLS_WRAP];
  vls_dh_pair ephemeral, leaf;
  by_name(priv, "ephemeral");
  vls_dh_from_priv(&ephemeral, priv);
  by_name(priv, "leaf");
  vls_dh_from_priv(&leaf, priv);
  by_name(core, "core");
  by_name(secret, "commit secret");
  assert_int_equal(vls_wrap(wrap, &ephemeral, leaf.pub, core, secret), VLS_OK);
  put(out, "ephemeral_priv", ephemeral.priv, 32);
  put(out, "leaf_priv", leaf.priv, 32);
  put(out, "leaf", leaf.pub, 32);
  put(out, "wrapped", secret, 32);
  put(out, "wrap", wrap, sizeof wrap);
}

/* Three members, a roster, and a letter for the third. */
static void put_group(vls_buf *out) {
  world w;
  vls_buf roster, letter;
  uint8_t root[32], by_hand[32];
  world_make(&w, 3, 90);
  world_fill(&w);
  vls_group *g = w.nodes[0].group;
  vls_group_root(g, root);
  vls_buf_init(&roster, 4096);
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  put_text(&roster, "valise roster");
  assert_int_equal(vls_buf_put_be32(&roster, 3), VLS_OK);
  for (size_t i = 0; i < 3; i++) {
    const gr_leaf *l = &g->present.leaves[i];
    const gr_device *d = &g->devices[l->device];
    assert_int_equal(vls_buf_put(&roster, g->people[d->person].identity, 32), VLS_OK);
    assert_int_equal(vls_buf_put(&roster, d->sign, 32), VLS_OK);
    assert_int_equal(vls_buf_put(&roster, l->dh, 32), VLS_OK);
  }
  vls_sha256(by_hand, vls_buf_slice(&roster));
  assert_memory_equal(root, by_hand, 32);
  put(out, "roster", roster.p, roster.n);
  put(out, "roster_root", root, 32);
  const blob *event = &w.nodes[0].events.list[0];
  assert_int_equal(vls_group_letter(g, vls_buf_slice(&event->bytes), w.nodes[2].who.device.pub,
                                    &w.nodes[0].rng, &letter),
                   VLS_OK);
  put(out, "genesis_id", vls_group_id(g), 32);
  put(out, "genesis_event", event->bytes.p, event->bytes.n);
  put(out, "letter_leaf_priv", w.nodes[2].leaf.priv, 32);
  put(out, "letter", letter.p, letter.n);
  vls_buf_done(&roster);
  vls_buf_done(&letter);
  world_end(&w);
}

static void put_leaf(const facts *f, vls_buf *out) {
  uint8_t dh[32], proof[64];
  vls_dh_pair pair;
  vls_buf leaf;
  by_name(dh, "leaf");
  vls_dh_from_priv(&pair, dh);
  vls_buf_init(&leaf, 1024);
  assert_int_equal(vls_group_leaf_make(&leaf, &f->ana.device, f->said.header.group,
                                       f->ana.identity.pub, 1700000000002, pair.pub),
                   VLS_OK);
  put(out, "signed_leaf", leaf.p, leaf.n);
  vls_group_proof_make(proof, &f->ana.device, f->said.header.group, f->ana.identity.pub);
  put(out, "proof_by_device_seed", proof, 64);
  vls_buf_done(&leaf);
}

static void vectors_of_groups_are_what_this_code_makes(void **state) {
  (void)state;
  facts f;
  vls_buf out;
  vls_buf_init(&out, FILE_MAX);
  put_text(
      &out,
      "# Groups (proto/group.md), clauses 2 to 5. Events are shown with all their fields.\n\n");
  begin(&f, &out);
  vls_item_text text = {.text = vls_slice_str("Guten Tag")};
  put_item(&f, VLS_ITEM_TEXT, &vls_item_text_def, &text);
  sign(&f, &out, "words");
  put_text(&out, "\n# A removal with its commit\n");
  put_commit_event(&f, &out);
  put_text(&out, "\n# Key schedule, chain, record\n");
  put_schedule(&f, &out);
  put_text(&out, "\n# A wrap, of that core\n");
  put_wrap(&out);
  put_text(&out, "\n# A leaf; the proof of an invitation whose key has the device's seed\n");
  put_leaf(&f, &out);
  put_text(&out, "\n# A group of three: what its root is the hash of; its genesis in a letter\n");
  put_group(&out);
  compare(&out, "group.txt");
  vls_buf_done(&out);
  vls_buf_done(&f.bodies);
  citizen_end(&f.ana);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors_of_groups_are_what_this_code_makes),
  };
  writing = argc > 1 && strcmp(argv[1], "--write") == 0;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
