#include "backup.h"

#include "proto/rpc.h"
#include "valise/backup.h"
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
  if (person->id[0] != '\0') sim_person_ask(w, person, &(sim_errand){.deed = SIM_INIT});
  person->id[0] = '\0';
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

static void remove_store(const char *path) {
  static const char *const tails[] = {"", "-wal", "-vault"};
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    char name[112];
    snprintf(name, sizeof name, "%s%s", path, tails[i]);
    unlink(name);
  }
}

static sim_stood *stood_of(const sim_backup *backup, size_t number, unsigned copy) {
  return number < backup->n_words ? &backup->stood[number * SIM_COPIES_MAX + copy] : NULL;
}

static unsigned count_invitations(const sim_world *w, const sim_person *person) {
  unsigned n = 0;
  for (size_t i = 0; i < w->ledger.n_invitations; i++)
    n += w->ledger.invitations[i].from == person->who || w->ledger.invitations[i].to == person->who;
  return n;
}

bool sim_backup_may_take(const sim_world *w, const sim_person *person) {
  const sim_node *node = w->node[person->who];
  if (node->core == NULL || node->batch_open || node->crash_point != SIM_CRASH_NONE) return false;
  if (!sim_person_is_idle(person)) return false;
  for (size_t i = 0; i < w->ledger.n_invitations; i++) {
    const sim_invitation *inv = &w->ledger.invitations[i];
    if (inv->from != person->who && inv->to != person->who) continue;
    const sim_friend *host = &w->person[inv->from]->friend[inv->to];
    const sim_friend *guest = &w->person[inv->to]->friend[inv->from];
    if (!host->ready || !guest->ready || host->renewing || guest->renewing) return false;
  }
  return true;
}

bool sim_backup_may_restore(const sim_world *w, const sim_backup *backup,
                            const sim_person *person) {
  return backup->is_taken && count_invitations(w, person) == backup->n_invitations &&
         sim_backup_may_take(w, person);
}

static void note(const sim_world *w, sim_backup *backup, const sim_person *person) {
  backup->n_words = w->ledger.n_words;
  free(backup->stood);
  backup->stood = vls_calloc(backup->n_words * SIM_COPIES_MAX + 1, sizeof *backup->stood);
  for (size_t i = 0; i < backup->n_words; i++)
    for (unsigned k = 0; k < w->ledger.words[i].n_copies; k++) {
      const sim_copy *copy = &w->ledger.words[i].copy[k];
      *stood_of(backup, i, k) = (sim_stood){.n = copy->n,
                                            .arrived_n = copy->arrived_n,
                                            .announced = copy->announced,
                                            .delivered = copy->delivered,
                                            .read = copy->read,
                                            .cancelled = copy->cancelled};
    }
  backup->n_events = person->log.n;
  backup->n_invitations = count_invitations(w, person);
  memcpy(backup->friend, person->friend, sizeof backup->friend);
  for (unsigned via = 0; via < SIM_FEEDS; via++)
    backup->acked[via] = person->conn[via].acked;
}

static vls_slice call(sim_world *w, const sim_person *person, const char *method,
                      const vls_wire_def *def, const void *params) {
  sim_node *node = w->node[person->who];
  vls_buf out;
  vls_slice result = {0};
  vls_buf_init(&out, VLS_RPC_FRAME_MAX);
  vls_err err = vls_pack_array(&out, def != NULL);
  if (err == VLS_OK && def != NULL) err = vls_wire_encode(def, params, &out);
  if (node->batch_open) sim_node_end_batch(w, node);
  bool ok = err == VLS_OK && sim_node_probe(w, node, method, vls_buf_slice(&out), &result);
  sim_expect(w, ok, "the simulator itself: %s is not called", method);
  vls_buf_done(&out);
  return result;
}

static const uint8_t words_key[32] = "what the recovery words gave....";

static void make_file(sim_world *w, sim_backup *backup, const sim_person *person) {
  vls_rpc_backup_key key = {vls_slice_of(words_key, 32)};
  vls_rpc_backup_begin begin = {0};
  vls_rpc_backup_begun begun;
  vls_rpc_backup_part part = {0};
  call(w, person, "backup.key", &vls_rpc_backup_key_def, &key);
  vls_slice result = call(w, person, "backup.begin", &vls_rpc_backup_begin_def, &begin);
  vls_err err = vls_wire_decode(&vls_rpc_backup_begun_def, VLS_WIRE_STRICT, result, &begun, NULL);
  vls_buf_done(&backup->file);
  vls_buf_init(&backup->file, BACKUP_MAX);
  if (err == VLS_OK) err = vls_buf_put_slice(&backup->file, begun.head);
  while (err == VLS_OK && !part.done) {
    result = call(w, person, "backup.next", NULL, NULL);
    err = vls_wire_decode(&vls_rpc_backup_part_def, VLS_WIRE_STRICT, result, &part, NULL);
    if (err == VLS_OK) err = vls_buf_put_slice(&backup->file, part.bytes);
  }
  sim_expect(w, err == VLS_OK, "a backup is not as rpc.def has it");
  call(w, person, "backup.end", NULL, NULL);
}

