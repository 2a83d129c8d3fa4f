/* The linker sends every call of libsodium and SQLite that the node makes through here (see
 * CMakeLists.txt): it is counted, and then made. */
#include "cost.h"

#include <sodium.h>
#include <sqlite3.h>

#include "store/sql.h"
#include "world.h"

static sim_cost done;

sim_cost sim_cost_now(void) {
  return done;
}

uint64_t sim_cost_ns(const sim_cost *c) {
  return c->dh * SIM_NS_DH + c->signs * SIM_NS_SIGN + c->verifies * SIM_NS_VERIFY +
         c->aeads * SIM_NS_AEAD + c->hashes * SIM_NS_HASH + c->bytes * SIM_NS_KIB / 1024 +
         c->steps * SIM_NS_STEP + c->ops * SIM_NS_OP + c->commits * SIM_NS_COMMIT;
}

sim_cost sim_cost_since(const sim_cost *a, const sim_cost *b) {
  return (sim_cost){.dh = a->dh - b->dh,
                    .signs = a->signs - b->signs,
                    .verifies = a->verifies - b->verifies,
                    .aeads = a->aeads - b->aeads,
                    .hashes = a->hashes - b->hashes,
                    .bytes = a->bytes - b->bytes,
                    .steps = a->steps - b->steps,
                    .ops = a->ops - b->ops,
                    .commits = a->commits - b->commits};
}

static void add(sim_cost *to, const sim_cost *more) {
  to->dh += more->dh;
  to->signs += more->signs;
  to->verifies += more->verifies;
  to->aeads += more->aeads;
  to->hashes += more->hashes;
  to->bytes += more->bytes;
  to->steps += more->steps;
  to->ops += more->ops;
  to->commits += more->commits;
}

/* Without what SQLite holds: of a store in memory that is its disk. */
static size_t heap_of_cores(void) {
  size_t all = sim_heap_bytes(), stored = (size_t)sqlite3_memory_used();
  return all > stored ? all - stored : 0;
}

sim_meter sim_meter_begin(const sim_world *w) {
  return w->is_metered ? (sim_meter){done, heap_of_cores()} : (sim_meter){0};
}

void sim_meter_end(sim_world *w, sim_node *node, const sim_meter *began) {
  if (!w->is_metered) return;
  sim_cost cost = sim_cost_since(&done, &began->cost);
  uint64_t now = w->now * 1000000;
  add(&node->cost, &cost);
  if (node->busy_until_ns < now) node->busy_until_ns = now;
  node->busy_until_ns += sim_cost_ns(&cost);
  node->heap += (int64_t)heap_of_cores() - (int64_t)began->heap;
  if (node->heap > node->heap_most) node->heap_most = node->heap;
}

uint64_t sim_busy_until(const sim_world *w, const sim_node *node) {
  uint64_t free_at = node->busy_until_ns / 1000000;
  return w->is_metered && free_at > w->now ? free_at : 0;
}

uint64_t sim_disk_bytes(const sim_node *node) {
  sqlite3_stmt *q = NULL;
  uint64_t bytes = 0;
  if (sqlite3_prepare_v2(node->store->db,
                         "SELECT (page_count-freelist_count)*page_size FROM pragma_page_count, "
                         "pragma_freelist_count, pragma_page_size",
                         -1, &q, NULL) == SQLITE_OK &&
      sqlite3_step(q) == SQLITE_ROW)
    bytes = (uint64_t)sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return bytes;
}

/* --- what the linker redirects --- */

#define WRAP(result, name, count, n, params, args)                                                 \
  result __real_##name params;                                                                     \
  result __wrap_##name params;                                                                     \
  result __wrap_##name params {                                                                    \
    done.count++;                                                                                  \
    done.bytes += (n);                                                                             \
    return __real_##name args;                                                                     \
  }

#define U8 unsigned char
#define LEN unsigned long long

WRAP(int, crypto_scalarmult, dh, 0, (U8 * q, const U8 *n, const U8 *p), (q, n, p))
WRAP(int, crypto_scalarmult_base, dh, 0, (U8 * q, const U8 *n), (q, n))
WRAP(int, crypto_sign_detached, signs, m_n,
     (U8 * sig, LEN *sig_n, const U8 *m, LEN m_n, const U8 *sk), (sig, sig_n, m, m_n, sk))
WRAP(int, crypto_sign_verify_detached, verifies, m_n,
     (const U8 *sig, const U8 *m, LEN m_n, const U8 *pk), (sig, m, m_n, pk))
#define SEAL_PARAMS                                                                                \
  (U8 * c, LEN * c_n, const U8 *m, LEN m_n, const U8 *ad, LEN ad_n, const U8 *s, const U8 *n,      \
   const U8 *k)
#define SEAL_ARGS (c, c_n, m, m_n, ad, ad_n, s, n, k)
#define OPEN_PARAMS                                                                                \
  (U8 * m, LEN * m_n, U8 * s, const U8 *c, LEN c_n, const U8 *ad, LEN ad_n, const U8 *n,           \
   const U8 *k)
#define OPEN_ARGS (m, m_n, s, c, c_n, ad, ad_n, n, k)
WRAP(int, crypto_aead_chacha20poly1305_ietf_encrypt, aeads, m_n, SEAL_PARAMS, SEAL_ARGS)
WRAP(int, crypto_aead_xchacha20poly1305_ietf_encrypt, aeads, m_n, SEAL_PARAMS, SEAL_ARGS)
WRAP(int, crypto_aead_chacha20poly1305_ietf_decrypt, aeads, c_n, OPEN_PARAMS, OPEN_ARGS)
WRAP(int, crypto_aead_xchacha20poly1305_ietf_decrypt, aeads, c_n, OPEN_PARAMS, OPEN_ARGS)
WRAP(int, crypto_hash_sha256, hashes, n, (U8 * out, const U8 *in, LEN n), (out, in, n))
WRAP(int, crypto_hash_sha256_update, hashes, n,
     (crypto_hash_sha256_state * state, const U8 *in, LEN n), (state, in, n))
WRAP(int, crypto_auth_hmacsha256_final, hashes, 0, (crypto_auth_hmacsha256_state * state, U8 *out),
     (state, out))
int __real_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q) {
  int code = __real_sqlite3_step(q);
  done.steps++;
  done.ops += (uint64_t)sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 1);
  return code;
}
WRAP(vls_err, vls_store_commit, commits, 0, (vls_store * store), (store))
