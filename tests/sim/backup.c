#include "backup.h"

#include "world.h"

enum { BACKUP_MAX = 64 << 20 }; /* bytes of a store in a world */

static void reopen(sim_world *w, sim_person *person, const char *path) {
  sim_node *node = w->node[person->who];
  sim_expect(w, node->core == NULL, "the simulator itself: the node is not off");
  node->place.path = path;
  sim_node_lose_everything(w, node);
}

void sim_backup_init(sim_world *w, sim_backup *backup, sim_person *person) {
  const char *tmp = getenv("TMPDIR");
  *backup = (sim_backup){0};
  snprintf(backup->dir, sizeof backup->dir, "%.40s/valise_sim.XXXXXX", tmp != NULL ? tmp : "/tmp");
  sim_expect(w, mkdtemp(backup->dir) != NULL, "the simulator itself: no temporary directory");
  snprintf(backup->store, sizeof backup->store, "%s/store", backup->dir);
  snprintf(backup->copy, sizeof backup->copy, "%s/copy", backup->dir);
  sim_node_crash(w, w->node[person->who], VLS_NEVER);
  reopen(w, person, backup->store);
  person->id[0] = '\0';
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_INIT});
  sim_node_start(w, w->node[person->who]);
}

static void copy_file(sim_world *w, const char *from, const char *to) {
  uint8_t *bytes = vls_calloc(1, BACKUP_MAX);
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  sim_expect(w, in != NULL && out != NULL, "the simulator itself: %s does not open", from);
  size_t n = fread(bytes, 1, BACKUP_MAX, in);
  bool ok = n > 0 && n < BACKUP_MAX && fwrite(bytes, 1, n, out) == n;
  ok = fclose(out) == 0 && fclose(in) == 0 && ok;
  sim_expect(w, ok, "the simulator itself: %s is not copied", from);
  free(bytes);
}

/* A store that is closed in good order is one file and its vault: its log is empty and gone. */
static void copy_store(sim_world *w, const char *from, const char *to) {
  char from_vault[112], to_vault[112];
  snprintf(from_vault, sizeof from_vault, "%s-vault", from);
  snprintf(to_vault, sizeof to_vault, "%s-vault", to);
  copy_file(w, from, to);
  copy_file(w, from_vault, to_vault);
}

static void close_store(sim_world *w, sim_person *person) {
  sim_node *node = w->node[person->who];
  sim_node_crash(w, node, VLS_NEVER);
  vls_store_close(node->store);
  node->store = NULL;
}

void sim_backup_take(sim_world *w, sim_backup *backup, sim_person *person) {
  close_store(w, person);
  copy_store(w, backup->store, backup->copy);
  backup->n_words = w->ledger.n_words;
  backup->n_events = person->log.n;
  for (unsigned via = 0; via < SIM_FEEDS; via++)
    backup->acked[via] = person->conn[via].acked;
  reopen(w, person, backup->store);
  sim_node_start(w, w->node[person->who]);
}

void sim_backup_restore(sim_world *w, sim_backup *backup, sim_person *person) {
  close_store(w, person);
  copy_store(w, backup->copy, backup->store);
  for (size_t i = backup->n_words; i < w->ledger.n_words; i++) {
    sim_words *words = &w->ledger.words[i];
    sim_copy *got = sim_ledger_copy(w, i, person->who);
    for (unsigned k = 0; k < words->n_copies && words->from == person->who; k++) {
      words->copy[k].gone_from = words->copy[k].excused = true;
      words->copy[k].n = 0;
    }
    if (got == NULL) continue;
    got->gone_to = got->excused = true;
    got->announced = false;
    got->arrived_n = 0;
  }
  person->log.n = backup->n_events;
  for (unsigned via = 0; via < SIM_FEEDS; via++)
    person->conn[via].acked = person->conn[via].asked = backup->acked[via];
  reopen(w, person, backup->store);
  sim_node_start(w, w->node[person->who]);
}

void sim_backup_done(sim_backup *backup) {
  static const char *const tails[] = {"", "-wal", "-vault"};
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    char path[112];
    snprintf(path, sizeof path, "%s%s", backup->store, tails[i]);
    unlink(path);
    snprintf(path, sizeof path, "%s%s", backup->copy, tails[i]);
    unlink(path);
  }
  rmdir(backup->dir);
}
