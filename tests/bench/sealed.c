/* A sealed store beside a plain one, in one run: bench_sealed FOLDER [MESSAGES]. Commits of 64
 * texts as the core makes them, then a scan of all of them, then of every event. Prints processor
 * time of each and the ratios; the disk's own time is not in them. Then what a scan is made of: the
 * pages it reads, what a page takes to open, and how much of that is the cipher alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/seal.h"
#include "meter.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/page.h"
#include "store/sessions.h"
#include "store/sql.h"

enum { BURST = 64, TEXT = 200, HEADER = 2400, RECORD = 16384, ROUNDS = 5, OPENED = 5000 };
enum { BURIAL = 512 }; /* bursts: a busy node has more in VLS_VAULT_ROTATE_MS */

typedef struct side {
  bool sealed;
  char path[256];
  vls_store *store;
  double commit_s, scan_s, open_s;
} side;

static void must(vls_err err, const char *doing) {
  if (err != VLS_OK) bench_die("%s: %s", doing, vls_err_text(err));
}

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void open_side(side *s) {
  static const uint8_t key[32] = {1}, uuid[16] = {2}, seed[32] = {3};
  double from = cpu();
  if (s->sealed)
    must(vls_store_open_sealed(&s->store, s->path, key, uuid, seed, 0, NULL), s->path);
  else
    must(vls_store_open(&s->store, s->path, seed, 0, NULL), s->path);
  s->open_s += cpu() - from;
}

/* One event of 64 texts: sent, on its way, and the former one delivered; the ratchet a step on. */
static void burst(vls_store *store, uint64_t i, const uint8_t *noise) {
  vls_slice header = vls_slice_of(noise, HEADER), record = vls_slice_of(noise, RECORD);
  uint64_t first = i * BURST + 1;
  vls_event_row event = {.contact = 1, .seq = i + 1, .header = header, .sig = noise};
  vls_event_put(store, &event);
  for (uint64_t k = 0; k < BURST; k++) {
    vls_message_row row = {.n = first + k,
                           .contact = 1,
                           .state = VLS_MSG_SENT,
                           .seq = i + 1,
                           .idx = k,
                           .at = i,
                           .body = vls_slice_of(noise, TEXT)};
    vls_message_put(store, &row);
  }
  vls_outbox_row out = {.seq = i + 1, .first = first, .last = first + BURST - 1, .at = i};
  vls_outbox_put(store, 1, &out, header, record);
  vls_outbox_delivered(store, 1, i);
  vls_feed_row row = {.c = i + 1, .type = VLS_FEED_DELIVERED, .contact = 1, .first = first};
  vls_feed_put(store, &row);
  vls_session_row session = {.created = i};
  vls_session_put(store, 1, &session);
}

static void commits(side *s, uint64_t from, uint64_t to) {
  uint8_t noise[RECORD];
  memset(noise, 'm', sizeof noise);
  double began = cpu();
  for (uint64_t i = from; i < to; i++) {
    burst(s->store, i, noise);
    if (i % BURIAL == BURIAL - 1) vls_store_bury(s->store);
    must(vls_store_commit(s->store), "commit");
  }
  s->commit_s += cpu() - began;
}

static void scan(side *s, uint64_t messages) {
  vls_message_query query = {.search = vls_slice_str("not there"), .limit = 1};
  vls_message_row row;
  double began = cpu();
  if (vls_message_next(s->store, &query, &row)) bench_die("found what nobody said");
  vls_message_end(&query);
  vls_buf header;
  vls_buf_init(&header, HEADER);
  for (uint64_t seq = 1; seq <= messages / BURST; seq++) {
    if (!vls_event_get(s->store, 1, 0, seq, &header, NULL)) bench_die("an event is gone");
    vls_buf_clear(&header);
  }
  s->scan_s += cpu() - began;
}

static void end(side *s) {
  static const char *const tails[] = {"", "-wal", "-vault"};
  vls_store_close(s->store);
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    char path[264];
    snprintf(path, sizeof path, "%s%s", s->path, tails[i]);
    unlink(path);
  }
}

