/* The node without I/O: a deterministic state machine. The same seed and the same inputs give the
 * same outputs. One thread; no callbacks. The owner of the loop does, over and over:
 *
 *   vls_core_feed(...) for each thing that happened (at most VLS_BATCH_INPUTS), vls_core_tick(...)
 *   if (vls_core_seal(core, now)) vls_core_committed(core, vls_store_commit(store));
 *   while (vls_core_poll(core, &out)) perform(out);
 *
 * so that nothing leaves before what it depends on is on disk. */
#ifndef VALISE_CORE_H
#define VALISE_CORE_H

#include "valise/store.h"
#include "valise/types.h"

enum {
  VLS_BATCH_INPUTS = 256,   /* inputs before the owner seals */
  VLS_BATCH_MS = 5,         /* or so long after the first one */
  VLS_CLIENTS_MAX = 64,     /* client connections */
  VLS_LINKS_MAX = 4096,     /* links, both ways, strangers among them */
  VLS_STRANGERS_MAX = 1024, /* links whose knock is not yet known */
  VLS_ADDRESSES_MAX = 8,    /* in a card, and of one dial */
};

typedef struct vls_core vls_core;

typedef struct vls_core_conf {
  vls_store *store;         /* borrowed; outlives the core */
  const uint8_t *seed;      /* 32 bytes of entropy */
  const char *version;      /* of the daemon, for hello and status */
  unsigned items_per_event; /* 1..64; 0 for 64 */
  bool random_first;        /* links begin with random bytes instead of text (PEER 4.10) */
  uint64_t history_max;     /* bytes that the words of one contact may take; 0 for 1 GiB */
  bool no_read_receipts;    /* never tell others that their texts were shown */
  bool no_room;             /* the disk is full: as after VLS_IN_NO_ROOM */
} vls_core_conf;

/* Input kinds. Links are numbered by whoever starts them: dials by the core (top bit clear),
 * accepted connections by the daemon with VLS_LINK_ACCEPTED set. A number is used once. */
#define VLS_LINK_ACCEPTED (UINT64_C(1) << 63)

typedef enum vls_input_type {
  VLS_IN_OPENED,  /* link: connected (after DIAL) or accepted; text: the peer's address, for people
                   */
  VLS_IN_BYTES,   /* link, bytes */
  VLS_IN_CLOSED,  /* link: gone, or the dial failed; text: why, for people */
  VLS_IN_COMMAND, /* client, msgid, text: method, bytes: params, the msgpack array as received */
  VLS_IN_GREETED, /* client: its hello was answered while there was no core */
  VLS_IN_GONE,    /* client: disconnected */
  VLS_IN_FULL,    /* client: it reads slowly; send it no notifications until IN_DRAINED */
  VLS_IN_DRAINED, /* client */
  VLS_IN_ENTROPY, /* bytes: at least 32 fresh ones, for keys and for nonces; once a batch */
  VLS_IN_ADDRESSES, /* list: what others can reach this node at, for card and invitations (<= 8);
                       list2: what it listens on, for status (<= 16) */
  VLS_IN_NETWORK,   /* the network changed: dial again at once */
  VLS_IN_CONFIG,    /* conf: the fields after `version` but no_room have new values */
  VLS_IN_NO_ROOM,   /* the disk is full, or about to be; after a seal. Links end, so that others
                       keep what they have for us; what would be written is refused with VLS_FULL,
                       and nothing is; what only reads goes on */
  VLS_IN_ROOM,      /* there is room again */
} vls_input_type;

typedef struct vls_input {
  vls_input_type type;
  uint64_t link;
  uint64_t client; /* chosen by the daemon, never 0, used once */
  uint64_t msgid;
  vls_slice text, bytes;
  const vls_slice *list, *list2;
  size_t n_list, n_list2;
  const vls_core_conf *conf;
} vls_input;

typedef enum vls_output_type {
  VLS_OUT_DIAL,   /* link, list: addresses "host:port", best first; answer IN_OPENED or IN_CLOSED */
  VLS_OUT_SEND,   /* link, bytes */
  VLS_OUT_CLOSE,  /* link: after what was sent before is written; no IN_CLOSED follows. Links in the
                     state of silence are never closed by the core before their time */
  VLS_OUT_PAUSE,  /* link: stop reading from it */
  VLS_OUT_RESUME, /* link: read again */
  VLS_OUT_REPLY,  /* client, bytes: one complete MessagePack-RPC response */
  VLS_OUT_NOTIFY, /* client, bytes: one complete MessagePack-RPC notification */
  VLS_OUT_LOG,    /* level, text: an event worth a line in the log; no secrets, no message text;
                     bytes of peers in it are escaped by the core */
} vls_output_type;

typedef enum vls_level { VLS_DEBUG, VLS_INFO, VLS_NOTICE, VLS_WARNING, VLS_ERROR } vls_level;

/* Everything a slice points at is the core's, good until the next call to any vls_core function. */
typedef struct vls_output {
  vls_output_type type;
  uint64_t link, client;
  vls_slice bytes, text;
  const vls_slice *list;
  size_t n_list;
  vls_level level;
} vls_output;

/* Reads what it needs from the store. Errors as vls_store_open. */
VLS_MUST vls_err vls_core_new(vls_core **ret_core, const vls_core_conf *conf, vls_now now);
/* What peers and clients get wrong never returns: it becomes an output. VLS_STORAGE or VLS_FULL:
 * the core is poisoned; free it, roll back, exit. Borrows the input for the call. */
VLS_MUST vls_err vls_core_feed(vls_core *core, const vls_input *in, vls_now now);
/* True when a PAUSE for this link is among the outputs of this batch: who does not wait for it and
 * reads no more from the link at once, keeps others from waiting for what that brings. */
bool vls_core_has_enough(const vls_core *core, uint64_t link);
/* Timers. Call when vls_core_deadline has passed; harmless before. Errors as feed. */
VLS_MUST vls_err vls_core_tick(vls_core *core, vls_now now);
/* Absolute mono_ms of the next timer, or VLS_NEVER. */
uint64_t vls_core_deadline(const vls_core *core);
/* Ends the batch: joins what waits into events, signs, seals, queues outputs. True: commit first.
 */
bool vls_core_seal(vls_core *core, vls_now now);
/* The result of the commit, or of what failed on the way to it. Anything but VLS_OK poisons the
 * core: poll gives the error as the answer to each call of the batch, and nothing else any more. */
void vls_core_committed(vls_core *core, vls_err result);
/* True when the core can't go on; `vls_store_problem` says why. */
bool vls_core_poisoned(const vls_core *core);
/* The next output of sealed and committed batches, in order; false when there is none. */
bool vls_core_poll(vls_core *core, vls_output *ret_out);
/* SIGTERM: says goodbye on every link (outputs follow after the next seal), starts nothing new. */
void vls_core_drain(vls_core *core, vls_now now);
/* Takes NULL. */
void vls_core_free(vls_core *core);

#endif
