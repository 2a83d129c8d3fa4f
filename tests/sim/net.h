/* Links as byte streams between citizens: latency, jitter, odd chunks, breaks that both ends learn
 * of at different times or never, partitions, and who can dial whom. */
#ifndef VALISE_SIM_NET_H
#define VALISE_SIM_NET_H

#include "base/buf.h"
#include "valise/core.h"

typedef struct sim_world sim_world;

enum {
  SIM_CITIZENS_MAX = 1024,
  SIM_STRANGER = 9999,      /* an end that no citizen holds */
  SIM_ACTOR = 9998,         /* one that an actor holds, who may be answered: actor.h */
  SIM_ADDRESS = 32,         /* bytes of one */
  SIM_INBOX_MAX = 64 << 20, /* bytes on their way to one end: beyond every window of a core */
  SIM_READ_MAX = 65536,     /* bytes of one read */
  SIM_TRICKLE = 4096,       /* bytes that arrive at once on a slow line */
};

/* How an end learns that its link is over. */
typedef enum sim_end_of {
  SIM_END_EOF,     /* the other side closed: after its last byte */
  SIM_END_RESET,   /* what was in flight is lost */
  SIM_END_REFUSED, /* a dial failed */
  SIM_END_TIMEOUT, /* a dial got no answer */
} sim_end_of;

typedef enum sim_end_state { SIM_END_DIALLING, SIM_END_OPEN, SIM_END_CLOSED } sim_end_state;

typedef struct sim_end {
  unsigned who;    /* citizen, or SIM_STRANGER */
  uint32_t life;   /* of the node when the link was made */
  uint64_t number; /* what its core calls the link */
  sim_end_state state;
  bool paused;
  bool is_shut; /* nothing more comes, but the core has not been told while paused */
  sim_end_of shut_how;
  vls_buf inbox;    /* on its way to this end, or waiting here to be read */
  uint64_t arrived; /* bytes at the front of the inbox that may be read */
  uint64_t last_at; /* when the newest of them arrive: a stream keeps its order */
  uint64_t sent;    /* bytes this end wrote */
  bool read_due;    /* they will be read when the node is free */
} sim_end;

typedef struct sim_link {
  size_t id;
  sim_end end[2]; /* 0 dialled, 1 was dialled */
  uint64_t opened_at;
  uint64_t latency, jitter; /* ms, one way */
  uint64_t bytes_per_ms;    /* 0: as fast as you like */
  bool lost;                /* broken: whatever is written goes nowhere */
} sim_link;

/* Links that a citizen has an end of. */
typedef struct sim_ends {
  sim_link **links;
  size_t n, cap;
} sim_ends;

typedef struct sim_net {
  sim_link **links; /* those of which an end still knows */
  size_t n, cap, next_id;
  sim_link **by_id; /* of every id there ever was; NULL: it is over */
  size_t cap_id;
  sim_ends of[SIM_CITIZENS_MAX];
  uint64_t latency_min, latency_max, jitter_max;
  uint64_t bytes_per_ms;
  unsigned refuse_per_mille;         /* dials that fail for no reason */
  unsigned deaf_per_mille;           /* of the ends of a break, those that never learn of it */
  bool is_hidden[SIM_CITIZENS_MAX];  /* nobody can dial them */
  unsigned island[SIM_CITIZENS_MAX]; /* citizens on different islands do not hear of each other */
  uint64_t dials, breaks, bytes;
} sim_net;

void sim_net_init(sim_world *w);
void sim_net_done(sim_world *w);

/* NULL when both ends are done with it. */
sim_link *sim_net_link(const sim_world *w, size_t id);

/* Where house N is. */
void sim_net_address(unsigned house, char ret[SIM_ADDRESS]);

/* What a core asks for. */
void sim_net_dial(sim_world *w, unsigned who, uint64_t number, const vls_slice *list, size_t n);
void sim_net_send(sim_world *w, unsigned who, uint64_t number, vls_slice bytes);
void sim_net_close(sim_world *w, unsigned who, uint64_t number);
void sim_net_pause(sim_world *w, unsigned who, uint64_t number, bool paused);

/* What happens to links. */
void sim_net_opened(sim_world *w, size_t id, unsigned side);
void sim_net_arrive(sim_world *w, size_t id, unsigned side, uint64_t count);
void sim_net_read(sim_world *w, size_t id, unsigned side);
void sim_net_shut(sim_world *w, size_t id, unsigned side, sim_end_of how);

/* Faults. */
/* Cuts a link: what is in flight is lost, each end learns later, or never. */
void sim_net_break(sim_world *w, sim_link *link);
/* The node is gone: its ends die with it, the others learn in their own time. */
void sim_net_node_died(sim_world *w, unsigned who);
/* Citizens change islands: links across them stall or break. sim_net_heal undoes it. */
void sim_net_part(sim_world *w, unsigned who, unsigned island);
void sim_net_heal(sim_world *w);
/* Nobody can dial `who` from outside, or everybody can. */
void sim_net_nat(sim_world *w, unsigned who, bool behind);
/* This side closes in an orderly way: the other learns after the last byte on its way. */
void sim_net_abandon(sim_world *w, sim_link *link, unsigned side);
/* A connection by a stranger to a citizen's node; NULL when the node is off. */
sim_link *sim_net_intrude(sim_world *w, unsigned whom);
void sim_net_intrude_send(sim_world *w, sim_link *link, vls_slice bytes);
/* Bytes for one end, whoever they come from. */
void sim_net_put(sim_world *w, sim_link *link, unsigned to, vls_slice bytes);

#endif
