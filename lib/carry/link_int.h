/* Inside of a link, shared by link.c (handshake) and frame.c (what follows). */
#ifndef VALISE_CARRY_LINK_INT_H
#define VALISE_CARRY_LINK_INT_H

#include "base/sm.h"
#include "carry/link.h"

/* The first byte of a frame's payload (PEER 4.7). */
typedef enum vls_frame_type {
  VLS_FRAME_CLOSE = 0,
  VLS_FRAME_AUTH = 1,
  VLS_FRAME_RECORD = 2,      /* the last or only part of a record */
  VLS_FRAME_RECORD_PART = 3, /* more of it follows */
  VLS_FRAME_ACK = 4,
  VLS_FRAME_DECOY = 5,
  VLS_FRAME_CARD = 6,
  VLS_FRAME_STATE = 7,
  VLS_FRAME_RETURN = 8, /* the last or only part, as of a record */
  VLS_FRAME_GROUP = 9,  /* likewise */
} vls_frame_type;

struct vls_link {
  vls_sm sm;
  bool initiator, answered, awaits_approval;
  bool text;      /* the first flight comes in its printable form */
  bool assembled; /* `assembly` was handed out and is done with */
  vls_dh_pair s;
  const vls_dh_pair *formers; /* tried after s; not owned */
  size_t n_formers;
  bool by_former;
  uint8_t knock[32], psk[32], confirm[32];
  vls_knock opened;
  vls_noise noise;
  vls_cipher send, recv;
  vls_buf in, out, transcript, assembly;
  size_t in_at;      /* bytes of `in` already used */
  size_t clear;      /* bytes of the first flight that are clear, at the front of `in` */
  size_t frame_size; /* of the frame whose length is known; 0: none */
  uint64_t started, sent, received;
};

uint8_t *vls_link_take(vls_link *link, size_t n);
VLS_MUST vls_err vls_link_frame(vls_link *link, vls_frame_type type, vls_slice body);
VLS_MUST vls_err vls_link_read_frame(vls_link *link, vls_link_event *ret);

#endif
