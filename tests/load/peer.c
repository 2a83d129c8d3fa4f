/* A contact turned hostile, against a real daemon on the loopback:
 *
 *   load_peer PORT DEED... <LINK
 *
 * takes the invitation that stands on standard input, becomes a contact by the name Mallory, and
 * does what it is told, one after the other:
 *
 *   text:WORDS   says a text             garbage:N  N records that open and are nothing
 *   forged       signs with another key  tiny:N     N texts of one letter, as fast as they go
 *   deaf:S       reads nothing for S s   settle     until all it said is acknowledged
 *
 * Says on one line what became of each. Ends by itself after LATE_S. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "citizen_make.h"

#include "carry/link.h"
#include "citizen/invite.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "conv/first.h"
#include "conv/state.h"
#include "crypto/pad.h"

enum { LATE_S = 120, PATIENCE_MS = 15000, OUT_HIGH = 1 << 20 };

typedef struct peer {
  citizen self;
  int fd;
  vls_link *link;
  vls_ratchet r;
  vls_buf prefix, card;
  uint8_t identity[32], prev[32];
  uint64_t seq, said, acked, records;
  bool up, over;
  uint64_t reason;
} peer;

static _Noreturn void die(const char *why) {
  fprintf(stderr, "load_peer: %s\n", why);
  exit(2);
}

static void must(vls_err err, const char *what) {
  if (err == VLS_OK) return;
  fprintf(stderr, "load_peer: can't %s: %s\n", what, vls_err_name(err));
  exit(2);
}

static vls_now now(void) {
  struct timespec mono, wall;
  clock_gettime(CLOCK_MONOTONIC, &mono);
  clock_gettime(CLOCK_REALTIME, &wall);
  return (vls_now){(uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000,
                   (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000};
}

/* It holds all that the node says it has signed. */
static void answer_state(peer *p, vls_slice bytes) {
  vls_state theirs, mine = {.n_mine = 1, .n_held = 1};
  vls_frame_state frame;
  vls_buf body;
  must(vls_state_open(&theirs, bytes, vls_link_hash(p->link)), "read a STATE");
  mine.card = theirs.yours;
  mine.yours = theirs.card;
  mine.held[0] = theirs.mine[0];
  mine.mine[0].seq = p->seq;
  memcpy(mine.mine[0].device, p->self.device.pub, 32);
  memcpy(mine.mine[0].head, p->prev, 32);
  vls_buf_init(&body, vls_state_def.max_bytes);
  must(vls_state_sign(&frame, &body, &mine, &p->self.device, vls_link_hash(p->link)), "sign");
  must(vls_link_send_state(p->link, &frame), "state");
  vls_buf_done(&body);
}

static void on_event(peer *p, const vls_link_event *ev) {
  switch (ev->type) {
  case VLS_LINK_EV_UP: p->up = true; break;
  case VLS_LINK_EV_RECORD: must(vls_link_send_ack(p->link, ++p->records), "acknowledge"); break;
  case VLS_LINK_EV_ACK: p->acked = ev->count; break;
  case VLS_LINK_EV_CARD: must(vls_buf_put_slice(&p->card, ev->bytes), "keep a card"); break;
  case VLS_LINK_EV_CLOSE:
    p->over = true;
    p->reason = ev->count;
    break;
  case VLS_LINK_EV_STATE: answer_state(p, ev->bytes); break;
  case VLS_LINK_EV_RETURN:
  case VLS_LINK_EV_GROUP:
  case VLS_LINK_EV_KNOCK:
  case VLS_LINK_EV_PEER: break;
  }
}

static void hear(peer *p) {
  uint8_t bytes[65536];
  vls_link_event ev;
  ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) p->over = true;
  if (n <= 0) return;
  vls_err err = vls_link_feed(p->link, vls_slice_of(bytes, (size_t)n));
  while (err == VLS_OK && !p->over) {
    err = vls_link_next(p->link, &p->self.rng, now(), &ev);
    if (err == VLS_OK) on_event(p, &ev);
  }
}