void sim_backup_take(sim_world *w, sim_backup *backup, sim_person *person) {
  sim_trace_line(w, person->who, "has a copy made of everything");
  make_file(w, backup, person);
  note(w, backup, person);
  close_store(w, person);
  copy_store(w, backup->store, backup->copy);
  backup->is_taken = true;
  reopen(w, person, backup->store);
  sim_node_start(w, w->node[person->who]);
}

/* What this person said: all that has arrived must come back, and what has not may be lost. */
static void forget_said(sim_backup *backup, sim_copy *copy, const sim_stood *stood,
                        bool new_device) {
  bool was_here = stood != NULL && stood->n != 0;
  if (was_here && !stood->cancelled && copy->cancelled) copy->excused = true;
  if (was_here && new_device && !stood->delivered && copy->arrived_n == 0) copy->excused = true;
  copy->delivered = was_here && stood->delivered;
  copy->read = was_here && stood->read;
  copy->cancelled = was_here && stood->cancelled;
  copy->failed = copy->cancelling = copy->cancel_refused = false;
  if (was_here || copy->n == 0) return;
  copy->n = 0;
  copy->acked = false;
  copy->returns = copy->arrived_n != 0;
  bool must_tell = copy->returns && !copy->excused;
  if (must_tell) backup->must_tell[copy->to] = true;
  if (must_tell && !new_device) backup->tells_self = true;
  if (!copy->returns) copy->gone_from = copy->excused = true;
}

/* What was said to this person. */
static void forget_heard(sim_copy *copy, const sim_stood *stood) {
  copy->may_be_read = copy->read;
  copy->announced = stood != NULL && stood->announced;
  if (stood != NULL && stood->arrived_n != 0) return;
  copy->missing = true;
  copy->arrived_n = 0;
}

static void forget(sim_world *w, sim_backup *backup, sim_person *person, bool new_device) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_stood *stood = stood_of(backup, i, k);
      if (words->from == person->who) forget_said(backup, &words->copy[k], stood, new_device);
      if (words->copy[k].to == person->who) forget_heard(&words->copy[k], stood);
    }
  }
  person->log.n = backup->n_events;
  memcpy(person->friend, backup->friend, sizeof backup->friend);
  for (unsigned via = 0; via < SIM_FEEDS; via++)
    person->conn[via].acked = person->conn[via].asked = backup->acked[via];
}

static void bring_back(sim_world *w, const sim_backup *backup, const sim_person *person) {
  const size_t most = (size_t)15 * VLS_BACKUP_CHUNK;
  vls_slice rest = vls_buf_slice(&backup->file);
  vls_rpc_restore_begin begin = {{rest.p, VLS_BACKUP_HEAD}, vls_slice_of(words_key, 32)};
  call(w, person, "restore.begin", &vls_rpc_restore_begin_def, &begin);
  for (size_t at = VLS_BACKUP_HEAD; at < rest.n; at += most) {
    size_t n = rest.n - at < most ? rest.n - at : most;
    vls_rpc_restore_next next = {{rest.p + at, n}};
    call(w, person, "restore.next", &vls_rpc_restore_next_def, &next);
  }
  call(w, person, "restore.end", NULL, NULL);
}

void sim_backup_restore(sim_world *w, sim_backup *backup, sim_person *person, bool new_device) {
  sim_trace_line(w, person->who, "goes back to %s", new_device ? "a backup" : "an old copy");
  w->weather.may_alarm = true;
  sim_stranger_forget(w, person->who);
  backup->n_times++;
  backup->n_devices += new_device;
  close_store(w, person);
  remove_store(backup->store);
  if (!new_device) copy_store(w, backup->copy, backup->store);
  backup->tells_self = false; /* what came before is forgotten, too */
  forget(w, backup, person, new_device);
  reopen(w, person, backup->store);
  sim_node_start(w, w->node[person->who]);
  if (new_device) bring_back(w, backup, person);
  if (new_device) backup->is_taken = false; /* it knows nothing of this device */
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_CONTACTS});
}

void sim_backup_check(sim_world *w, const sim_backup *backup, const sim_person *person) {
  for (unsigned i = 0; i < w->n; i++) {
    sim_expect(w, !backup->must_tell[i] || w->person[i]->alarms != 0,
               "%s is not told that %s's data went back", w->person[i]->name, person->name);
  }
  sim_expect(w, !backup->tells_self || person->alarms != 0,
             "%s is not told that her own data went back", person->name);
}

void sim_backup_done(sim_backup *backup) {
  remove_store(backup->store);
  remove_store(backup->copy);
  rmdir(backup->dir);
  free(backup->stood);
  vls_buf_done(&backup->file);
}
