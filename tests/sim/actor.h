/* Somebody who is no node of ours but holds real keys, and speaks the protocol with the node's own
 * code: to say what no node would say, as a contact does who turned hostile. Each is one citizen
 * with one link at a time, and knows what a peer can know: never more of a node than what the node
 * said. */
#ifndef VALISE_SIM_ACTOR_H
#define VALISE_SIM_ACTOR_H

#include "carry/link_int.h"
#include "citizen/card.h"
#include "conv/direct.h"
#include "conv/first.h"
#include "conv/state.h"
#include "net.h"

enum {
  SIM_ACTORS_MAX = 8,
  SIM_LINE_BYTES = 256 << 10, /* what a stream holds that nobody reads */
};

typedef struct sim_person sim_person;
typedef struct sim_actor sim_actor;
typedef void (*sim_act)(sim_world *w, sim_actor *actor);

struct sim_actor {
  unsigned number;
  const char *name; /* not copied */
  vls_rng rng;
  /* who it is */
  vls_sign_pair identity, device;
  vls_dh_pair dh, spk;
  vls_buf cert, signed_spk, card;
  /* whose contact it is, and what it holds for that */
  unsigned whom;
  uint8_t their_dh[32], their_identity[32], knock[32], psk[32];
  vls_buf their_card, prefix;
  vls_ratchet ratchet;
  uint64_t seq;
  uint8_t prev[32];
  /* its link */
  bool is_linked, is_up; /* a stream is open; the link over it is up */
  size_t line;           /* id of the stream */
  vls_link *link;
  uint64_t dialled_at;
  bool acks;    /* acknowledges what comes */
  bool is_deaf; /* reads nothing once the link is up */
  bool stated;  /* it said how far it is, on this link */
  bool forgets; /* ... and that it is nowhere: it has said nothing and holds nothing */
  /* what it saw, over all links */
  uint64_t dials, ups, records, record_bytes, on_this, ack, closed_for[8], states, returns;
  /* what it does, and how often */
  sim_act act;
  uint64_t every, turns;
};

/* A new one, with keys of its own. */
sim_actor *sim_actor_new(sim_world *w, const char *name);
void sim_actor_free(sim_actor *actor);
/* Takes an invitation of this person's, and is a contact then, with a link. */
void sim_actor_befriend(sim_world *w, sim_actor *actor, sim_person *person);
/* Does this every so many ms from now on; NULL: nothing any more. */
void sim_actor_every(sim_world *w, sim_actor *actor, uint64_t ms, sim_act act);
/* Every actor hangs up and does nothing any more. */
void sim_actors_leave(sim_world *w);
/* Whether a text is one of those that actors say: they begin with "x;". */
bool sim_actor_said(const sim_world *w, vls_slice text);

/* A new link with the keys it holds. False when the node is off. */
bool sim_actor_dial(sim_world *w, sim_actor *actor);
/* True when its link is up; dials when it has none, once in `ms` at most. */
bool sim_actor_is_there(sim_world *w, sim_actor *actor, uint64_t ms);
void sim_actor_hang_up(sim_world *w, sim_actor *actor);
/* Stops reading, or goes on. */
void sim_actor_listens(sim_world *w, sim_actor *actor, bool listens);
/* True while the node takes what is written: a stream that nobody reads fills up. */
bool sim_actor_can_write(const sim_world *w, const sim_actor *actor);
/* What its link has to say goes on the line. */
void sim_actor_flush(sim_world *w, sim_actor *actor);

/* One event of these items, sealed for the session; the chain moves on. */
void sim_actor_seal(sim_world *w, sim_actor *actor, const vls_item *items, size_t n,
                    vls_buf *record);
void sim_actor_record(sim_world *w, sim_actor *actor, vls_slice record);
void sim_actor_say(sim_world *w, sim_actor *actor, vls_slice text);
void sim_actor_frame(sim_world *w, sim_actor *actor, vls_frame_type type, vls_slice body);
/* Bytes that no link made. */
void sim_actor_bytes(sim_world *w, sim_actor *actor, vls_slice bytes);

/* From the world. */
void sim_actor_hear(sim_world *w, sim_actor *actor, vls_slice bytes);
void sim_actor_shut(sim_world *w, sim_actor *actor);
void sim_actor_act(sim_world *w, sim_actor *actor);

#endif