static void talk(peer *p) {
  vls_buf *out = vls_link_out(p->link);
  ssize_t n = out->n == 0 ? 0 : send(p->fd, out->p, out->n, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) vls_buf_drop(out, (size_t)n);
  if (n < 0 && errno != EAGAIN) p->over = true;
}

/* Hears and talks for a moment. */
static void turn(peer *p) {
  bool has_more = vls_link_out(p->link)->n > 0;
  struct pollfd wait = {.fd = p->fd, .events = (short)(POLLIN | (has_more ? POLLOUT : 0))};
  poll(&wait, 1, 20);
  hear(p);
  talk(p);
}

static bool is_up(const peer *p) {
  return p->up && p->card.n > 0;
}
static bool has_receipt(const peer *p) {
  return p->records > 0;
}
static bool is_settled(const peer *p) {
  return p->acked >= p->said;
}
static bool has_room(const peer *p) {
  return vls_link_out(p->link)->n < OUT_HIGH;
}

static bool until(peer *p, bool (*is_so)(const peer *p)) {
  uint64_t end = now().mono_ms + PATIENCE_MS;
  while (!is_so(p) && !p->over && now().mono_ms < end)
    turn(p);
  return is_so(p);
}

static void put(peer *p, vls_slice record) {
  if (p->over || !until(p, has_room)) return;
  must(vls_link_send_record(p->link, record), "send");
  p->said++;
  talk(p);
}

static void say(peer *p, const vls_item *item, const vls_sign_pair *device) {
  vls_buf record;
  vls_direct_sealed sealed;
  vls_direct_out out = {.ends = {p->self.identity.pub, p->self.device.pub, p->identity},
                        .device = device,
                        .seq = p->seq + 1,
                        .stamp = (uint64_t)now().wall_ms,
                        .prev = p->prev,
                        .items = item,
                        .n_items = 1,
                        .prefix = vls_buf_slice(&p->prefix)};
  vls_buf_init(&record, VLS_RECORD_MAX);
  must(vls_direct_seal(&out, &p->r, &p->self.rng, &record, &sealed), "seal");
  if (device == &p->self.device) { /* what is forged is as if it had not been said */
    p->seq++;
    memcpy(p->prev, sealed.hash, 32);
  }
  vls_buf_clear(&p->prefix);
  vls_direct_sealed_done(&sealed);
  put(p, vls_buf_slice(&record));
  vls_buf_done(&record);
}

static void say_text(peer *p, const char *text, const vls_sign_pair *device) {
  vls_buf body;
  vls_buf_init(&body, 2 * VLS_TEXT_MAX);
  must(vls_body_text(&body, vls_slice_str(text)), "write a text");
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  say(p, &item, device);
  vls_buf_done(&body);
}

static void say_garbage(peer *p) {
  static const uint8_t lie[] = {0xdd, 4, 0, 0, 0, 0};
  vls_buf plain, record;
  vls_buf_init(&plain, VLS_RECORD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  must(vls_buf_put(&plain, lie, sizeof lie), "lie");
  must(vls_pad(&plain, VLS_RATCHET_EXTRA), "pad");
  must(vls_ratchet_seal(&p->r, vls_buf_slice(&plain), &p->self.rng, &record), "seal");
  put(p, vls_buf_slice(&record));
  vls_buf_done(&plain);
  vls_buf_done(&record);
}

static void connect_to(peer *p, uint16_t port) {
  struct sockaddr_in door = {.sin_family = AF_INET, .sin_port = htons(port)};
  door.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&door, sizeof door) != 0) die("no node there");
}

