/* What the lock has done beside the loop. A job holds passphrases and keys: it lives in guarded
 * memory and is wiped as it ends. */
#ifndef VALISE_DAEMON_LOCK_JOB_H
#define VALISE_DAEMON_LOCK_JOB_H

#include <uv.h>

#include "daemon/keys.h"
#include "daemon/migrate.h"
#include "daemon/salvage.h"

struct vls_daemon;

typedef enum vls_job_kind {
  VLS_JOB_UNLOCK,     /* keys, passphrase -> key */
  VLS_JOB_PASSPHRASE, /* keys, passphrase or credential -> keys with another passphrase */
  VLS_JOB_CREDENTIAL, /* keys, passphrase or credential -> keys with or without a credential */
  VLS_JOB_FIRST,      /* passphrase or credential -> key, keys */
  VLS_JOB_MIGRATE,    /* key, keys -> the store, encrypted */
  VLS_JOB_SALVAGE,    /* key, keys -> what can be read of the store, in its place */
} vls_job_kind;

typedef struct vls_secret_text {
  size_t n; /* 0: none */
  uint8_t p[VLS_PASSPHRASE_MAX];
} vls_secret_text;

typedef struct vls_job {
  uv_work_t req;
  struct vls_daemon *d;
  vls_job_kind kind;
  uint64_t client, msgid;
  vls_secret_text passphrase, fresh; /* one that opens; the new one */
  bool use;                          /* CREDENTIAL: add it, not remove it */
  size_t n_credential;
  uint8_t credential[VLS_CREDENTIAL_ROOM];
  uint8_t key[32], seed[3][32];
  vls_keyfile keys;
  int log_fd;
  const vls_paths *paths;
  bool is_sealed, look_first; /* SALVAGE */
  uint64_t now_ms;
  vls_rescued rescued;
  vls_err err; /* of the work; with why */
  vls_trouble why;
} vls_job;

/* With fresh seeds. VLS_SYSTEM: the system gives none. */
VLS_MUST vls_err vls_job_new(vls_job **ret_job, struct vls_daemon *d, vls_job_kind kind,
                             vls_trouble *ret_why);
void vls_job_free(vls_job *job);
/* Copies a passphrase of a call; its table bounds it. */
void vls_job_take(vls_secret_text *ret, vls_slice passphrase);
/* The work itself, for the thread: fills err and why. VLS_PASSPHRASE: it is not the right one. */
void vls_job_work(vls_job *job);
/* Whether a slot of this kind is there. */
bool vls_job_has(const vls_keyfile *keys, vls_keyslot_kind kind);
/* Overwrites what functions that are over may have left on the stack. */
void vls_job_scrub(void);

#endif
