#include "event/event.h"

#include <stdio.h>

#include "base/text.h"
#include "crypto/kdf.h"
#include "vec_hex.h"

typedef struct parts {
  uint8_t conversation[32], recipient[32], author[32], device[32], prev[32];
  vls_event_facts facts;
  vls_item_hashes items;
} parts;

static void make_parts(parts *p, size_t n_items) {
  *p = (parts){0};
  memset(p->conversation, 0xc0, 32);
  memset(p->recipient, 0xb0, 32);
  memset(p->author, 0xa0, 32);
  memset(p->device, 0xd0, 32);
  memset(p->prev, 0xe0, 32);
  p->facts =
      (vls_event_facts){p->conversation, p->recipient,          p->author, p->device, p->prev,
                        .seq = 7,        .stamp = 1700000000000};
  p->items.n = n_items;
  for (size_t i = 0; i < n_items; i++)
    memset(p->items.hash[i], (int)i, 32);
}

static void hash_of(const parts *p, uint8_t hash[32]) {
  vls_buf header;
  vls_buf_init(&header, vls_event_header_def.max_bytes);
  assert_int_equal(vls_event_header_make(&header, &p->facts, &p->items, hash), VLS_OK);
  vls_buf_done(&header);
}

/* A file of vectors, made line by line from what this code computes. */
static void put_line(vls_buf *out, const char *name, const char *value) {
  assert_int_equal(vls_buf_put(out, name, strlen(name)), VLS_OK);
  assert_int_equal(vls_buf_put(out, " = ", 3), VLS_OK);
  assert_int_equal(vls_buf_put(out, value, strlen(value)), VLS_OK);
  assert_int_equal(vls_buf_put_u8(out, '\n'), VLS_OK);
}

static void put_hex(vls_buf *out, const char *name, const void *bytes, size_t n) {
  char hex[1025];
  assert_true(n <= 512);
  vls_hex_put(hex, vls_slice_of(bytes, n));
  put_line(out, name, hex);
}

static void put_number(vls_buf *out, const char *name, uint64_t v) {
  char digits[32];
  snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
  put_line(out, name, digits);
}

static void key_by_name(uint8_t key[32], const char *name) {
  vls_slice bytes[] = {vls_slice_str("vector "), vls_slice_str(name)};
  vls_sha256_parts(key, bytes, 2);
}

/* The k-th item of the n-th event of the file, encoded. */
static void encode_item(vls_buf *out, int n, size_t k) {
  vls_buf body;
  vls_buf_init(&body, 100);
  vls_item item = {.kind = VLS_ITEM_TEXT};
  char words[32];
  vls_item_hello hello = {.version = 1};
  vls_item_receipt receipt = {
      .level = 1, .ranges = {{.head = {1, 2, 3, 4}, .from = 1, .to = 300}}, .n_ranges = 1};
  snprintf(words, sizeof words, "text %u", (unsigned)k);
  vls_item_text text = {.text = vls_slice_str(n == 1 ? "Gr\xc3\xbc\xc3\x9f"
                                                       "e an Bao"
                                                     : words)};
  vls_err err = VLS_OK;
  if (n == 0) {
    item.kind = VLS_ITEM_HELLO;
    err = vls_wire_encode(&vls_item_hello_def, &hello, &body);
  } else if (n == 1 && k == 1) {
    item.kind = VLS_ITEM_RECEIPT;
    err = vls_wire_encode(&vls_item_receipt_def, &receipt, &body);
  } else {
    err = vls_wire_encode(&vls_item_text_def, &text, &body);
  }
  assert_int_equal(err, VLS_OK);
  item.body = vls_buf_slice(&body);
  assert_int_equal(vls_wire_encode(&vls_item_def, &item, out), VLS_OK);
  vls_buf_done(&body);
}

static void put_event(vls_buf *out, int n, parts *p) {
  uint8_t hash[32], id[32];
  vls_buf header, items[VLS_EVENT_ITEMS];
  vls_buf_init(&header, 4096);
  assert_int_equal(vls_buf_put_u8(out, '\n'), VLS_OK);
  put_hex(out, "author", p->author, 32);
  put_hex(out, "device", p->device, 32);
  put_hex(out, "recipient", p->recipient, 32);
  put_hex(out, "conversation", p->conversation, 32);
  put_number(out, "seq", p->facts.seq);
  put_hex(out, "prev", p->prev, 32);
  put_number(out, "stamp", p->facts.stamp);
  put_number(out, "items", p->items.n);
  for (size_t k = 0; k < p->items.n; k++) {
    vls_buf_init(&items[k], 100);
    encode_item(&items[k], n, k);
    vls_item_hash(p->items.hash[k], vls_buf_slice(&items[k]));
  }
  assert_int_equal(vls_event_header_make(&header, &p->facts, &p->items, hash), VLS_OK);
  for (size_t k = 0; k < p->items.n; k++) {
    if (k == 0 || k + 1 == p->items.n) {
      vls_item_id(id, hash, k);
      put_hex(out, "item", items[k].p, items[k].n);
      put_hex(out, "item_hash", p->items.hash[k], 32);
      put_hex(out, "item_id", id, 32);
    }
    vls_buf_done(&items[k]);
  }
  if (p->items.n < 3) put_hex(out, "header", header.p, header.n);
  put_hex(out, "header_hash", hash, 32);
  memcpy(p->prev, hash, 32);
  vls_buf_done(&header);
}

