/* Errors: one list. Each says whose fault it was, how the command line reports it, and the
 * words a person reads. Values are stable: 0 ok, > 0 "not now", < 0 failure. */
#ifndef VALISE_ERR_H
#define VALISE_ERR_H

#define VLS_MUST __attribute__((warn_unused_result))

/* X(NAME, value, exit code of the client, stable string, text) */
#define VLS_ERR_LIST(X)                                                                            \
  X(OK, 0, 0, "ok", "done")                                                                        \
  X(AGAIN, 1, 1, "again", "more input is needed")                                                  \
  X(BUSY, 2, 7, "busy", "too much is under way; try again shortly")                                \
  X(DUPLICATE, 3, 1, "duplicate", "this was here before")                                          \
  X(MALFORMED, -1, 1, "malformed", "the bytes do not follow the format")                           \
  X(FORGED, -2, 1, "forged", "a signature or seal does not verify")                                \
  X(TOO_BIG, -3, 2, "too_big", "larger than allowed")                                              \
  X(UNKNOWN, -4, 1, "unknown", "no key here opens this")                                           \
  X(STALE, -5, 1, "stale", "too old, or replayed")                                                 \
  X(NOT_FOUND, -6, 4, "not_found", "there is no such thing here")                                  \
  X(EXISTS, -7, 1, "exists", "there is one already")                                               \
  X(USAGE, -8, 2, "usage", "the request is not understood")                                        \
  X(IDENTITY_CHANGED, -9, 5, "identity_changed", "the identity is not the one known here")         \
  X(LIMITED, -10, 7, "rate_limited", "a limit is reached")                                         \
  X(STORAGE, -11, 9, "storage", "the store cannot be read or written")                             \
  X(FULL, -12, 9, "disk_full", "the disk is full")                                                 \
  X(NEWER, -13, 9, "newer", "the store was written by a newer version")                            \
  X(LOCKED, -14, 9, "in_use", "another node has this store open")                                  \
  X(EXPIRED, -15, 1, "expired", "its time has passed")                                             \
  X(USED, -16, 1, "used", "it was used already and works only once")                               \
  X(STATE, -17, 1, "state", "not possible in the present state")                                   \
  X(TIMEOUT, -18, 6, "timeout", "timed out, still queued")                                         \
  X(NO_DAEMON, -19, 3, "no_daemon", "valised is not running")                                      \
  X(PARTLY, -20, 8, "partly", "done for some, not for all")                                        \
  X(SYSTEM, -21, 1, "system", "the system refused")                                                \
  X(NODE_LOCKED, -22, 9, "locked", "the node is locked")                                           \
  X(PASSPHRASE, -23, 1, "wrong_passphrase", "the passphrase is not the right one")                 \
  X(DAMAGED, -24, 9, "damaged", "the store is damaged")

typedef enum vls_err {
#define X(name, value, exit_code, string, text) VLS_##name = value,
  VLS_ERR_LIST(X)
#undef X
} vls_err;

/* The stable string ("not_found"), the text a person reads, the client's exit code. */
const char *vls_err_name(vls_err err);
const char *vls_err_text(vls_err err);
int vls_err_exit(vls_err err);
/* The error whose stable string is `name`; VLS_SYSTEM when there is none. */
vls_err vls_err_from_name(const char *name);

#endif
