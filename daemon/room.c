#include "daemon/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/notify.h"

enum { KIB = 1024, PAGE = 4096, LOG_LEAST = 16 };

/* Free bytes, as they are for us; *ret_all: of the disk. False: nobody knows, and then only a write
 * that fails tells. */
static bool ask(const vls_daemon *d, uint64_t *ret_free, uint64_t *ret_all) {
  struct statvfs fs;
  if (statvfs(d->paths.data, &fs) != 0) return false;
  uint64_t unit = fs.f_frsize > 0 ? fs.f_frsize : fs.f_bsize;
  *ret_free = (uint64_t)fs.f_bavail * unit;
  *ret_all = (uint64_t)fs.f_blocks * unit;
  return *ret_all > 0;
}

static bool is_low(const vls_daemon *d, uint64_t floor) {
  uint64_t left, all;
  return ask(d, &left, &all) && left < floor;
}

static void reserve_path(const vls_daemon *d, char *ret, size_t n) {
  snprintf(ret, n, "%s/reserve", d->paths.data);
}

static void drop_reserve(const vls_daemon *d) {
  char path[VLS_PATH_MAX + 16];
  reserve_path(d, path, sizeof path);
  unlink(path);
}

/* True when it is there, whole: a quota, a limit of the process or a disk that says nothing about
 * itself shows here. */
static bool keep_reserve(const vls_daemon *d) {
  char path[VLS_PATH_MAX + 16];
  uint64_t most = VLS_ROOM_RESERVE_MAX;
  off_t size = (off_t)(d->room.floor < most ? d->room.floor : most);
  struct stat st;
  reserve_path(d, path, sizeof path);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno != ENOSPC && errno != EDQUOT; /* for want of descriptors: not of room */
  bool whole = fstat(fd, &st) == 0 && st.st_size == size && st.st_blocks * 512 >= size;
  if (!whole) whole = posix_fallocate(fd, 0, size) == 0 && fsync(fd) == 0;
  if (whole && st.st_size > size) whole = ftruncate(fd, size) == 0;
  close(fd);
  if (!whole) unlink(path);
  return whole;
}

void vls_room_start(vls_daemon *d) {
  uv_timer_init(&d->loop, &d->room.retry);
  d->room.retry.data = d;
}

void vls_room_before(vls_daemon *d) {
  vls_room *r = &d->room;
  uint64_t left = 0, all = 0, most = vls_config_num(&d->config, VLS_KEY_STORE_KEEP_FREE_KIB) * KIB;
  r->floor = VLS_ROOM_LEAST;
  if (ask(d, &left, &all) && all / VLS_ROOM_PART > r->floor) r->floor = all / VLS_ROOM_PART;
  if (r->floor > most) r->floor = most;
  if (left < r->floor || r->failed) drop_reserve(d);
}

/* Both are needed: what the disk says, and a write that it takes. */
static bool find_room(vls_daemon *d) {
  vls_store_checkpoint(d->store);
  return !is_low(d, d->room.floor + d->room.floor / 2) && keep_reserve(d);
}

void vls_room_measure(vls_daemon *d) {
  uint64_t pages = d->room.floor / PAGE;
  vls_store_limit_log(d->store, pages < LOG_LEAST ? LOG_LEAST : (unsigned)pages);
  d->room.low = !find_room(d) || d->room.failed;
  d->room.failed = false;
}

static void on_retry(uv_timer_t *timer) {
  vls_daemon *d = timer->data;
  vls_room *r = &d->room;
  if (d->batch.dead || d->core == NULL) return;
  bool found = find_room(d);
  if (vls_store_is_spent(d->store)) {
    vls_batch_end(d);
    vls_batch_replace(d);
    return;
  }
  if (!found) {
    r->wait_ms = r->wait_ms * 2 < VLS_ROOM_AGAIN_MAX_MS ? r->wait_ms * 2 : VLS_ROOM_AGAIN_MAX_MS;
    uv_timer_start(timer, on_retry, r->wait_ms, 0);
    return;
  }
  r->low = false;
  VLS_LOG(&d->log, VLS_NOTICE, "room.again",
          vls_log_s("then", "texts are taken, and others are dialled, as before"));
  vls_notify_ready("There is room on the disk again");
  vls_input in = {.type = VLS_IN_ROOM};
  vls_batch_feed(d, &in);
}

void vls_room_tell(vls_daemon *d) {
  vls_room *r = &d->room;
  if (!r->low) return;
  uint64_t left = 0, all = 0;
  ask(d, &left, &all);
  if (r->wait_ms == 0) r->wait_ms = VLS_ROOM_AGAIN_MS;
  VLS_LOG(&d->log, VLS_WARNING, "room.none", vls_log_u("free_kib", left / KIB),
          vls_log_u("needed_kib", (r->floor + r->floor / 2) / KIB),
          vls_log_s("then", "nothing new is taken, reading goes on; looking again by itself"));
  vls_notify_ready("The disk is full: nothing new is taken, reading goes on");
  uv_timer_start(&r->retry, on_retry, r->wait_ms, 0);
}

void vls_room_failed(vls_daemon *d) {
  vls_room *r = &d->room;
  uint64_t now = uv_now(&d->loop), longer = r->wait_ms * 2;
  bool steady = r->wait_ms == 0 || now - r->failed_ms > VLS_ROOM_STEADY_MS;
  r->wait_ms = steady                           ? VLS_ROOM_AGAIN_MS
               : longer < VLS_ROOM_AGAIN_MAX_MS ? longer
                                                : VLS_ROOM_AGAIN_MAX_MS;
  r->failed_ms = now;
  r->failed = true;
}

void vls_room_check(vls_daemon *d) {
  if (d->room.low || d->core == NULL || !is_low(d, d->room.floor)) return;
  vls_store_checkpoint(d->store);
  if (!is_low(d, d->room.floor)) return;
  d->room.low = true;
  vls_input in = {.type = VLS_IN_NO_ROOM};
  vls_batch_feed(d, &in);
  vls_batch_again(d); /* this turn may have ended its batch already */
  vls_room_tell(d);
}
