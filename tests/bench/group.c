/* bench_group [MEMBERS [ACTS]]: what a large group costs its members, in CPU of one thread and in
 * bytes: a removal for whoever removes and for everybody else, a text, joining. The remover and one
 * other member are whole; of the others there are the keys. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"
#include "citizen/card.h"
#include "conv/group.h"
#include "crypto/kdf.h"
#include "meter.h"

enum { ROUNDS = 5 };

typedef struct member {
  vls_sign_pair identity, device;
  vls_dh_pair leaf;
  vls_buf cert;
} member;

typedef struct bench {
  member *all;
  size_t n;
  vls_rng rng;
  vls_group *remover, *other;
  vls_group_me me_remover, me_other;
  uint64_t now;
  vls_buf record, wraps;
  uint8_t commit[32];
  vls_buf *acts; /* every act, in full */
  size_t n_acts;
  bool want_wrap;
  uint32_t leaf;
} bench;

static void must(vls_err err, const char *what) {
  if (err != VLS_OK) bench_die("%s: %s", what, vls_err_text(err));
}

static void copy(vls_buf *to, vls_slice from) {
  vls_buf_clear(to);
  must(vls_buf_put_slice(to, from), "copy");
}

static void make_member(bench *b, member *m) {
  vls_sign_new(&m->identity, &b->rng);
  vls_sign_new(&m->device, &b->rng);
  vls_dh_new(&m->leaf, &b->rng);
  vls_buf_init(&m->cert, 512);
  must(vls_cert_make(&m->cert, &m->identity, m->device.pub, m->leaf.pub, 1), "certificate");
}

static void hear_told(bench *b, vls_group *g) {
  vls_group_told t;
  while (vls_group_poll(g, &t)) {
    if (t.kind == VLS_TOLD_RECORD) copy(&b->record, vls_buf_slice(&t.bytes));
    if (t.kind == VLS_TOLD_WRAPS) copy(&b->wraps, vls_buf_slice(&t.bytes));
    if (t.kind == VLS_TOLD_WRAPS) memcpy(b->commit, t.id, 32);
    if (t.kind == VLS_TOLD_WANT_WRAP) b->want_wrap = true, b->leaf = t.leaf;
    if (t.kind == VLS_TOLD_EVENT && g == b->remover) {
      b->acts = vls_realloc(b->acts, (b->n_acts + 1) * sizeof *b->acts);
      vls_buf_init(&b->acts[b->n_acts], t.bytes.n);
      copy(&b->acts[b->n_acts++], vls_buf_slice(&t.bytes));
    }
    vls_buf_done(&t.bytes);
  }
}

static void admit(bench *b, const member *m) {
  vls_act_admit admit = {0};
  vls_buf leaf;
  vls_buf_init(&leaf, 512);
  memcpy(admit.who, m->identity.pub, 32);
  must(vls_group_leaf_make(&leaf, &m->device, vls_group_id(b->remover), m->identity.pub, 1,
                           m->leaf.pub),
       "leaf");
  must(vls_signed_parse(&admit.leaf, vls_buf_slice(&leaf)), "leaf");
  must(vls_signed_parse(&admit.cert, vls_buf_slice(&m->cert)), "certificate");
  must(vls_group_admit(b->remover, &admit, &b->rng, ++b->now), "admit");
  hear_told(b, b->remover);
  vls_buf_done(&leaf);
}

static size_t hear_wrap(bench *b) {
  vls_group_wrap wrap = {.leaf = b->leaf};
  vls_buf bytes;
  vls_buf_init(&bytes, 128);
  memcpy(wrap.commit, b->commit, 32);
  memcpy(wrap.wrap, b->wraps.p + b->leaf * 48, 48);
  must(vls_wire_encode(&vls_group_wrap_def, &wrap, &bytes), "wrap");
  must(vls_group_hear_wrap(b->other, vls_buf_slice(&bytes), b->now), "hear a wrap");
  size_t n = bytes.n;
  vls_buf_done(&bytes);
  hear_told(b, b->other);
  return n;
}

/* Processor time of this process: to the nanosecond, which the scheduler's sums are not. */
static double cpu_s(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) bench_die("no clock");
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double ms_since(double from) {
  return (cpu_s() - from) * 1000;
}

static void found(bench *b) {
  vls_group_rules rules = {.name = vls_slice_str("An association"), .admit = 3, .post = 1};
  for (size_t i = 0; i < b->n; i++)
    make_member(b, &b->all[i]);
  b->me_remover =
      (vls_group_me){b->all[0].identity.pub, &b->all[0].device, vls_buf_slice(&b->all[0].cert)};
  b->me_other =
      (vls_group_me){b->all[1].identity.pub, &b->all[1].device, vls_buf_slice(&b->all[1].cert)};
  must(vls_group_found(&b->remover, &b->me_remover, &rules, &b->rng, b->now), "found");
  hear_told(b, b->remover);
  double from = cpu_s();
  for (size_t i = 2; i < b->n; i++)
    admit(b, &b->all[i]);
  admit(b, &b->all[1]);
  bench_put("admit_ms", ms_since(from) / (double)(b->n - 1));
}

