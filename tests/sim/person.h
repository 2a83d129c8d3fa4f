/* A person at a node: runs errands over the client socket, believes what is answered, asks again
 * when an answer was lost. Commands go in and replies come out exactly as rpc.md has them. */
#ifndef VALISE_SIM_PERSON_H
#define VALISE_SIM_PERSON_H

#include "feed.h"
#include "net.h"
#include "valise/core.h"

enum {
  SIM_ERRANDS_MAX = 60, /* what one person has in mind at a time */
  SIM_NAME = 64,
};

/* What a person can ask the node for. The first three belong to a connection and die with it. */
typedef enum sim_deed {
  SIM_HELLO,
  SIM_SUBSCRIBE,
  SIM_ACK, /* value: cursor */
  SIM_INIT,
  SIM_SHOW,     /* who am I? */
  SIM_INVITE,   /* item: invitation; value: seconds until it expires, 0: as long as usual */
  SIM_ACCEPT,   /* item: invitation; name: the petname, "" for the usual one */
  SIM_CONTACTS, /* whom do I know? */
  SIM_SEND,     /* item: words */
  SIM_MARK,     /* other; value: number of a text */
  SIM_BLOCK,    /* other; value: 1 or 0 */
  SIM_RENAME,   /* other; name */
  SIM_REMOVE,   /* other */
  SIM_CANCEL,   /* value: number of a text */
  SIM_RETRY,    /* dial now */
} sim_deed;

typedef struct sim_errand {
  uint64_t id;
  sim_deed deed;
  unsigned via;     /* connection */
  bool is_asked;    /* the command was given, the answer is not here */
  bool is_repeated; /* it was given before, and the answer was lost */
  uint64_t msgid;
  uint64_t not_before; /* asked again only then: the disk was full */
  unsigned other;
  size_t item;
  uint64_t value;
  char name[SIM_NAME + 1];
} sim_errand;

/* What this person's node says about another citizen. */
typedef struct sim_friend {
  bool known, ready, failed; /* as contact.list has it */
  bool is_blocked;           /* the node said so */
  uint64_t block_line; /* ... when its newest text had this number: later ones must not appear */
  bool renewing;       /* their new invitation was accepted: pending until they answer */
  bool is_removed;     /* asked for, and not met again since */
  unsigned changing;   /* blocks and unblocks that are under way */
  uint64_t number;     /* of the contact */
  uint64_t marked;     /* texts up to this number were shown to the person */
  uint64_t newest;     /* number of the newest text from them */
  char petname[SIM_NAME + 1];
} sim_friend;

typedef struct sim_person {
  unsigned who;
  const char *name;
  char id[65];              /* "" until the node has an identity */
  sim_feed conn[SIM_FEEDS]; /* 0: where errands are run, with the consumer "default" */
  uint64_t next_msgid, next_errand;
  sim_errand errand[SIM_ERRANDS_MAX + SIM_FEEDS * 2]; /* room to connect when all is full */
  unsigned n_errands;
  sim_friend friend[SIM_CITIZENS_MAX];
  sim_event_log log;
  uint64_t alarms;  /* events of that type */
  uint64_t awaited; /* the errand whose answer somebody waits for, or 0 */
  char answer[64];  /* "ok", or the stable string of the error */
  bool is_awake;    /* a wake event is in the queue */
} sim_person;

/* A new citizen with a node, running, whose name is not copied. */
sim_person *sim_person_new(sim_world *w, const char *name);
void sim_person_free(sim_person *person);

/* Has something to do; it is done when the node is there. Returns the errand's id, 0 when there is
 * too much on this person's mind already. */
uint64_t sim_person_ask(sim_world *w, sim_person *person, const sim_errand *errand);
bool sim_person_is_idle(const sim_person *person);
/* Does what can be done now. */
void sim_person_wake(sim_world *w, sim_person *person);
/* The client program goes away without a word; another one will be started. */
void sim_person_vanish(sim_world *w, sim_person *person, unsigned via);
/* Listens with one more consumer, or with NULL: live. */
void sim_person_listen(sim_world *w, sim_person *person, unsigned via, const char *consumer);

/* From the node. */
void sim_person_node_up(sim_world *w, sim_person *person);
void sim_person_node_down(sim_world *w, sim_person *person);
void sim_person_hear(sim_world *w, sim_person *person, const vls_output *out);

/* Whose node has this id, number of contact: an index, or SIM_STRANGER. */
unsigned sim_person_by_id(const sim_world *w, vls_slice id);
unsigned sim_person_by_contact(const sim_person *person, uint64_t number);
/* An invitation is handed over. */
void sim_person_letter(sim_world *w, size_t invitation);
void sim_person_forget_friend(sim_person *person, unsigned other);

/* answer.c: what a reply means for the ledger. error is empty when it went well. */
void sim_person_answered(sim_world *w, sim_person *person, const sim_errand *errand,
                         const char *error, vls_slice result);

#endif
