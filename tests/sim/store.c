#include "store.h"

#include "store/sql.h"
#include "world.h"

static const char root[] = "/sim/";

static disk *disk_of(sim_world *w) {
  if (w->disk.d == NULL) {
    w->disk.d = disk_new();
    disk_register(w->disk.d, root);
    w->disk.d->fate = w->disk.fate;
    w->disk.d->fate_arg = w->disk.fate_arg;
  }
  return w->disk.d;
}

void sim_disk_done(sim_world *w) {
  disk_free(w->disk.d);
  w->disk.d = NULL;
}

static bool is_on_disk(const sim_node *node) {
  return node->place.kind != SIM_STORE_MEMORY;
}

static vls_err open_here(sim_node *node, const char **ret_why) {
  const sim_place *place = &node->place;
  const char *path = place->path != NULL ? place->path
                     : is_on_disk(node)  ? place->file
                                         : ":memory:";
  uint8_t seed[32];
  sim_rng_fill(&node->entropy, seed, sizeof seed);
  if (place->kind != SIM_STORE_SEALED) return vls_store_open(&node->store, path, seed, 0, ret_why);
  return vls_store_open_sealed(&node->store, path, place->key, place->uuid, seed, 0, ret_why);
}

static void open_at_once(sim_world *w, sim_node *node) {
  const char *why = NULL;
  vls_err err = open_here(node, &why);
  sim_expect(w, err == VLS_OK, "a fresh store does not open: %s", why != NULL ? why : "");
}

void sim_store_settle_in(sim_world *w, sim_node *node, sim_store_kind kind) {
  sim_place *place = &node->place;
  disk_of(w);
  place->kind = kind;
  snprintf(place->folder, sizeof place->folder, "%s%u/", root, node->who);
  snprintf(place->file, sizeof place->file, "%s%u/node.db", root, node->who);
  sim_rng_fill(&node->entropy, place->key, sizeof place->key);
  sim_rng_fill(&node->entropy, place->uuid, sizeof place->uuid);
}

void sim_store_init(sim_world *w, sim_node *node) {
  if (w->disk.kind == SIM_STORE_MEMORY)
    open_at_once(w, node);
  else
    sim_store_settle_in(w, node, w->disk.kind);
}

bool sim_store_is_cut(const sim_world *w, const sim_node *node) {
  return is_on_disk(node) && strcmp(w->disk.d->dead, node->place.folder) == 0;
}

/* Tells which it is by its first bytes, and what an encryption that was interrupted has left goes,
 * as daemon/migrate.c does it. */
static void tidy(sim_world *w, sim_node *node) {
  static const char magic[] = "SQLite format 3";
  char copy[SIM_PLACE + 16], log[SIM_PLACE + 16];
  snprintf(copy, sizeof copy, "%s.sealing", node->place.file);
  snprintf(log, sizeof log, "%s.sealing-wal", node->place.file);
  if (!disk_exists(w->disk.d, node->place.file)) return;
  const vls_buf *now = &disk_entry_of(w->disk.d, node->place.file, false)->now;
  bool is_plain = now->n >= sizeof magic && memcmp(now->p, magic, sizeof magic) == 0;
  if (now->n != 0) node->place.kind = is_plain ? SIM_STORE_PLAIN : SIM_STORE_SEALED;
  if (disk_exists(w->disk.d, copy)) disk_remove(w->disk.d, copy);
  if (disk_exists(w->disk.d, log)) disk_remove(w->disk.d, log);
}

vls_err sim_store_open(sim_world *w, sim_node *node) {
  const char *why = NULL;
  if (node->store != NULL) return VLS_OK;
  bool was_struck = w->strike.is_on;
  if (w->disk.d != NULL && is_on_disk(node)) tidy(w, node);
  vls_err err = open_here(node, &why);
  if (err != VLS_OK) {
    bool is_excused = w->strike.is_on && (!was_struck || w->disk.d->full[0] != '\0');
    sim_expect(w, is_excused, "the store of %s does not open again: %s (%s)",
               w->person[node->who]->name, vls_err_name(err), why != NULL ? why : "");
    sim_trace_line(w, node->who, "cannot open its store: %s", why != NULL ? why : "");
    return err;
  }
  if (w->strike.is_on) sim_store_check(w, node);
  return VLS_OK;
}

