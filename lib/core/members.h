/* Members of groups who are no contacts (PEER 4.11): peers with links of their own, under keys that
 * follow from the keys of two devices alone, and that no disk has. Such a link carries what groups
 * say, and cards. Contacts who are in a group with me have these keys as well: it may be that they
 * know me as a member only. */
#ifndef VALISE_CORE_MEMBERS_H
#define VALISE_CORE_MEMBERS_H

#include "core/core_int.h"

enum {
  VLS_MEMBER_DEVICES = 8,              /* of one citizen, whose keys are tried */
  VLS_MEMBER_KEYS = 12,                /* pairs of a device of theirs and one of mine */
  VLS_MEMBERS_MAX = 20000,             /* citizens with such keys; with others there is no link */
  VLS_MEMBER_NAME = VLS_NAME_MAX + 16, /* bytes of vls_member_name */
  VLS_MEMBER_MARK = '~',               /* begins it; no petname begins so, ... */
  VLS_GROUP_MARK = '@',                /* ... nor like a group */
  VLS_MEMBER_TRY = 4, /* of so many dials of a contact in vain, the last is as to a member */
};

/* Of the links between a device of mine and one of theirs. */
typedef struct vls_member_key {
  uint8_t dh[32]; /* theirs */
  uint8_t knock[32], psk[32];
} vls_member_key;

typedef struct vls_member {
  uint32_t circles;                        /* groups of mine that they are in */
  bool wanted;                             /* a link with them is */
  bool card_news;                          /* their card is newer since the batch began */
  uint8_t devices[VLS_MEMBER_DEVICES][32]; /* X25519, by the acts of these groups */
  size_t n_devices;
  uint8_t next[VLS_MEMBER_DEVICES][32]; /* the same, being counted */
  size_t n_next;
  vls_member_key keys[VLS_MEMBER_KEYS];
  size_t n_keys;
} vls_member;

/* VLS_FORGED: theirs is no key that two can agree with. */
VLS_MUST vls_err vls_member_key_make(vls_member_key *ret, const vls_dh_pair *mine,
                                     const uint8_t theirs[32]);

/* They are in a group of mine with these devices: their keys are tried from now on. A citizen whose
 * contact was removed, or who never was one, is in the state MEMBER then. */
void vls_member_is(vls_core *core, vls_peer *peer, const uint8_t (*devices)[32], size_t n);
/* They are in none any more. */
void vls_member_left(vls_core *core, vls_peer *peer);
/* In turn: nothing of them is counted yet; they are in a group with this device (first: the first
 * of theirs there); that was all, and is so from now on. */
void vls_member_count(vls_peer *peer);
void vls_member_seat(vls_core *core, vls_peer *peer, const uint8_t device[32], bool first);
void vls_member_counted(vls_core *core, vls_peer *peer);
/* The keys are made anew: devices of theirs or of mine changed. */
void vls_member_refresh(vls_core *core, vls_peer *peer);
void vls_member_free(vls_peer *peer);

/* Tries the keys on a knock; NULL: none opens it. */
const vls_member_key *vls_member_try(vls_core *core, vls_conn *conn, const vls_peer *peer);
/* Is this one of the devices that groups name? */
bool vls_member_has(const vls_peer *peer, const uint8_t dh[32]);
/* The next dial goes by the keys of members. */
bool vls_member_dials(const vls_peer *peer);
/* A link with this device of theirs; after dials in vain every second one by the keys of a device
 * that I had before, since they may not know this one yet. */
vls_link *vls_member_dial(vls_core *core, const vls_peer *peer, const uint8_t dh[32]);
/* Their card, newer than any that was here. */
void vls_member_card(vls_core *core, vls_peer *peer, const vls_card_view *view, vls_slice card);
/* Becomes a contact: links as a member end. */
void vls_member_promote(vls_core *core, const vls_peer *peer);
/* What people are shown: the petname; else "~", what their card says, and the beginning of their
 * id: no petname begins like that. */
void vls_member_name(const vls_peer *peer, char ret[VLS_MEMBER_NAME]);

#endif
