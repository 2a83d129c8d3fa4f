/* The least a node's memory can be: the libraries of a node, a store of MESSAGES texts open and
 * touched, a ratchet's kibibyte and a libuv timer for each of CONTACTS.
 *
 *   bench_floor_rss DIR MESSAGES CONTACTS */
#include <msgpack.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "meter.h"

enum { STATE = 1024, MINUTE_MS = 60000 };

static void must(bool ok, const char *what) {
  if (!ok) bench_die("floor: %s", what);
}

static void run_sql(sqlite3 *db, const char *sql) {
  must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

/* In a process of its own, so that its memory does not count. */
static void build(const char *path, size_t messages, size_t contacts) {
  sqlite3 *db;
  char sql[320];
  int status = 0;
  pid_t pid = fork();
  must(pid >= 0, "fork");
  if (pid > 0) {
    waitpid(pid, &status, 0);
    must(status == 0, "the store was not made");
    return;
  }
  unlink(path);
  must(sqlite3_open(path, &db) == SQLITE_OK, "open");
  run_sql(db, "PRAGMA journal_mode=WAL");
  run_sql(db, "PRAGMA synchronous=OFF");
  run_sql(db, "CREATE TABLE m(n INTEGER PRIMARY KEY, conv INTEGER, seq INTEGER, id BLOB, ev BLOB)");
  run_sql(db, "CREATE INDEX mc ON m(conv, seq)");
  snprintf(sql, sizeof sql,
           "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%zu) "
           "INSERT INTO m(conv,seq,id,ev) SELECT x%%%zu, x, randomblob(32), randomblob(400) FROM c",
           messages, contacts);
  run_sql(db, sql);
  run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
  sqlite3_close(db);
  _exit(EXIT_SUCCESS);
}

static void touch(sqlite3 *db, size_t contacts) {
  sqlite3_stmt *q;
  must(sqlite3_prepare_v2(db, "SELECT max(seq) FROM m WHERE conv=?", -1, &q, NULL) == SQLITE_OK,
       "select");
  for (size_t i = 0; i < contacts; i++) {
    sqlite3_bind_int64(q, 1, (sqlite3_int64)i);
    must(sqlite3_step(q) == SQLITE_ROW, "a contact without a text");
    sqlite3_reset(q);
  }
  sqlite3_finalize(q);
}

static void on_timer(uv_timer_t *timer) {
  (void)timer;
}

int main(int argc, char **argv) {
  char path[512];
  sqlite3 *db;
  uv_loop_t loop;
  msgpack_sbuffer packed;
  must(argc == 4, "usage: bench_floor_rss DIR MESSAGES CONTACTS");
  size_t messages = bench_count(argv[2]), contacts = bench_count(argv[3]);
  snprintf(path, sizeof path, "%s/floor-rss.db", argv[1]);
  build(path, messages, contacts);
  must(sodium_init() >= 0 && uv_loop_init(&loop) == 0, "the libraries");
  msgpack_sbuffer_init(&packed);
  must(sqlite3_open(path, &db) == SQLITE_OK, "open");
  run_sql(db, "PRAGMA cache_size=-2048");
  touch(db, contacts);
  uint8_t *state = malloc(contacts * STATE);
  uv_timer_t *timer = calloc(contacts, sizeof *timer);
  must(state != NULL && timer != NULL, "no memory");
  randombytes_buf(state, contacts * STATE);
  for (size_t i = 0; i < contacts; i++) {
    uv_timer_init(&loop, &timer[i]);
    uv_timer_start(&timer[i], on_timer, MINUTE_MS, MINUTE_MS);
  }
  uv_run(&loop, UV_RUN_NOWAIT);
  bench_put("rss_mib", bench_rss_kib(getpid()) / 1024);
  sqlite3_close(db);
  msgpack_sbuffer_destroy(&packed);
  unlink(path);
  return EXIT_SUCCESS;
}