static void put(const char *what, double plain, double sealed, double per) {
  char key[64];
  snprintf(key, sizeof key, "%s.plain_us", what);
  bench_put(key, plain / per * 1e6);
  snprintf(key, sizeof key, "%s.sealed_us", what);
  bench_put(key, sealed / per * 1e6);
  snprintf(key, sizeof key, "%s.ratio", what);
  bench_put(key, sealed / plain);
}

static double pages_read(const side *s) {
  int now = 0, most = 0;
  sqlite3_db_status(s->store->db, SQLITE_DBSTATUS_CACHE_MISS, &now, &most, 0);
  return now;
}

static double least(double a, double b) {
  return a < b ? a : b;
}

/* Nanoseconds for a page: by the store's own call, and by the cipher it rests on. */
static void put_page(double *ret_open) {
  enum { PAGE = 4096, PLAIN = PAGE - VLS_UNIT_EXTRA };
  static const uint8_t key[32] = {1}, uuid[16] = {2}, seed[32] = {3};
  static uint8_t plain[PAGE], unit[PAGE];
  double open = 1e9, cipher = 1e9;
  vls_sealer *sealer = vls_sealer_new(key, uuid, seed);
  vls_unit_place place = {.role = VLS_ROLE_PAGE, .index = 7};
  vls_slice ad = vls_slice_of(uuid, sizeof uuid), n24 = vls_slice_of(plain, 24);
  vls_unit_seal(sealer, &place, plain, PLAIN, 1, unit);
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint64_t counter;
    double from = cpu();
    for (unsigned i = 0; i < OPENED; i++)
      must(vls_unit_open(sealer, &place, vls_slice_of(unit, PAGE), plain, &counter), "a page");
    open = least(open, cpu() - from);
  }
  vls_sealer_free(sealer);
  memset(plain, 0, sizeof plain);
  vls_xchacha_seal(unit, key, n24.p, ad, vls_slice_of(plain, PLAIN));
  for (unsigned round = 0; round < ROUNDS; round++) {
    double from = cpu();
    for (unsigned i = 0; i < OPENED; i++)
      must(vls_xchacha_open(plain, key, n24.p, ad, vls_slice_of(unit, PLAIN + 16)), "a page");
    cipher = least(cipher, cpu() - from);
  }
  bench_put("page.open_ns", open / OPENED * 1e9);
  bench_put("page.cipher_ns", cipher / OPENED * 1e9);
  *ret_open = open / OPENED;
}

int main(int argc, char **argv) {
  if (argc < 2) bench_die("usage: bench_sealed FOLDER [MESSAGES]");
  uint64_t messages = argc > 2 ? bench_count(argv[2]) : 20000, bursts = messages / BURST;
  side sides[2] = {{.sealed = false}, {.sealed = true}};
  for (size_t i = 0; i < 2; i++) {
    snprintf(sides[i].path, sizeof sides[i].path, "%.200s/bench-%s", argv[1],
             sides[i].sealed ? "sealed" : "plain");
    open_side(&sides[i]);
  }
  for (uint64_t round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < 2; i++)
      commits(&sides[i], bursts * round / ROUNDS, bursts * (round + 1) / ROUNDS);
  for (size_t i = 0; i < 2; i++) {
    vls_store_close(sides[i].store);
    sides[i].open_s = 0;
    open_side(&sides[i]);
  }
  for (unsigned round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < 2; i++)
      scan(&sides[i], messages);
  put("message", sides[0].commit_s, sides[1].commit_s, (double)(bursts * BURST));
  put("scan", sides[0].scan_s, sides[1].scan_s, (double)(bursts * BURST * ROUNDS));
  double page_s, pages = pages_read(&sides[1]);
  put_page(&page_s);
  bench_put("scan.pages", pages / ROUNDS);
  bench_put("scan.ratio_of_pages_alone", (sides[0].scan_s + pages * page_s) / sides[0].scan_s);
  put("open", sides[0].open_s, sides[1].open_s, 1);
  for (size_t i = 0; i < 2; i++)
    end(&sides[i]);
  return EXIT_SUCCESS;
}