/* proto/vectors/event.txt was written by another implementation: this one must say the same. */
static void header_and_ids_are_those_of_the_vectors(void **state) {
  (void)state;
  static const struct {
    uint64_t seq, stamp;
    size_t n;
  } rows[] = {{1, 1700000000000, 1}, {2, 1700000000001, 2}, {UINT64_MAX, UINT64_MAX, 64}};
  static uint8_t have[16384];
  FILE *file = fopen(VALISE_SOURCE_DIR "/proto/vectors/event.txt", "rb");
  assert_non_null(file);
  size_t n = fread(have, 1, sizeof have, file);
  assert_int_equal(fclose(file), 0);
  vls_slice text = vls_slice_of(have, n);
  while (text.n > 0 && text.p[0] == '#') { /* the comment above them */
    const uint8_t *end = memchr(text.p, '\n', text.n);
    text = vls_slice_of(end + 1, text.n - (size_t)(end + 1 - text.p));
  }
  parts p;
  make_parts(&p, 0);
  key_by_name(p.author, "ana");
  key_by_name(p.recipient, "bao");
  key_by_name(p.device, "device of ana");
  memset(p.prev, 0, 32);
  bool swap = memcmp(p.author, p.recipient, 32) > 0;
  vls_slice both[] = {vls_slice_str("valise direct"),
                      vls_slice_of(swap ? p.recipient : p.author, 32),
                      vls_slice_of(swap ? p.author : p.recipient, 32)};
  vls_sha256_parts(p.conversation, both, 3);
  vls_buf made;
  vls_buf_init(&made, sizeof have);
  for (int i = 0; i < 3; i++) {
    p.facts.seq = rows[i].seq;
    p.facts.stamp = rows[i].stamp;
    p.items.n = rows[i].n;
    put_event(&made, i, &p);
  }
  assert_int_equal(made.n, text.n);
  assert_memory_equal(made.p, text.p, text.n);
  vls_buf_done(&made);
}

static void header_hash_is_of_the_header_as_appended(void **state) {
  (void)state;
  parts p;
  uint8_t hash[32], want[32];
  vls_buf header;
  make_parts(&p, 64);
  vls_buf_init(&header, 4096);
  assert_int_equal(vls_buf_put(&header, "before", 6), VLS_OK);
  assert_int_equal(vls_event_header_make(&header, &p.facts, &p.items, hash), VLS_OK);
  vls_sha256(want, vls_slice_of(header.p + 6, header.n - 6));
  assert_memory_equal(hash, want, 32);
  assert_true(header.n - 6 <= vls_event_header_def.max_bytes);
  vls_event_header back;
  assert_int_equal(vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT,
                                   vls_slice_of(header.p + 6, header.n - 6), &back, NULL),
                   VLS_OK);
  assert_int_equal(back.n_items, 64);
  assert_int_equal(back.n_parents, 0);
  vls_buf_done(&header);
}

static void header_differs_with_every_fact(void **state) {
  (void)state;
  parts base, p;
  uint8_t hash[10][32];
  make_parts(&base, 2);
  hash_of(&base, hash[0]);
  for (int change = 1; change < 10; change++) {
    make_parts(&p, 2);
    switch (change) {
    case 1: p.conversation[31] ^= 1; break;
    case 2: p.recipient[0] ^= 1; break;
    case 3: p.author[5] ^= 1; break;
    case 4: p.device[9] ^= 1; break;
    case 5: p.prev[30] ^= 1; break;
    case 6: p.facts.seq++; break;
    case 7: p.facts.stamp++; break;
    case 8: p.items.hash[1][31] ^= 1; break;
    default: p.items.n = 1; break;
    }
    hash_of(&p, hash[change]);
    for (int i = 0; i < change; i++)
      assert_memory_not_equal(hash[i], hash[change], 32);
  }
}

static void header_that_does_not_fit_leaves_the_buffer_alone(void **state) {
  (void)state;
  parts p;
  uint8_t hash[32];
  vls_buf header;
  make_parts(&p, 64);
  vls_buf_init(&header, 1000);
  assert_int_equal(vls_event_header_make(&header, &p.facts, &p.items, hash), VLS_TOO_BIG);
  assert_int_equal(header.n, 0);
  vls_buf_done(&header);
}

static void item_ids_of_one_event_differ(void **state) {
  (void)state;
  uint8_t hash[32] = {1}, ids[VLS_EVENT_ITEMS][32];
  for (size_t i = 0; i < VLS_EVENT_ITEMS; i++) {
    vls_item_id(ids[i], hash, i);
    for (size_t k = 0; k < i; k++)
      assert_memory_not_equal(ids[k], ids[i], 32);
  }
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(header_and_ids_are_those_of_the_vectors),
      cmocka_unit_test(header_hash_is_of_the_header_as_appended),
      cmocka_unit_test(header_differs_with_every_fact),
      cmocka_unit_test(header_that_does_not_fit_leaves_the_buffer_alone),
      cmocka_unit_test(item_ids_of_one_event_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