/* The newcomer hears every act by letter, and its wrap. */
static void join(bench *b) {
  vls_buf letter;
  size_t bytes = 0;
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  b->other = vls_group_join(&b->me_other, vls_group_id(b->remover), &b->all[1].leaf);
  double writing = 0, from, hearing = 0;
  for (size_t i = 0; i < b->n_acts; i++) {
    vls_buf_clear(&letter);
    from = cpu_s();
    must(vls_group_letter(b->remover, vls_buf_slice(&b->acts[i]), b->all[1].device.pub, &b->rng,
                          &letter),
         "letter");
    writing += ms_since(from);
    bytes += letter.n;
    from = cpu_s();
    must(vls_group_hear_letter(b->other, vls_buf_slice(&letter), b->now), "hear a letter");
    hearing += ms_since(from);
  }
  hear_told(b, b->other);
  if (!b->want_wrap) bench_die("the newcomer wants no wrap");
  (void)hear_wrap(b);
  bench_put("join_letters_ms", writing);
  bench_put("join_hear_ms", hearing);
  bench_put("join_bytes", (double)bytes);
  vls_buf_done(&letter);
}

static void removal(bench *b) {
  double best = 1e9, best_hear = 1e9;
  for (size_t k = 0; k < ROUNDS; k++) {
    double from = cpu_s();
    must(vls_group_remove(b->remover, b->all[b->n - 1 - k].identity.pub,
                          vls_slice_str("spam for a week"), &b->rng, ++b->now),
         "remove");
    double took = ms_since(from);
    hear_told(b, b->remover);
    b->want_wrap = false;
    from = cpu_s();
    must(vls_group_hear(b->other, vls_buf_slice(&b->record), b->now), "hear a removal");
    hear_told(b, b->other);
    if (!b->want_wrap) bench_die("the member wants no wrap");
    size_t wrap = hear_wrap(b);
    double heard = ms_since(from);
    if (took < best) best = took;
    if (heard < best_hear) best_hear = heard;
    if (k > 0) continue;
    bench_put("remove_record_bytes", (double)b->record.n);
    bench_put("remove_wraps_bytes", (double)b->wraps.n);
    bench_put("remove_fetched_bytes", (double)(b->record.n + wrap));
  }
  bench_put("remove_ms", best);
  bench_put("hear_removal_ms", best_hear);
}

/* One act more, after so many. */
static void acts(bench *b, size_t n) {
  double saying = 0, hearing = 0;
  enum { LAST = 100 };
  for (size_t i = 0; i < n; i++) {
    double from = cpu_s();
    must(vls_group_set(b->remover, b->all[2 + i % 3].identity.pub, (uint8_t)(1 + i % 4),
                       (vls_slice){0}, &b->rng, ++b->now),
         "set a level");
    if (i + LAST >= n) saying += ms_since(from);
    hear_told(b, b->remover);
    from = cpu_s();
    must(vls_group_hear(b->other, vls_buf_slice(&b->record), b->now), "hear an act");
    if (i + LAST >= n) hearing += ms_since(from);
    hear_told(b, b->other);
  }
  bench_put("acts", (double)b->n_acts);
  bench_put("act_say_ms", saying / LAST);
  bench_put("act_hear_ms", hearing / LAST);
}

/* What changed in the store: rows, their bytes, and the time it takes to tell them. */
typedef struct rows_cost {
  size_t rows, bytes;
  double ms;
} rows_cost;

static void add_rows(vls_group *g, rows_cost *cost) {
  vls_buf value;
  vls_group_row row;
  double from = cpu_s();
  vls_buf_init(&value, VLS_GROUP_ROW_MAX);
  while (vls_group_changed(g, &row, &value)) {
    cost->rows++;
    cost->bytes += row.n_key + (row.is_gone ? 0 : row.value.n);
  }
  vls_buf_done(&value);
  cost->ms += ms_since(from);
}

static void texts(bench *b) {
  enum { TEXTS = 200 };
  vls_buf body;
  vls_item_text text = {.text = vls_slice_str("The hall is booked for Saturday at three.")};
  vls_buf_init(&body, 200);
  must(vls_wire_encode(&vls_item_text_def, &text, &body), "text");
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  double saying = 0, hearing = 0;
  rows_cost before = {0}, cost = {0};
  add_rows(b->other, &before);
  for (size_t i = 0; i < TEXTS; i++) {
    double from = cpu_s();
    must(vls_group_say(b->remover, &item, 1, &b->rng, ++b->now, NULL), "say");
    saying += ms_since(from);
    hear_told(b, b->remover);
    from = cpu_s();
    must(vls_group_hear(b->other, vls_buf_slice(&b->record), b->now), "hear");
    hearing += ms_since(from);
    hear_told(b, b->other);
    add_rows(b->other, &cost);
  }
  bench_put("text_rows", (double)cost.rows / TEXTS);
  bench_put("text_rows_bytes", (double)cost.bytes / TEXTS);
  bench_put("text_rows_ms", cost.ms / TEXTS);
  bench_put("text_record_bytes", (double)b->record.n);
  bench_put("say_ms", saying / TEXTS);
  bench_put("hear_ms", hearing / TEXTS);
  vls_buf_done(&body);
}

int main(int argc, char **argv) {
  static const uint8_t seed[32] = {1};
  bench b = {.n = argc > 1 ? bench_count(argv[1]) : 1000, .now = 1700000000000};
  must(vls_crypto_init(), "crypto");
  if (b.n < 10 || b.n > VLS_GROUP_LEAVES) bench_die("between 10 and 4096 members");
  vls_rng_init(&b.rng, seed);
  b.all = vls_calloc(b.n, sizeof *b.all);
  vls_buf_init(&b.record, VLS_GROUP_RECORD_MAX);
  vls_buf_init(&b.wraps, VLS_GROUP_LEAVES * 48);
  found(&b);
  join(&b);
  removal(&b);
  texts(&b);
  if (argc > 2) acts(&b, bench_count(argv[2]));
  if (argc > 2) texts(&b);
  rows_cost all = {0};
  vls_group_change_all(b.other);
  add_rows(b.other, &all);
  bench_put("state_rows", (double)all.rows);
  bench_put("state_bytes", (double)all.bytes);
  return 0;
}
