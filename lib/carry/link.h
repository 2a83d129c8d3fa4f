/* A link (PEER 4): one hop between two nodes over any byte stream. Knock, Noise XKpsk3, then
 * frames. No I/O: bytes in by feed, bytes out in vls_link_out, what happened by vls_link_next. It
 * carries opaque records and knows neither author nor kind. */
#ifndef VALISE_CARRY_LINK_H
#define VALISE_CARRY_LINK_H

#include "crypto/knock.h"
#include "crypto/noise.h"
#include "proto/peer.h"

enum {
  VLS_LINK_HELLO_MAX = 4096,    /* bytes buffered before the link is up */
  VLS_LINK_IN_MAX = 192 * 1024, /* bytes buffered afterwards */
  VLS_LINK_OUT_MAX = 4 << 20,   /* bytes waiting for the daemon */
  VLS_FRAME_MAX = 65519,        /* payload of one frame */
  VLS_LINK_GROUP_MAX = 79936,   /* of a group, in parts: what a group_frame takes */
  VLS_LINK_SKEW_S = 24 * 3600,  /* how wrong a knock's time may be */
};
#define VLS_LINK_LIFE_MS (UINT64_C(2) * 3600 * 1000) /* then a fresh handshake ... */
#define VLS_LINK_LIFE_BYTES (UINT64_C(1) << 30)      /* ... or after so many bytes */

typedef enum vls_close_reason {
  VLS_CLOSE_BYE = 1,
  VLS_CLOSE_REKEY = 2,      /* dial again at once */
  VLS_CLOSE_USED = 3,       /* the invitation was used by somebody else */
  VLS_CLOSE_EXPIRED = 4,    /* the invitation has expired */
  VLS_CLOSE_SUPERSEDED = 5, /* another link between us took over */
  VLS_CLOSE_BUDGET = 6,     /* too much, too fast */
} vls_close_reason;

typedef struct vls_link vls_link;

typedef enum vls_link_state {
  VLS_LINK_KNOCK,     /* accepted: waiting for a knock; dialled: waiting for the answer */
  VLS_LINK_HANDSHAKE, /* the knock was ours */
  VLS_LINK_AUTH,      /* keys agreed; the first frame must confirm the handshake */
  VLS_LINK_UP,
  VLS_LINK_SILENT, /* a stranger: read and forget, answer nothing */
  VLS_LINK_CLOSED,
} vls_link_state;

/* The dialling side; message 1 is in vls_link_out at once. Keys are borrowed for the call. psk: 32
 * bytes, zeros before there is a session. */
vls_link *vls_link_dial(const vls_dh_pair *s, const uint8_t rs[32], const uint8_t knock[32],
                        const uint8_t psk[32], vls_rng *rng, vls_now now);
/* Right after vls_link_dial: the first flight leaves in its printable form (PEER 4.10). */
void vls_link_print(vls_link *link);
/* The accepting side; takes either form. */
vls_link *vls_link_accept(const vls_dh_pair *s, vls_now now);
void vls_link_free(vls_link *link);

/* Takes bytes from the stream. VLS_TOO_BIG: more than a peer may send before being answered. */
VLS_MUST vls_err vls_link_feed(vls_link *link, vls_slice bytes);

typedef enum vls_link_event_type {
  VLS_LINK_EV_KNOCK, /* accepting: try keys with vls_link_try, then admit or silence */
  VLS_LINK_EV_PEER,  /* accepting: vls_link_peer is known; approve or free */
  VLS_LINK_EV_UP,
  VLS_LINK_EV_RECORD, /* bytes */
  VLS_LINK_EV_ACK,    /* count */
  VLS_LINK_EV_CARD,   /* bytes */
  VLS_LINK_EV_STATE,  /* bytes: an encoded frame_state */
  VLS_LINK_EV_RETURN, /* bytes: an encoded frame_return */
  VLS_LINK_EV_GROUP,  /* bytes: a group_frame; counted in ACK as a record */
  VLS_LINK_EV_CLOSE,  /* count: a vls_close_reason, or 255 */
} vls_link_event_type;

typedef struct vls_link_event {
  vls_link_event_type type;
  vls_slice bytes; /* good until the next feed or next */
  uint64_t count;
} vls_link_event;

/* Bytes taken from the stream and not yet dealt with. */
size_t vls_link_buffered(const vls_link *link);
/* The next thing that happened. VLS_AGAIN: nothing until more bytes come. VLS_MALFORMED,
 * VLS_FORGED, VLS_TOO_BIG: the peer broke the protocol; free the link. */
VLS_MUST vls_err vls_link_next(vls_link *link, vls_rng *rng, vls_now now, vls_link_event *ret);

/* After EV_KNOCK: does this key open it? VLS_UNKNOWN: no. VLS_MALFORMED: yes, and it is broken. */
VLS_MUST vls_err vls_link_try(vls_link *link, const uint8_t knock[32]);
/* Of the knock that opened: its nonce (24 bytes) and whether its time is acceptable (PEER 4.3). */
const uint8_t *vls_link_nonce(const vls_link *link);
bool vls_link_fresh(const vls_link *link, vls_now now);
/* Goes on with the handshake under this psk. */
void vls_link_admit(vls_link *link, const uint8_t psk[32]);
/* Accepting: keys under which this node was called before; borrowed while the link lives. */
void vls_link_formers(vls_link *link, const vls_dh_pair *keys, size_t n);
/* True when the caller called one of those. */
bool vls_link_by_former(const vls_link *link);
void vls_link_silence(vls_link *link);
/* After EV_PEER: the caller's static key, 32 bytes. */
const uint8_t *vls_link_peer(const vls_link *link);
void vls_link_approve(vls_link *link);

/* Bytes for the stream; the caller drops what it took. */
vls_buf *vls_link_out(vls_link *link);
vls_link_state vls_link_state_of(const vls_link *link);
const char *vls_link_state_name(const vls_link *link);
/* Only while up. VLS_TOO_BIG: the peer reads too slowly; close. */
VLS_MUST vls_err vls_link_send_record(vls_link *link, vls_slice record);
VLS_MUST vls_err vls_link_send_ack(vls_link *link, uint64_t count);
VLS_MUST vls_err vls_link_send_card(vls_link *link, vls_slice card);
VLS_MUST vls_err vls_link_send_state(vls_link *link, const vls_frame_state *state);
VLS_MUST vls_err vls_link_send_return(vls_link *link, const vls_frame_return *event);
/* An encoded group_frame. */
VLS_MUST vls_err vls_link_send_group(vls_link *link, vls_slice frame);
/* Once it is up: SHA256 of all handshake bytes, 32 of them, the same at both ends and on no other
 * link. */
const uint8_t *vls_link_hash(const vls_link *link);
/* A frame the peer ignores: keeps the way open, hides silence. n bytes of it, at most 1024. */
VLS_MUST vls_err vls_link_send_decoy(vls_link *link, size_t n);
/* Says why, if it can, and is closed. */
void vls_link_close(vls_link *link, vls_close_reason reason);
/* True when it is time for a fresh handshake. */
bool vls_link_worn(const vls_link *link, vls_now now);

#endif
