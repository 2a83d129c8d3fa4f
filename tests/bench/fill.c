/* A store with a past, written through the store's own calls: what a citizen's node holds after
 * years.
 *
 *   bench_fill PATH CONTACTS MESSAGES
 *
 * Contacts have keys, a signed card, a session and a talk. Their only address refuses at once.
 * Texts go to and fro between everybody in turn, each an event of its own with its header and
 * signature, all delivered and read; those of the last 30 days are still in the feed. It ends now,
 * so that nothing is due when a node starts on it, if it advertises 192.0.2.1:4647. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "citizen/self.h"
#include "crypto/kdf.h"
#include "event/event.h"
#include "meter.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/sessions.h"

enum { TEXT = 200, COMMIT_EVERY = 5000 };
#define BETWEEN_MS UINT64_C(30000)
#define FEED_MS (UINT64_C(30) * 86400 * 1000)

typedef struct filling {
  vls_store *store;
  vls_rng rng;
  vls_self self;
  vls_contact_row *rows; /* n of them */
  vls_talk_row *talks;
  uint64_t *seqs; /* of the last event from each */
  uint8_t (*devices)[VLS_PUB];
  size_t n;
  uint64_t end_ms; /* since 1970 */
} filling;

static void must(vls_err err, const char *doing) {
  if (err != VLS_OK) bench_die("%s: %s", doing, vls_err_text(err));
}

static void put_card(filling *f, const vls_contact_row *row, const vls_sign_pair *identity,
                     const vls_sign_pair *device) {
  vls_dh_pair dh, spk;
  vls_buf cert, prekey, signed_card;
  vls_card card = {.version = 1, .seq = row->card_seq, .suites = 1, .n_devices = 1};
  vls_dh_new(&dh, &f->rng);
  vls_dh_new(&spk, &f->rng);
  vls_buf_init(&cert, VLS_CARD_MAX);
  vls_buf_init(&prekey, VLS_CARD_MAX);
  vls_buf_init(&signed_card, VLS_CARD_MAX);
  memcpy(card.identity, identity->pub, sizeof card.identity);
  card.name = vls_slice_str(row->claim);
  must(vls_cert_make(&cert, identity, device->pub, dh.pub, row->created), "a certificate");
  must(vls_prekey_make(&prekey, device, 1, spk.pub, row->created), "a prekey");
  must(vls_signed_parse(&card.devices[0].cert, vls_buf_slice(&cert)), "a certificate");
  must(vls_signed_parse(&card.devices[0].spk, vls_buf_slice(&prekey)), "a prekey");
  card.addresses[card.n_addresses++] = vls_slice_str("127.0.0.1:1");
  must(vls_card_make(&signed_card, identity, &card), "a card");
  vls_contact_set_card(f->store, row->id, row->card_seq, vls_buf_slice(&signed_card));
  vls_buf_done(&cert);
  vls_buf_done(&prekey);
  vls_buf_done(&signed_card);
}

static void put_session(filling *f, const vls_contact_row *row, const vls_sign_pair *device) {
  vls_session_row session = {.created = row->created};
  uint8_t secret[128];
  vls_dh_pair spk;
  vls_dh_new(&spk, &f->rng);
  vls_rng_bytes(&f->rng, secret, sizeof secret);
  must(vls_ratchet_init_a(&session.ratchet, secret, secret + 32, secret + 64, secret + 96, spk.pub,
                          &f->rng),
       "a session");
  memcpy(session.device, device->pub, sizeof session.device);
  vls_session_put(f->store, row->id, &session);
  vls_ratchet_done(&session.ratchet);
}

static void put_contact(filling *f, size_t i) {
  vls_contact_row *row = &f->rows[i];
  vls_sign_pair identity, device;
  vls_sign_new(&identity, &f->rng);
  vls_sign_new(&device, &f->rng);
  *row =
      (vls_contact_row){.state = VLS_CONTACT_READY, .created = f->end_ms, .last_seen = f->end_ms};
  snprintf(row->name, sizeof row->name, "friend %zu", i + 1);
  snprintf(row->claim, sizeof row->claim, "Friend %zu", i + 1);
  memcpy(row->identity, identity.pub, sizeof row->identity);
  vls_rng_bytes(&f->rng, row->psk, sizeof row->psk);
  vls_rng_bytes(&f->rng, row->knock, sizeof row->knock);
  vls_contact_put(f->store, row, vls_slice_str(row->name));
  row->card_seq = 1;
  put_card(f, row, &identity, &device);
  put_session(f, row, &device);
  memcpy(f->devices[i], device.pub, VLS_PUB);
}

