/* A group of the simulator's citizens: what its members say and do, what may be read by whom, and
 * what must hold of it. It is kept beside the nodes from what their clients were told; the group
 * itself is in the nodes alone. */
#ifndef VALISE_SIM_CLUB_H
#define VALISE_SIM_CLUB_H

#include "net.h"
#include "proto/rpc.h"
#include "rng.h"

enum {
  SIM_CLUB_TEXTS = 480, /* one page of message.list */
  SIM_CLUB_BITS = SIM_CITIZENS_MAX / 64,
  SIM_CLUB_NAME = 24, /* bytes of a citizen's name */
  SIM_CLUB_HOURS = 3, /* of peace, and everybody knows everything */
  SIM_CLUB_LATE_S = 3600 * SIM_CLUB_HOURS,
  SIM_CLUB_CORE_BYTES = 8 << 20,   /* heap of a core in a group, whatever happens to it ... */
  SIM_CLUB_MEMBER_BYTES = 1 << 20, /* ... and for each member of the group */
};

typedef struct sim_person sim_person;

/* One text to the group. */
typedef struct sim_saying {
  unsigned from;
  uint64_t to[SIM_CLUB_BITS]; /* members, by what the author's node knew when it said it */
  size_t size;
  uint64_t n;       /* its number at the author's node; 0: no answer came */
  bool is_acked;    /* the author's node has it */
  bool is_unsure;   /* no answer: it may be there or not */
  bool is_refused;  /* it is nowhere */
  bool is_open;     /* to whom it was said is not known */
  uint64_t said_at; /* ms of the world */
} sim_saying;

typedef struct sim_club {
  char name[2 * SIM_CLUB_NAME];
  uint8_t gid[32];
  unsigned founder;
  bool by_hand;                             /* people are let in without invitations */
  bool is_founded, has_history, was_strict; /* ... at some time: only moderators may write */
  sim_saying said[SIM_CLUB_TEXTS];
  size_t n_said;
  char link[1201]; /* an invitation for whoever has it; "": none */
  /* what befalls it */
  sim_rng rng;
  bool is_over;               /* people have no more ideas */
  unsigned act_mean_s;        /* seconds between two ideas of one citizen */
  unsigned acts_left;         /* of all together */
  unsigned on_mean_s;         /* Weibull sessions: seconds that a node is on; 0: always */
  unsigned off_mean_s;        /* ... and off */
  unsigned split_mean_s;      /* seconds between two times that the world falls in two; 0: never */
  unsigned trouble_per_mille; /* of ideas: levels, removals, rules */
  bool excused[SIM_CITIZENS_MAX]; /* their words need not be shown */
  bool is_foe[SIM_CITIZENS_MAX];  /* their node was taken over: nobody asks it */
  unsigned n_foes;                /* to come */
  uint64_t copied_at;             /* ms of the world: somebody's data may go back to this */
  char names[SIM_CITIZENS_MAX][SIM_CLUB_NAME];
  uint64_t asked, refused, unanswered; /* calls about the group */
} sim_club;

/* A call of this person's and its answer, at once. False when there was none: then it may have
 * happened or not. error is empty when it went well, else its stable name. */
typedef struct sim_answer {
  char error[64];
  vls_slice result; /* good until the next call */
} sim_answer;
bool sim_club_call(sim_world *w, unsigned who, const char *method, const vls_wire_def *def,
                   const void *params, sim_answer *ret);
/* Decodes a result, or a part of one, which must be as rpc.def has it. */
void sim_club_decode(sim_world *w, const vls_wire_def *def, vls_slice in, void *ret);

/* What this node says of the group. False: it cannot be asked, or knows no such group. */
bool sim_club_get(sim_world *w, unsigned who, vls_rpc_group *ret);
bool sim_club_is(vls_slice state, const char *word);
/* True when this node says it is in the group. */
bool sim_club_is_in(sim_world *w, unsigned who);
typedef struct sim_members {
  size_t n;
  unsigned who[SIM_CITIZENS_MAX]; /* SIM_STRANGER: somebody who is no citizen */
  uint8_t level[SIM_CITIZENS_MAX];
  uint64_t hash; /* of ids and levels in their order */
} sim_members;
bool sim_club_members(sim_world *w, unsigned who, sim_members *ret);
bool sim_club_has(const uint64_t set[SIM_CLUB_BITS], unsigned who);

/* Somebody begins it. */
void sim_club_found(sim_world *w, unsigned founder, const char *name, bool has_history);
/* A text of `size` bytes by this person to the group. */
void sim_club_say(sim_world *w, unsigned who, size_t size);
/* What the text says: always the same for the same number. */
void sim_club_text(const sim_club *club, size_t number, vls_buf *out);
/* Which of them a text is, to the last byte; fails the world when it is none. */
size_t sim_club_recognise(sim_world *w, vls_slice text);

/* club_life.c: people's ideas and sessions, and the weather of a group. */
void sim_club_begin(sim_world *w);
void sim_club_idea(sim_world *w, unsigned who);
void sim_club_session(sim_world *w, unsigned who);
void sim_club_split(sim_world *w);
/* club_foe.c: a node that was taken over says what no node would say. */
void sim_club_turn(sim_world *w, unsigned who);
void sim_club_foe(sim_world *w, unsigned who);
/* Somebody's data went back to when it was copied. */
void sim_club_went_back(sim_world *w, unsigned who);
/* club_hand.c */
void sim_club_bring(sim_world *w, unsigned host, unsigned guest);
/* One tries to get another in: invites, and the other joins when it knows. */
void sim_club_invite(sim_world *w, unsigned who, unsigned other);
void sim_club_join(sim_world *w, unsigned who);

/* club_check.c: a text of the group was announced or listed. */
void sim_club_heard(sim_world *w, unsigned who, vls_slice text, vls_slice author, bool is_mine);
/* Everybody is home and nobody has ideas any more: all members end with the same members, levels
 * and history, and nobody reads what they may not. */
void sim_club_check(sim_world *w);

/* club_world.c: a world with a group for every seed, until it is at peace. n 0: by the dice. */
void sim_club_world(sim_world *w, unsigned n);

#endif
