/* What replies mean: the ledger and what a person knows follow from them. */
#include "proto/rpc.h"
#include "world.h"

static void decode(sim_world *w, const vls_wire_def *def, vls_slice in, void *ret) {
  vls_wire_fault fault;
  vls_err err = vls_wire_decode(def, VLS_WIRE_STRICT, in, ret, &fault);
  sim_expect(w, err == VLS_OK, "a result is not as rpc.def has it: %s.%s %s", def->name,
             fault.field != NULL ? fault.field : "?", fault.what != NULL ? fault.what : "");
}

static bool is(vls_slice s, const char *text) {
  return vls_slice_eq(s, vls_slice_str(text));
}

static void copy_text(char *ret, size_t size, vls_slice s) {
  snprintf(ret, size, "%.*s", (int)s.n, (const char *)s.p);
}

static void learn_identity(sim_world *w, sim_person *person, vls_slice result) {
  vls_rpc_identity identity;
  decode(w, &vls_rpc_identity_def, result, &identity);
  sim_expect(w, person->id[0] == '\0' || is(identity.id, person->id),
             "the identity of %s changed over night", person->name);
  copy_text(person->id, sizeof person->id, identity.id);
}

/* Their invitation was given to the node, and its answer is not here. */
static bool is_accepting(const sim_person *person, unsigned other) {
  for (unsigned i = 0; i < person->n_errands; i++) {
    const sim_errand *errand = &person->errand[i];
    if (errand->deed == SIM_ACCEPT && errand->other == other) return true;
  }
  return false;
}

static void learn_contact(sim_world *w, sim_person *person, const vls_rpc_contact *contact) {
  unsigned other = sim_person_by_id(w, contact->id);
  if (other == SIM_STRANGER) return; /* somebody who lost everything, and their old identity */
  sim_expect(w, other != person->who, "%s is a contact of themselves", person->name);
  sim_friend *friend = &person->friend[other];
  sim_expect(w, !friend->known || friend->number == contact->contact,
             "the number of %s's contact %s changed", person->name, w->person[other]->name);
  sim_expect(w, !friend->ready || friend->renewing || !is(contact->state, "pending"),
             "%s's contact %s was ready and is pending again", person->name,
             w->person[other]->name);
  friend->known = true;
  friend->is_removed = false;
  friend->number = contact->contact;
  friend->ready = is(contact->state, "ready");
  friend->failed = is(contact->state, "failed");
  if (friend->ready && !is_accepting(person, other)) friend->renewing = false;
  if (friend->failed) sim_ledger_excuse(w, person->who, other);
  copy_text(friend->petname, sizeof friend->petname, contact->name);
}

static void learn_contacts(sim_world *w, sim_person *person, vls_slice result) {
  vls_slice part[64];
  size_t n = 0;
  vls_err err = vls_wire_split(result, VLS_WIRE_STRICT, part, 64, &n);
  sim_expect(w, err == VLS_OK, "contact.list is not an array");
  for (size_t i = 0; i < n; i++) {
    vls_rpc_contact contact;
    decode(w, &vls_rpc_contact_def, part[i], &contact);
    learn_contact(w, person, &contact);
  }
}

static void learn_one_contact(sim_world *w, sim_person *person, vls_slice result) {
  vls_rpc_contact contact;
  decode(w, &vls_rpc_contact_def, result, &contact);
  learn_contact(w, person, &contact);
}

static void sent(sim_world *w, sim_person *person, const sim_errand *errand, const char *error,
                 vls_slice result) {
  sim_words *words = &w->ledger.words[errand->item];
  vls_slice part[SIM_COPIES_MAX];
  size_t n = 0;
  if (error[0] != '\0') {
    for (unsigned i = 0; i < words->n_copies; i++)
      words->copy[i].refused = true;
    return;
  }
  vls_err err = vls_wire_split(result, VLS_WIRE_STRICT, part, SIM_COPIES_MAX, &n);
  sim_expect(w, err == VLS_OK && n == words->n_copies,
             "send did not answer once for each recipient");
  for (unsigned i = 0; i < words->n_copies; i++) {
    vls_rpc_sent one;
    sim_copy *copy = &words->copy[i];
    decode(w, &vls_rpc_sent_def, part[i], &one);
    bool is_queued = one.n != 0;
    sim_expect(w, is_queued != one.has_error, "send says neither a number nor an error");
    sim_expect(w, !copy->acked || copy->n == one.n,
               "the same client message id got another answer: %" PRIu64 ", then %" PRIu64, copy->n,
               one.n);
    if (!is_queued) {
      sim_trace_line(w, person->who, "w%zu is refused: %.*s", errand->item, (int)one.error.n,
                     (const char *)one.error.p);
      copy->refused = true;
      continue;
    }
    copy->acked = true;
    sim_ledger_number(w, person->who, copy, one.n);
  }
}

static void invited(sim_world *w, const sim_errand *errand, const char *error, vls_slice result) {
  if (error[0] != '\0') return;
  vls_rpc_invite_ok ok;
  decode(w, &vls_rpc_invite_ok_def, result, &ok);
  sim_invitation *inv = &w->ledger.invitations[errand->item];
  copy_text(inv->link, sizeof inv->link, ok.link);
  if (inv->by_hand) return;
  uint64_t delay = sim_rng_between(&w->people_rng, SIM_SECOND, 10 * SIM_MINUTE);
  sim_after(w, delay, SIM_EV_LETTER, errand->item, 0, 0);
}

