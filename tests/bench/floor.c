/* The least a durable, signed, end-to-end encrypted talk can cost on this machine: two processes
 * over loopback TCP that do every step a node must do, and nothing else.
 *
 *   bench_floor DIR batch|each|single N
 *
 *   sender     packs a 10-field event of 200 bytes, hashes it, steps a key chain twice, signs it,
 * seals it, stores it (WAL, synchronous=FULL, a commit for each batch), seals the frame, writes
 *   receiver   the reverse, commits, then one 16-byte acknowledgement for a batch
 *   sender     stores how far the acknowledgement goes with its next commit
 *
 * batch: 64 events under one signature, 4 batches on their way. each: the same with 64 signatures.
 * single: one event at a time, with a DH turn at both ends. No skipped keys, groups, clients or
 * index on ids. */
#include <msgpack.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"

enum { BODY = 200, ITEMS = 64, WINDOW = 4, BUFFER = 1 << 20, HASH = 32, NONCE = 24, HEAD = 8 };
enum { CPU_SENDER = 1, CPU_RECEIVER = 0 };

typedef struct mode {
  bool each, dh;
  size_t items, window;
} mode;

/* One of the two processes. Both are forked from one, so the keys are the same. */
typedef struct end {
  mode how;
  sqlite3 *db;
  sqlite3_stmt *insert, *acked;
  int fd;
  uint64_t frames;
  uint8_t chain[32], link_key[32], dh_priv[32], dh_pub[32];
  uint8_t sign_pub[32], sign_priv[64], prev[HASH];
  uint8_t *frame, *sealed, *event; /* BUFFER bytes each */
  msgpack_sbuffer packed;
} end;

static void must(bool ok, const char *what) {
  if (!ok) bench_die("floor: %s", what);
}

