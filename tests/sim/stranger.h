/* Somebody who has no business here: listens to the first flight of honest handshakes, and knocks
 * with noise, with a replay, with half of one, with one changed bit. Must get not one byte, and
 * learn nothing from when the connection ends. */
#ifndef VALISE_SIM_STRANGER_H
#define VALISE_SIM_STRANGER_H

#include "net.h"
#include "rng.h"

enum {
  SIM_FLIGHTS = 8,       /* recordings kept */
  SIM_FLIGHT_MAX = 8192, /* bytes of one */
  SIM_SILENCE_S = 60,    /* a node reads on that long before it closes */
};

typedef struct sim_flight {
  size_t link;
  unsigned from, to;
  bool is_answered; /* only then has the node it was meant for seen it for sure */
  size_t n;
  uint8_t bytes[SIM_FLIGHT_MAX];
} sim_flight;

typedef struct sim_stranger {
  sim_rng rng;
  sim_flight flight[SIM_FLIGHTS];
  unsigned next;
  uint64_t knocks, replays;
} sim_stranger;

/* A line is tapped: bytes from one end of a link. */
void sim_stranger_overhear(sim_world *w, const sim_link *link, unsigned side, vls_slice bytes);
/* Whose data went back has forgotten which knocks it has seen: recordings of them are no strangers'
 * affair any more, since one of them may be answered (SECURITY.md). */
void sim_stranger_forget(sim_world *w, unsigned to);
/* The node closes a stranger's connection. */
void sim_stranger_closed(sim_world *w, const sim_link *link);
/* Knocks at somebody's. */
void sim_stranger_knock(sim_world *w);
/* Knocks with the newest answered flight, exactly as it was. False when there is none. */
bool sim_stranger_replay(sim_world *w, unsigned whom);
/* The connection of this number goes on: more noise, or the end. */
void sim_stranger_goes_on(sim_world *w, size_t id, bool leaves);

#endif
