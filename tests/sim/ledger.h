/* The ledger: every text anybody said and every invitation anybody wrote, and what became of them.
 * It is kept beside the nodes, from what their clients were told, and is what the nodes are held
 * against. */
#ifndef VALISE_SIM_LEDGER_H
#define VALISE_SIM_LEDGER_H

#include "base/buf.h"

typedef struct sim_world sim_world;

enum {
  SIM_COPIES_MAX = 3,    /* recipients of one text */
  SIM_WORDS_MAX = 20000, /* texts of one world */
  SIM_TEXT_MAX = 65536,  /* bytes of a text */
};

/* One text to one recipient. */
typedef struct sim_copy {
  unsigned to;
  uint64_t n;         /* its number at the author's node; 0 while nobody was told */
  uint64_t gone_n;    /* its number there before the contact was removed */
  uint64_t arrived_n; /* its number at the recipient's node; 0 while it was not seen there */
  bool acked;         /* the author's node said that it is queued */
  bool refused;       /* ... or why it is not: then it must never be anywhere */
  bool delivered, read, failed, cancelled; /* as the author was told */
  bool cancel_refused;                     /* ... and then the list must tell */
  bool cancelling; /* asked for: cancelled or not, while no answer is here */
  bool announced;  /* the recipient's event feed had it */
  bool excused;    /* blocked, removed, never befriended: it need not arrive */
  bool gone_from,
      gone_to; /* the author, the recipient removed the contact, and its texts with it */
  uint64_t said_at, delivered_at; /* ms of the world: the answer to send, the receipt */
  bool returns;     /* its author's node lost it with its data, and the recipient holds it */
  bool missing;     /* the recipient's node lost it, and the author has it */
  bool may_be_read; /* the recipient's node has forgotten that it said so */
  uint64_t listed_from, listed_to; /* the last examination of their nodes that found it */
} sim_copy;

typedef struct sim_words {
  unsigned from;
  size_t size;   /* bytes */
  bool has_cid;  /* said again, with the same client message id, when the answer was lost */
  bool given_up; /* no client message id and no answer: it may be queued or not */
  sim_copy copy[SIM_COPIES_MAX];
  unsigned n_copies;
} sim_words;

typedef struct sim_invitation {
  unsigned from, to;
  char link[513];   /* "" until the inviter's node answered */
  char refused[64]; /* the error of the one who accepted, "" when it was taken or never tried */
  bool accepted;    /* the accepter's node said so */
  bool by_hand;     /* a script hands it over; else it finds its way by itself */
} sim_invitation;

typedef struct sim_ledger {
  sim_words *words;
  size_t n_words, cap_words;
  sim_invitation *invitations;
  size_t n_invitations;
  uint64_t examinations;
} sim_ledger;

void sim_ledger_done(sim_world *w);
/* A new text of about `size` bytes. Its number. */
size_t sim_ledger_say(sim_world *w, unsigned from, const unsigned *to, unsigned n, size_t size,
                      bool has_cid);
size_t sim_ledger_invite(sim_world *w, unsigned from, unsigned to);
/* What the words say: always the same for the same number. Appends to `out`. */
void sim_ledger_text(const sim_world *w, size_t number, vls_buf *out);
/* "w17;": found in these words and in no others. */
void sim_ledger_token(size_t number, char ret_token[24]);
/* Which words a text is, to the last byte; fails the world when it is none of them. */
size_t sim_ledger_recognise(sim_world *w, vls_slice text);
/* The copy of these words for that recipient, or NULL. */
sim_copy *sim_ledger_copy(sim_world *w, size_t number, unsigned to);
/* The copy that is number n at its author's node, or NULL. */
sim_copy *sim_ledger_sent(sim_world *w, unsigned from, uint64_t n, size_t *ret_number);
/* Who's node tells the number of a text it sends or got: no other text there has it, or ever had.
 */
void sim_ledger_number(sim_world *w, unsigned who, sim_copy *copy, uint64_t n);
/* What is under way between the two need not arrive any more. */
void sim_ledger_excuse(sim_world *w, unsigned from, unsigned to);
/* `who` removed `other`: every text between them is gone from who's node. */
void sim_ledger_remove(sim_world *w, unsigned who, unsigned other);
/* A copy that still has to arrive, or NULL when there is none. */
const sim_copy *sim_ledger_open(const sim_world *w, size_t *ret_number);

#endif