static void accepted(sim_world *w, sim_person *person, const sim_errand *errand, const char *error,
                     vls_slice result) {
  sim_invitation *inv = &w->ledger.invitations[errand->item];
  bool was_taken = errand->is_repeated && strcmp(error, "exists") == 0;
  snprintf(inv->refused, sizeof inv->refused, "%s", was_taken ? "" : error);
  if (error[0] == '\0') learn_one_contact(w, person, result);
  if (was_taken) sim_person_ask(w, person, &(sim_errand){.deed = SIM_CONTACTS});
  inv->accepted = error[0] == '\0' || was_taken;
}

/* What arrived before the block may still be shown: the examiner draws the line at once. */
static void blocked(sim_world *w, sim_person *person, const sim_errand *errand, const char *error) {
  sim_friend *friend = &person->friend[errand->other];
  if (error[0] != '\0' || errand->value == 0) {
    if (friend->changing != 0) friend->changing--;
    if (error[0] == '\0') friend->is_blocked = false;
    return;
  }
  sim_ledger_excuse(w, errand->other, person->who);
  sim_ledger_excuse(w, person->who, errand->other); /* what is said to them waits as well */
  sim_after(w, 0, SIM_EV_LOOK, person->who, errand->other, 0);
}

static void cancelled(sim_world *w, sim_person *person, const sim_errand *errand,
                      const char *error) {
  size_t number;
  sim_copy *copy = sim_ledger_sent(w, person->who, errand->value, &number);
  if (copy == NULL) return;
  if (error[0] != '\0') {
    /* Too late, or the answer to the first time was lost: the list knows what came of it. */
    copy->cancel_refused = true;
    sim_after(w, 0, SIM_EV_LOOK, person->who, SIM_STRANGER, 0);
    return;
  }
  copy->cancelled = true;
  sim_expect(w, copy->arrived_n == 0, "w%zu was cancelled and had arrived before", number);
}

static void greeted(sim_world *w, sim_person *person, const sim_errand *errand, vls_slice result) {
  vls_rpc_hello_ok ok;
  decode(w, &vls_rpc_hello_ok_def, result, &ok);
  sim_feed *conn = &person->conn[errand->via];
  conn->is_greeted = true;
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_SUBSCRIBE, .via = errand->via});
}

static void acknowledged(sim_person *person, const sim_errand *errand) {
  sim_feed *conn = &person->conn[errand->via];
  if (errand->value > conn->acked) conn->acked = errand->value;
}

/* What no person of the simulator ever gives reason for. */
static bool is_legitimate(const sim_errand *errand, const char *error) {
  if (strcmp(error, "storage") == 0 || strcmp(error, "forged") == 0) return false;
  bool never_fails = errand->deed == SIM_HELLO || errand->deed == SIM_SUBSCRIBE ||
                     errand->deed == SIM_ACK || errand->deed == SIM_SHOW ||
                     errand->deed == SIM_CONTACTS || errand->deed == SIM_RETRY;
  bool is_mistake = strcmp(error, "usage") == 0 && errand->deed != SIM_ACCEPT; /* one's own link */
  return !never_fails && !is_mistake;
}

void sim_person_answered(sim_world *w, sim_person *person, const sim_errand *errand,
                         const char *error, vls_slice result) {
  bool is_ok = error[0] == '\0';
  sim_expect(w, is_ok || is_legitimate(errand, error), "%s's node refuses deed %d with '%s'",
             person->name, (int)errand->deed, error);
  switch (errand->deed) {
  case SIM_HELLO: greeted(w, person, errand, result); return;
  case SIM_SUBSCRIBE: sim_feed_subscribed(w, person, &person->conn[errand->via], result); return;
  case SIM_ACK: acknowledged(person, errand); return;
  case SIM_INIT:
    /* Refused when the answer to the first time was lost: then ask who we are. */
    if (is_ok)
      learn_identity(w, person, result);
    else
      sim_person_ask(w, person, &(sim_errand){.deed = SIM_SHOW});
    sim_expect(w, is_ok || errand->is_repeated, "a fresh node refuses init with '%s'", error);
    return;
  case SIM_SHOW: learn_identity(w, person, result); return;
  case SIM_INVITE: invited(w, errand, error, result); return;
  case SIM_ACCEPT: accepted(w, person, errand, error, result); return;
  case SIM_CONTACTS: learn_contacts(w, person, result); return;
  case SIM_SEND: sent(w, person, errand, error, result); return;
  case SIM_MARK: return;
  case SIM_BLOCK: blocked(w, person, errand, error); return;
  case SIM_RENAME:
    if (is_ok)
      learn_one_contact(w, person, result);
    else
      sim_person_ask(w, person, &(sim_errand){.deed = SIM_CONTACTS});
    return;
  case SIM_REMOVE:
    if (is_ok || errand->is_repeated) sim_person_forget_friend(person, errand->other);
    return;
  case SIM_CANCEL: cancelled(w, person, errand, error); return;
  case SIM_RETRY: return;
  }
}