static uint32_t roll(void *arg) {
  return (uint32_t)(sim_rng_u64(arg) >> 32);
}

/* What was cut off is there again, with what is left of it. */
static void come_back(sim_world *w, sim_node *node, sim_leaving how) {
  const char *folder = node->place.folder;
  if (how == SIM_LEAVE_SOME) disk_power_cut(w->disk.d, folder, roll, &w->disk.rng);
  if (how == SIM_LEAVE_NONE) disk_power_cut(w->disk.d, folder, NULL, NULL);
  if (how == SIM_LEAVE_KILLED) disk_revive(w->disk.d);
}

static sim_leaving take_leaving(sim_place *place) {
  sim_leaving how = place->leaving;
  place->leaving = SIM_LEAVE_CHANCE;
  return how;
}

void sim_store_leave(sim_world *w, sim_node *node) {
  sim_place *place = &node->place;
  sim_leaving how = take_leaving(place);
  if (!is_on_disk(node)) {
    vls_store_rollback(node->store);
    return;
  }
  if (how == SIM_LEAVE_CHANCE)
    how = (sim_leaving)sim_rng_between(&w->disk.rng, SIM_LEAVE_KILLED, SIM_LEAVE_NONE);
  if (how != SIM_LEAVE_CLOSED) disk_kill(w->disk.d, place->folder);
  vls_store_close(node->store);
  node->store = NULL;
  if (how == SIM_LEAVE_CLOSED && sim_store_is_cut(w, node)) /* in the middle of that */
    how = take_leaving(place);
  come_back(w, node, how);
}

void sim_store_lose(sim_world *w, sim_node *node) {
  vls_store_close(node->store);
  node->store = NULL;
  if (!is_on_disk(node)) {
    open_at_once(w, node);
    return;
  }
  for (size_t i = 0; i < DISK_FILES && w->disk.d->entry[i] != NULL; i++) {
    const char *name = w->disk.d->entry[i]->name;
    if (strncmp(name, node->place.folder, strlen(node->place.folder)) == 0)
      disk_remove(w->disk.d, name);
  }
}

void sim_store_check(sim_world *w, sim_node *node) {
  char says[200] = "nothing";
  sqlite3_stmt *q = NULL;
  int code = sqlite3_prepare_v2(node->store->db, "PRAGMA integrity_check", -1, &q, NULL);
  if (code == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
    snprintf(says, sizeof says, "%s", (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  sim_expect(w, strcmp(says, "ok") == 0, "the store of %s is damaged: %s",
             w->person[node->who]->name, says);
}

bool sim_store_seal(sim_world *w, sim_node *node) {
  sim_place *place = &node->place;
  char copy[SIM_PLACE + 16], log[SIM_PLACE + 16];
  const char *why = NULL;
  uint8_t seed[32];
  snprintf(copy, sizeof copy, "%s.sealing", place->file);
  snprintf(log, sizeof log, "%s.sealing-wal", place->file);
  sim_expect(w, node->core == NULL && place->kind == SIM_STORE_PLAIN,
             "the simulator itself: no store to encrypt");
  sim_trace_line(w, node->who, "encrypts its store");
  sim_rng_fill(&node->entropy, seed, sizeof seed);
  vls_err err = vls_store_seal(place->file, copy, place->key, place->uuid, seed, &why);
  if (err == VLS_OK && !disk_exists(w->disk.d, log) && disk_rename(w->disk.d, copy, place->file)) {
    place->kind = SIM_STORE_SEALED;
    return true;
  }
  sim_expect(w, w->strike.is_on, "the store of %s cannot be encrypted: %s",
             w->person[node->who]->name, why != NULL ? why : "its log stays");
  disk_mend(w->disk.d);
  if (sim_store_is_cut(w, node)) come_back(w, node, take_leaving(place));
  return false;
}