static void befriend(peer *p, vls_slice link) {
  vls_invite invite;
  vls_card_view view;
  vls_x3dh_keys keys;
  uint8_t bytes[VLS_INVITE_BYTES], knock[32];
  static const uint8_t zeros[32];
  must(vls_invite_parse(&invite, bytes, link), "read the invitation");
  memcpy(p->identity, invite.identity, 32);
  vls_invite_knock_key(knock, invite.secret);
  p->link = vls_link_dial(&p->self.dh, invite.dh, knock, zeros, &p->self.rng, now());
  if (!until(p, is_up)) die("the node does not answer to its invitation");
  must(vls_card_open(&view, vls_buf_slice(&p->card)), "read a card");
  vls_first_conf conf = {.ik = &p->self.dh,
                         .card = vls_buf_slice(&p->self.card),
                         .their_card = vls_buf_slice(&p->card),
                         .their_device = &view.devices[0],
                         .opk_id = (uint32_t)invite.opk_id,
                         .opk = invite.opk};
  must(vls_first_begin(&conf, &p->self.rng, &p->r, &keys, &p->prefix), "begin a session");
  vls_buf body;
  vls_buf_init(&body, 100);
  must(vls_body_hello(&body), "say hello");
  vls_item hello = {VLS_ITEM_HELLO, vls_buf_slice(&body)};
  say(p, &hello, &p->self.device);
  vls_buf_done(&body);
  if (!until(p, has_receipt)) die("the node does not take a contact");
}

static void make_mallory(peer *p) {
  uint8_t seed[32];
  if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed) die("no random numbers");
  citizen_make(&p->self, seed[0]);
  vls_rng_stir(&p->self.rng, vls_slice_of(seed, sizeof seed));
  vls_card facts = citizen_facts(&p->self);
  facts.name = vls_slice_str("Mallory");
  facts.n_addresses = 0; /* nobody dials back */
  vls_buf_clear(&p->self.card);
  must(vls_card_make(&p->self.card, &p->self.identity, &facts), "make a card");
  vls_buf_init(&p->prefix, VLS_RECORD_MAX);
  vls_buf_init(&p->card, VLS_CARD_MAX);
}

static void do_deed(peer *p, const char *deed) {
  static vls_sign_pair other;
  const char *arg = strchr(deed, ':');
  unsigned long n = arg == NULL ? 0 : strtoul(arg + 1, NULL, 10);
  if (strncmp(deed, "text:", 5) == 0) {
    say_text(p, arg + 1, &p->self.device);
  } else if (strcmp(deed, "forged") == 0) {
    vls_sign_new(&other, &p->self.rng);
    say_text(p, "nobody signed this", &other);
  } else if (strncmp(deed, "garbage:", 8) == 0) {
    while (n-- > 0)
      say_garbage(p);
  } else if (strncmp(deed, "tiny:", 5) == 0) {
    while (n-- > 0 && !p->over)
      say_text(p, "x", &p->self.device);
  } else if (strncmp(deed, "deaf:", 5) == 0) {
    sleep((unsigned)n);
  } else if (strcmp(deed, "settle") == 0) {
    until(p, is_settled);
  } else {
    die("there is no such deed");
  }
  printf("%s said %llu acked %llu records %llu%s\n", deed, (unsigned long long)p->said,
         (unsigned long long)p->acked, (unsigned long long)p->records, p->over ? " over" : "");
  fflush(stdout);
}

int main(int argc, char **argv) {
  static peer p;
  char link[VLS_LINK_TEXT_MAX + 2];
  if (argc < 3 || vls_crypto_init() != VLS_OK) die("usage: load_peer PORT DEED... <LINK");
  if (fgets(link, sizeof link, stdin) == NULL) die("no invitation on standard input");
  alarm(LATE_S);
  make_mallory(&p);
  connect_to(&p, (uint16_t)strtoul(argv[1], NULL, 10));
  befriend(&p, vls_slice_str(link));
  for (int i = 2; i < argc; i++)
    do_deed(&p, argv[i]);
  vls_link_free(p.link);
  close(p.fd);
  return 0;
}