/* The header is as long as a real one; its signature is noise, which nothing reads back here. */
static void put_event(filling *f, const vls_contact_row *row, bool mine, uint64_t seq, uint64_t at,
                      vls_slice text) {
  vls_buf header;
  uint8_t hash[32], sig[VLS_SIG], zeros[32] = {0};
  vls_item_hashes items = {.n = 1};
  vls_event_facts facts = {.conversation = row->psk,
                           .recipient = row->identity,
                           .author = f->self.identity.pub,
                           .device = f->self.device.pub,
                           .prev = zeros,
                           .seq = seq,
                           .stamp = at};
  vls_buf_init(&header, vls_event_header_def.max_bytes);
  vls_item_hash(items.hash[0], text);
  must(vls_event_header_make(&header, &facts, &items, hash), "a header");
  vls_rng_bytes(&f->rng, sig, sizeof sig);
  vls_event_row event = {.contact = row->id,
                         .device = mine ? 0 : 1,
                         .seq = seq,
                         .header = vls_buf_slice(&header),
                         .sig = sig};
  vls_event_put(f->store, &event);
  vls_buf_done(&header);
}

static void put_text(filling *f, uint64_t n, size_t messages) {
  char text[TEXT];
  size_t who = (size_t)(n - 1) % f->n;
  bool mine = ((n - 1) / f->n) % 2 == 0;
  const vls_contact_row *row = &f->rows[who];
  uint64_t at = f->end_ms - (messages - n) * BETWEEN_MS;
  uint64_t seq = mine ? ++f->talks[who].out_seq : ++f->seqs[who];
  memset(text, 'm', sizeof text);
  snprintf(text, sizeof text, "text %llu; ", (unsigned long long)n);
  vls_slice body = vls_slice_of(text, sizeof text);
  text[strlen(text)] = ' ';
  put_event(f, row, mine, seq, at, body);
  vls_message_row m = {.n = n,
                       .contact = row->id,
                       .device = mine ? 0 : 1,
                       .seq = seq,
                       .stamp = at,
                       .at = at,
                       .body = body,
                       .state = mine ? VLS_MSG_SENT : VLS_MSG_RECEIVED};
  vls_message_put(f->store, &m);
  vls_feed_row row_of = {.c = n,
                         .type = mine ? VLS_FEED_DELIVERED : VLS_FEED_MESSAGE,
                         .contact = row->id,
                         .first = n,
                         .last = n,
                         .at = at};
  if (at + FEED_MS > f->end_ms) vls_feed_put(f->store, &row_of);
  if (!mine) f->talks[who].read_n = n;
  if (!mine) f->talks[who].read_seq = seq;
}

static void put_talks(filling *f) {
  uint8_t head[32] = {0};
  for (size_t i = 0; i < f->n; i++) {
    vls_talk_row *talk = &f->talks[i];
    talk->delivered = talk->seen = talk->out_seq;
    talk->card_sent = f->self.card_seq;
    vls_talk_put(f->store, f->rows[i].id, talk);
    if (f->seqs[i] > 0)
      vls_chain_put(f->store, f->rows[i].id, f->devices[i], f->seqs[i], head, 1000);
  }
}

int main(int argc, char **argv) {
  uint8_t seed[32] = {'f', 'i', 'l', 'l'};
  const char *why = "";
  vls_slice address = vls_slice_str("192.0.2.1:4647");
  filling f = {0};
  if (argc != 4) bench_die("usage: bench_fill PATH CONTACTS MESSAGES");
  size_t messages = bench_count(argv[3]);
  f.n = bench_count(argv[2]);
  f.end_ms = (uint64_t)time(NULL) * 1000;
  must(vls_crypto_init(), "libsodium");
  vls_rng_init(&f.rng, seed);
  if (vls_store_open(&f.store, argv[1], seed, 65536, &why) != VLS_OK)
    bench_die("%s: %s", argv[1], why);
  must(vls_self_create(&f.self, f.store, vls_slice_str("Ana"), &f.rng, &address, 1, f.end_ms),
       "Ana");
  f.rows = vls_calloc(f.n, sizeof *f.rows);
  f.talks = vls_calloc(f.n, sizeof *f.talks);
  f.seqs = vls_calloc(f.n, sizeof *f.seqs);
  f.devices = vls_calloc(f.n, sizeof *f.devices);
  for (size_t i = 0; i < f.n; i++)
    put_contact(&f, i);
  for (uint64_t n = 1; n <= messages; n++) {
    put_text(&f, n, messages);
    if (n % COMMIT_EVERY == 0) must(vls_store_commit(f.store), "commit");
  }
  put_talks(&f);
  must(vls_store_commit(f.store), "commit");
  vls_store_checkpoint(f.store);
  vls_self_close(&f.self);
  vls_store_close(f.store);
  vls_rng_done(&f.rng);
  free(f.rows);
  free(f.talks);
  free(f.seqs);
  free(f.devices);
  return EXIT_SUCCESS;
}