static void run_sql(end *e, const char *sql) {
  must(sqlite3_exec(e->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void open_store(end *e, const char *dir, const char *who) {
  char path[512], with[520];
  snprintf(path, sizeof path, "%s/floor-%s.db", dir, who);
  unlink(path);
  snprintf(with, sizeof with, "%s-wal", path);
  unlink(with);
  must(sqlite3_open(path, &e->db) == SQLITE_OK, "open");
  run_sql(e, "PRAGMA journal_mode=WAL");
  run_sql(e, "PRAGMA synchronous=FULL");
  run_sql(e, "PRAGMA cache_size=-16384");
  run_sql(e, "CREATE TABLE m(n INTEGER PRIMARY KEY, conv INTEGER, seq INTEGER, id BLOB, ev BLOB)");
  run_sql(e, "CREATE INDEX mc ON m(conv, seq)");
  run_sql(e, "CREATE TABLE w(conv INTEGER PRIMARY KEY, acked INTEGER)");
  run_sql(e, "INSERT INTO w VALUES(1, 0)");
  must(sqlite3_prepare_v2(e->db, "INSERT INTO m(conv,seq,id,ev) VALUES(1,?,?,?)", -1, &e->insert,
                          NULL) == SQLITE_OK,
       "insert");
  must(sqlite3_prepare_v2(e->db, "UPDATE w SET acked=? WHERE conv=1", -1, &e->acked, NULL) ==
           SQLITE_OK,
       "update");
}

static void store_event(end *e, uint64_t seq, const uint8_t id[HASH], const uint8_t *p, size_t n) {
  sqlite3_bind_int64(e->insert, 1, (sqlite3_int64)seq);
  sqlite3_bind_blob(e->insert, 2, id, HASH, SQLITE_STATIC);
  sqlite3_bind_blob(e->insert, 3, p, (int)n, SQLITE_STATIC);
  must(sqlite3_step(e->insert) == SQLITE_DONE, "insert");
  sqlite3_reset(e->insert);
}

static void store_acked(end *e, uint64_t seq) {
  sqlite3_bind_int64(e->acked, 1, (sqlite3_int64)seq);
  must(sqlite3_step(e->acked) == SQLITE_DONE, "update");
  sqlite3_reset(e->acked);
}

static void write_all(int fd, const uint8_t *p, size_t n) {
  for (ssize_t k; n > 0; p += k, n -= (size_t)k) {
    k = write(fd, p, n);
    must(k > 0, "write");
  }
}

/* False at the end. */
static bool read_all(int fd, void *ret, size_t n) {
  uint8_t *p = ret;
  for (ssize_t k; n > 0; p += k, n -= (size_t)k) {
    k = read(fd, p, n);
    if (k <= 0) return false;
  }
  return true;
}

static void step_chain(end *e, uint8_t ret_key[32]) {
  uint8_t next[32];
  crypto_kdf_derive_from_key(ret_key, 32, 1, "floorkdf", e->chain);
  crypto_kdf_derive_from_key(next, 32, 2, "floorkdf", e->chain);
  memcpy(e->chain, next, 32);
}

/* What a DH turn costs: the sender makes a key and multiplies, the receiver multiplies. Their
 * chains differ from then on, so that events are sealed under a fixed key in this mode. */
static void turn(end *e, bool sender) {
  uint8_t priv[32], pub[32], shared[32];
  memcpy(priv, e->dh_priv, 32);
  if (sender) {
    randombytes_buf(priv, 32);
    crypto_scalarmult_base(pub, priv);
  }
  must(crypto_scalarmult(shared, priv, e->dh_pub) == 0, "DH");
  crypto_generichash(e->chain, 32, shared, 32, e->chain, 32);
}

static size_t pack(end *e, uint64_t seq) {
  char body[BODY];
  msgpack_packer p;
  memset(body, 'm', sizeof body);
  e->packed.size = 0;
  msgpack_packer_init(&p, &e->packed, msgpack_sbuffer_write);
  msgpack_pack_array(&p, 10);
  msgpack_pack_int(&p, 1);
  msgpack_pack_int(&p, 3);
  msgpack_pack_bin_with_body(&p, e->sign_pub, 32);
  msgpack_pack_bin_with_body(&p, e->sign_pub, 32);
  msgpack_pack_uint64(&p, seq);
  msgpack_pack_uint64(&p, seq + 99);
  msgpack_pack_uint64(&p, 1700000000123);
  msgpack_pack_bin_with_body(&p, e->prev, 32);
  msgpack_pack_int(&p, 0);
  msgpack_pack_str_with_body(&p, body, sizeof body);
  return e->packed.size;
}

/* Packs, signs, stores and seals one event at p; where it ends. */
static uint8_t *put_event(end *e, uint64_t seq, uint8_t *p) {
  uint8_t id[HASH], key[32], nonce[NONCE] = {0};
  unsigned long long sealed;
  size_t n = pack(e, seq);
  crypto_generichash(id, HASH, (const uint8_t *)e->packed.data, n, NULL, 0);
  memcpy(e->prev, id, HASH);
  memcpy(e->event, e->packed.data, n);
  if (e->how.each) {
    crypto_sign_detached(e->event + n, NULL, id, HASH, e->sign_priv);
    n += crypto_sign_BYTES;
  }
  store_event(e, seq, id, e->event, n);
  step_chain(e, key);
  memcpy(nonce, &seq, sizeof seq);
  memcpy(p + 4, nonce, HEAD);
  crypto_aead_xchacha20poly1305_ietf_encrypt(p + 4 + HEAD, &sealed, e->event, n, NULL, 0, NULL,
                                             nonce, e->how.dh ? e->link_key : key);
  uint32_t length = (uint32_t)sealed + HEAD;
  memcpy(p, &length, sizeof length);
  return p + 4 + length;
}

static void send_batch(end *e, uint64_t *seq, uint64_t acked) {
  uint8_t *p = e->frame, nonce[12] = {0};
  unsigned long long n;
  if (e->how.dh) turn(e, true);
  run_sql(e, "BEGIN IMMEDIATE");
  for (size_t i = 0; i < e->how.items; i++)
    p = put_event(e, ++*seq, p);
  if (!e->how.each) {
    crypto_sign_detached(p, NULL, e->prev, HASH, e->sign_priv);
    p += crypto_sign_BYTES;
  }
  if (acked > 0) store_acked(e, acked);
  run_sql(e, "COMMIT");
  memcpy(nonce, &e->frames, sizeof e->frames);
  e->frames++;
  crypto_aead_chacha20poly1305_ietf_encrypt(e->sealed + HEAD, &n, e->frame,
                                            (unsigned long long)(p - e->frame), NULL, 0, NULL,
                                            nonce, e->link_key);
  uint32_t head[2] = {(uint32_t)n, (uint32_t)e->how.items};
  memcpy(e->sealed, head, sizeof head);
  write_all(e->fd, e->sealed, (size_t)n + HEAD);
}

/* Opens, checks and stores one event at p; where the next begins. */
static uint8_t *take_event(end *e, uint8_t *p, msgpack_unpacked *unpacked, uint8_t ret_id[HASH],
                           uint64_t *ret_seq) {
  uint32_t length;
  uint8_t key[32], nonce[NONCE] = {0};
  unsigned long long plain;
  size_t off = 0;
  memcpy(&length, p, sizeof length);
  p += sizeof length;
  step_chain(e, key);
  memcpy(nonce, p, HEAD);
  must(crypto_aead_xchacha20poly1305_ietf_decrypt(e->event, &plain, NULL, p + HEAD, length - HEAD,
                                                  NULL, 0, nonce,
                                                  e->how.dh ? e->link_key : key) == 0,
       "an event does not open");
  size_t n = (size_t)plain - (e->how.each ? crypto_sign_BYTES : 0);
  crypto_generichash(ret_id, HASH, e->event, n, NULL, 0);
  must(!e->how.each || crypto_sign_verify_detached(e->event + n, ret_id, HASH, e->sign_pub) == 0,
       "an event does not verify");
  must(msgpack_unpack_next(unpacked, (const char *)e->event, n, &off) == MSGPACK_UNPACK_SUCCESS,
       "an event does not unpack");
  *ret_seq = unpacked->data.via.array.ptr[4].via.u64;
  store_event(e, *ret_seq, ret_id, e->event, (size_t)plain);
  return p + length;
}

static void receive(end *e) {
  uint32_t head[2];
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  while (read_all(e->fd, head, sizeof head) && read_all(e->fd, e->sealed, head[0])) {
    uint8_t nonce[12] = {0}, id[HASH], *p = e->frame;
    uint64_t ack[2] = {0, 0};
    memcpy(nonce, &e->frames, sizeof e->frames);
    e->frames++;
    must(crypto_aead_chacha20poly1305_ietf_decrypt(e->frame, NULL, NULL, e->sealed, head[0], NULL,
                                                   0, nonce, e->link_key) == 0,
         "a frame does not open");
    if (e->how.dh) turn(e, false);
    run_sql(e, "BEGIN IMMEDIATE");
    for (uint32_t i = 0; i < head[1]; i++)
      p = take_event(e, p, &unpacked, id, &ack[0]);
    must(e->how.each || crypto_sign_verify_detached(p, id, HASH, e->sign_pub) == 0,
         "a batch does not verify");
    run_sql(e, "COMMIT");
    write_all(e->fd, (const uint8_t *)ack, sizeof ack);
  }
  msgpack_unpacked_destroy(&unpacked);
}

static void send_all(end *e, size_t n, pid_t receiver) {
  size_t batches = n / e->how.items, sent = 0, done = 0;
  double *ms = calloc(batches + 1, sizeof *ms), *at = calloc(batches + 1, sizeof *at);
  uint64_t seq = 0, ack[2] = {0, 0};
  must(ms != NULL && at != NULL, "no memory");
  double cpu = bench_cpu_s(getpid()) + bench_cpu_s(receiver), wire = bench_lo_bytes();
  double began = bench_now_s();
  while (done < batches) {
    for (; sent < batches && sent - done < e->how.window; sent++) {
      at[sent] = bench_now_s();
      send_batch(e, &seq, ack[0]);
    }
    must(read_all(e->fd, ack, sizeof ack), "the receiver is gone");
    ms[done] = (bench_now_s() - at[done]) * 1e3;
    done++;
  }
  double took = bench_now_s() - began;
  cpu = bench_cpu_s(getpid()) + bench_cpu_s(receiver) - cpu;
  bench_put("per_s", (double)seq / took);
  bench_put("cpu_us", cpu / (double)seq * 1e6);
  bench_put("wire", (bench_lo_bytes() - wire) / (double)seq);
  bench_put("p50_ms", bench_quantile(ms, batches, .5));
  bench_put("p99_ms", bench_quantile(ms, batches, .99));
  free(ms);
  free(at);
}

static void init(end *e, const char *name) {
  e->how = (mode){.items = ITEMS, .window = WINDOW};
  if (strcmp(name, "each") == 0)
    e->how.each = true;
  else if (strcmp(name, "single") == 0)
    e->how = (mode){true, true, 1, 1};
  else
    must(strcmp(name, "batch") == 0, "the mode is batch, each or single");
  must(sodium_init() >= 0, "libsodium");
  crypto_sign_keypair(e->sign_pub, e->sign_priv);
  randombytes_buf(e->chain, sizeof e->chain);
  randombytes_buf(e->link_key, sizeof e->link_key);
  randombytes_buf(e->dh_priv, sizeof e->dh_priv);
  crypto_scalarmult_base(e->dh_pub, e->dh_priv);
  e->frame = malloc(BUFFER);
  e->sealed = malloc(BUFFER);
  e->event = malloc(BUFFER);
  must(e->frame != NULL && e->sealed != NULL && e->event != NULL, "no memory");
  msgpack_sbuffer_init(&e->packed);
}

static void done(end *e) {
  close(e->fd);
  sqlite3_finalize(e->insert);
  sqlite3_finalize(e->acked);
  sqlite3_close(e->db);
  msgpack_sbuffer_destroy(&e->packed);
  free(e->frame);
  free(e->sealed);
  free(e->event);
}

int main(int argc, char **argv) {
  end e = {0};
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof addr;
  int one = 1, status = 0;
  must(argc == 4, "usage: bench_floor DIR batch|each|single N");
  init(&e, argv[2]);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  must(bind(listener, (struct sockaddr *)&addr, size) == 0 && listen(listener, 1) == 0, "listen");
  getsockname(listener, (struct sockaddr *)&addr, &size);
  pid_t receiver = fork();
  must(receiver >= 0, "fork");
  bench_pin(receiver == 0 ? CPU_RECEIVER : CPU_SENDER);
  open_store(&e, argv[1], receiver == 0 ? "to" : "from");
  if (receiver == 0) {
    e.fd = accept(listener, NULL, NULL);
  } else {
    e.fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(e.fd, (struct sockaddr *)&addr, size) == 0, "connect");
    usleep(100000); /* let the other one open its store */
  }
  setsockopt(e.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (receiver == 0)
    receive(&e);
  else
    send_all(&e, bench_count(argv[3]), receiver);
  done(&e);
  if (receiver != 0) waitpid(receiver, &status, 0);
  return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
