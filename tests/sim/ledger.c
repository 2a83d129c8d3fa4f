#include "ledger.h"

#include "world.h"

void sim_ledger_done(sim_world *w) {
  free(w->ledger.words);
  free(w->ledger.invitations);
}

size_t sim_ledger_say(sim_world *w, unsigned from, const unsigned *to, unsigned n, size_t size,
                      bool has_cid) {
  sim_ledger *l = &w->ledger;
  sim_expect(w, l->n_words < SIM_WORDS_MAX, "the simulator itself: people talk too much");
  if (l->n_words == l->cap_words) {
    l->cap_words = l->cap_words == 0 ? 64 : l->cap_words * 2;
    l->words = vls_realloc(l->words, l->cap_words * sizeof *l->words);
  }
  sim_words *words = &l->words[l->n_words];
  *words = (sim_words){.from = from, .size = size, .has_cid = has_cid, .n_copies = n};
  for (unsigned i = 0; i < n; i++)
    words->copy[i].to = to[i];
  return l->n_words++;
}

size_t sim_ledger_invite(sim_world *w, unsigned from, unsigned to) {
  sim_ledger *l = &w->ledger;
  l->invitations = vls_realloc(l->invitations, (l->n_invitations + 1) * sizeof *l->invitations);
  l->invitations[l->n_invitations] = (sim_invitation){.from = from, .to = to};
  return l->n_invitations++;
}

void sim_ledger_token(size_t number, char ret_token[24]) {
  snprintf(ret_token, 24, "w%zu;", number);
}

/* A few alphabets, so that lengths in bytes and in characters differ. */
static const char *const filler[] = {
    " salaam",
    " \xe4\xbd\xa0\xe5\xa5\xbd",
    " ol\xc3\xa9",
    " \xd0\xbc\xd0\xb8\xd1\x80",
    " \xf0\x9f\x93\xae",
    " letter",
    " \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",
    " o",
};

void sim_ledger_text(const sim_world *w, size_t number, vls_buf *out) {
  char token[24];
  size_t size = w->ledger.words[number].size, start = out->n;
  sim_rng rng = sim_rng_new(number, 7);
  sim_ledger_token(number, token);
  vls_err err = vls_buf_put(out, token, strlen(token));
  while (err == VLS_OK && out->n - start < size) {
    const char *piece = filler[sim_rng_below(&rng, sizeof filler / sizeof filler[0])];
    size_t n = strlen(piece), left = size - (out->n - start);
    err = n <= left ? vls_buf_put(out, piece, n) : vls_buf_put_u8(out, '.');
  }
  if (err != VLS_OK) abort(); /* the caller's buffer is too small: a bug of the simulator */
}

/* "w17;..." -> 17; SIZE_MAX when it does not begin like that. */
static size_t number_of(vls_slice text) {
  size_t number = 0, i = 1;
  if (text.n < 3 || text.p[0] != 'w') return SIZE_MAX;
  for (; i < text.n && i < 12 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
    number = number * 10 + (size_t)(text.p[i] - '0');
  return i > 1 && i < text.n && text.p[i] == ';' ? number : SIZE_MAX;
}

size_t sim_ledger_recognise(sim_world *w, vls_slice text) {
  size_t number = number_of(text);
  sim_expect(w, number < w->ledger.n_words, "a text that nobody said: %.*s",
             (int)(text.n > 40 ? 40 : text.n), (const char *)text.p);
  vls_buf said;
  vls_buf_init(&said, SIM_TEXT_MAX);
  sim_ledger_text(w, number, &said);
  bool is_same = vls_slice_eq(vls_buf_slice(&said), text);
  vls_buf_done(&said);
  sim_expect(w, is_same, "the text w%zu is not as it was said", number);
  return number;
}

sim_copy *sim_ledger_copy(sim_world *w, size_t number, unsigned to) {
  sim_words *words = &w->ledger.words[number];
  for (unsigned i = 0; i < words->n_copies; i++)
    if (words->copy[i].to == to) return &words->copy[i];
  return NULL;
}

sim_copy *sim_ledger_sent(sim_world *w, unsigned from, uint64_t n, size_t *ret_number) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies && words->from == from; k++) {
      if (words->copy[k].n != n) continue;
      *ret_number = i;
      return &words->copy[k];
    }
  }
  return NULL;
}

/* Said to somebody who will not hear it. */
static bool is_in_vain(const sim_world *w, unsigned from, unsigned to) {
  const sim_friend *mine = &w->person[from]->friend[to], *theirs = &w->person[to]->friend[from];
  return mine->is_blocked || theirs->is_blocked || theirs->is_removed || mine->changing != 0 ||
         theirs->changing != 0;
}

void sim_ledger_number(sim_world *w, unsigned who, sim_copy *copy, uint64_t n) {
  uint64_t *mine = copy->to == who ? &copy->arrived_n : &copy->n;
  if (*mine == n) return;
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_copy *other = &words->copy[k];
      bool is_taken = words->from == who && other->n == n;
      is_taken = is_taken || (other->to == who && other->arrived_n == n);
      is_taken = is_taken || (other->to == who && other->gone_n == n && other != copy);
      sim_expect(w, !is_taken,
                 "%s's node gives the number %" PRIu64 " twice, the first time to w%zu",
                 w->person[who]->name, n, i);
    }
  }
  *mine = n;
  if (copy->to != who && is_in_vain(w, who, copy->to)) copy->excused = true;
}

void sim_ledger_excuse(sim_world *w, unsigned from, unsigned to) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    sim_copy *copy = sim_ledger_copy(w, i, to);
    if (w->ledger.words[i].from == from && copy != NULL) copy->excused = true;
  }
}

void sim_ledger_remove(sim_world *w, unsigned who, unsigned other) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    unsigned from = w->ledger.words[i].from;
    sim_copy *sent = from == who ? sim_ledger_copy(w, i, other) : NULL;
    sim_copy *got = from == other ? sim_ledger_copy(w, i, who) : NULL;
    if (sent != NULL) sent->gone_from = sent->excused = true;
    if (got == NULL) continue;
    got->gone_to = got->excused = true;
    got->announced = false; /* should they meet again, it may arrive again */
    if (got->arrived_n != 0) got->gone_n = got->arrived_n;
    got->arrived_n = 0;
  }
}

const sim_copy *sim_ledger_open(const sim_world *w, size_t *ret_number) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_copy *copy = &words->copy[k];
      bool is_queued = copy->acked || copy->n != 0; /* by the answer, or by the list */
      bool must_arrive = is_queued && !copy->excused && !copy->cancelled;
      bool is_back = !(copy->returns && copy->n == 0) && !(copy->missing && copy->delivered);
      if (copy->excused || (is_back && (!must_arrive || copy->delivered))) continue;
      *ret_number = i;
      return copy;
    }
  }
  return NULL;
}
