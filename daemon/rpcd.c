#include "daemon/rpcd.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/notify.h"

enum { BACKLOG = 64, GROUPS_MAX = 1024 };

static bool in_group(int fd, gid_t primary, gid_t group) {
  gid_t groups[GROUPS_MAX];
  socklen_t size = sizeof groups;
  if (primary == group) return true;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) return false;
  for (size_t i = 0; i < size / sizeof *groups; i++)
    if (groups[i] == group) return true;
  return false;
}

/* SO_PEERCRED (unix(7)): our own user, root, the group of a system node. */
static bool may_call(const vls_rpcd *rpcd, int fd, uid_t *ret_uid, pid_t *ret_pid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  *ret_uid = peer.uid;
  *ret_pid = peer.pid;
  if (peer.uid == geteuid() || peer.uid == 0) return true;
  return rpcd->has_group && in_group(fd, peer.gid, rpcd->group);
}

static void on_accepted(vls_acceptor *a, int fd, const struct sockaddr_storage *peer) {
  vls_daemon *d = a->d;
  vls_rpcd *r = &d->rpcd;
  uid_t uid = 0;
  pid_t pid = 0;
  (void)peer; /* clients have no address */
  size_t limit = vls_config_num(&d->config, VLS_KEY_LIMITS_CLIENTS);
  const char *why = NULL;
  if (!may_call(r, fd, &uid, &pid))
    why = "not a user of this node";
  else if (r->n >= limit || r->n >= r->max)
    why = "too many clients";
  if (why != NULL) {
    VLS_LOG(&d->log, VLS_WARNING, "client.refused", vls_log_s("why", why), vls_log_u("uid", uid));
    close(fd);
    return;
  }
  vls_caller *caller = vls_caller_new(d, fd, ++r->last_id);
  if (caller == NULL) return;
  LIST_INSERT_HEAD(&r->callers, caller, entry);
  r->n++;
  VLS_LOG(&d->log, VLS_DEBUG, "client.new", vls_log_u("client", caller->id), vls_log_u("uid", uid),
          vls_log_u("pid", (uint64_t)pid));
}

static vls_err refuse(vls_trouble *why, const char *path) {
  return vls_trouble_set(why, VLS_SYSTEM, "cannot listen for clients on %s: %s", path,
                         strerror(errno));
}

/* A socket nobody answers at is left over from a node that was killed. */
static vls_err remove_stale(const struct sockaddr_un *addr, vls_trouble *why) {
  struct stat st;
  if (lstat(addr->sun_path, &st) != 0)
    return errno == ENOENT ? VLS_OK : refuse(why, addr->sun_path);
  if (!S_ISSOCK(st.st_mode))
    return vls_trouble_set(why, VLS_SYSTEM, "%s is in the way: it is not a socket", addr->sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return refuse(why, addr->sun_path);
  bool stale =
      connect(fd, (const struct sockaddr *)addr, sizeof *addr) != 0 && errno == ECONNREFUSED;
  close(fd);
  if (!stale) {
    vls_trouble_set(why, VLS_LOCKED, "another node listens for clients on %s", addr->sun_path);
    return vls_trouble_hint(why, VLS_LOCKED, "valised --socket PATH --data DIR, for a second node");
  }
  return unlink(addr->sun_path) == 0 ? VLS_OK : refuse(why, addr->sun_path);
}

static vls_err make_socket(vls_daemon *d, int *ret_fd, vls_trouble *why) {
  const char *path = d->paths.socket;
  char dir[VLS_PATH_MAX];
  vls_paths_parent(path, dir);
  vls_err err = vls_paths_private_dir(dir, d->rpcd.has_group, why);
  struct sockaddr_un addr = {.sun_family = AF_UNIX};
  memcpy(addr.sun_path, path, sizeof addr.sun_path);
  if (err == VLS_OK) err = remove_stale(&addr, why);
  if (err != VLS_OK) return err;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return refuse(why, path);
  bool ok = bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
  if (ok && d->rpcd.has_group) ok = chown(path, (uid_t)-1, d->rpcd.group) == 0;
  ok = ok && chmod(path, d->rpcd.has_group ? 0660 : 0600) == 0;
  ok = ok && listen(fd, BACKLOG) == 0 && lstat(path, &d->rpcd.file) == 0;
  if (!ok) {
    err = refuse(why, path);
    close(fd);
    return err;
  }
  *ret_fd = fd;
  return VLS_OK;
}

/* The path of the socket systemd made, for the line in the log. */
static void learn_path(vls_daemon *d, int fd) {
  struct sockaddr_un addr;
  socklen_t size = sizeof addr;
  memset(&addr, 0, sizeof addr);
  if (getsockname(fd, (struct sockaddr *)&addr, &size) == 0)
    memcpy(d->paths.socket, addr.sun_path, sizeof d->paths.socket);
}

vls_err vls_rpcd_open(vls_daemon *d, size_t max, vls_trouble *ret_why) {
  vls_rpcd *r = &d->rpcd;
  *r = (vls_rpcd){.max = max};
  LIST_INIT(&r->callers);
  STAILQ_INIT(&r->waiting);
  if (d->args.system) {
    const struct group *group = getgrnam("valise");
    if (group == NULL)
      return vls_trouble_hint(ret_why,
                              vls_trouble_set(ret_why, VLS_SYSTEM, "there is no group \"valise\""),
                              "systemd-sysusers");
    r->has_group = true;
    r->group = group->gr_gid;
  }
  int fd = vls_notify_socket();
  vls_err err = VLS_OK;
  r->ours = fd < 0;
  if (r->ours)
    err = make_socket(d, &fd, ret_why);
  else
    learn_path(d, fd);
  if (err != VLS_OK) return err;
  if (vls_acceptor_start(&r->acceptor, d, fd, on_accepted) != 0) {
    close(fd);
    return vls_trouble_set(ret_why, VLS_SYSTEM, "cannot watch the clients' socket");
  }
  r->acceptor.is_clients = true;
  r->open = true;
  return VLS_OK;
}

vls_caller *vls_rpcd_find(const vls_daemon *d, uint64_t id) {
  vls_caller *caller;
  LIST_FOREACH(caller, &d->rpcd.callers, entry) {
    if (caller->id == id) return caller;
  }
  return NULL;
}

void vls_rpcd_send(vls_daemon *d, uint64_t client, vls_slice frame, bool response) {
  vls_caller *caller = vls_rpcd_find(d, client);
  if (caller == NULL) return;
  if (response && caller->in_flight > 0) caller->in_flight--;
  vls_caller_send(caller, frame);
  vls_batch_dirty(d, &caller->out);
}

void vls_rpcd_attend(vls_daemon *d) {
  /* One turn each: whoever waits again goes on after the network had its turn. */
  for (size_t n = d->rpcd.n; n > 0 && !STAILQ_EMPTY(&d->rpcd.waiting) && !d->batch.dead; n--) {
    vls_caller *caller = STAILQ_FIRST(&d->rpcd.waiting);
    STAILQ_REMOVE_HEAD(&d->rpcd.waiting, wait);
    caller->waiting = false;
    vls_caller_go_on(caller);
  }
  if (!STAILQ_EMPTY(&d->rpcd.waiting)) vls_batch_again(d);
}

void vls_rpcd_trim(vls_daemon *d) {
  vls_caller *caller;
  LIST_FOREACH(caller, &d->rpcd.callers, entry) {
    vls_outq_trim(&caller->out);
    if (caller->in.n == 0) vls_buf_done(&caller->in);
  }
}

/* Ours, and still the one we made: a node started since then may have its own there. */
static void remove_socket(vls_daemon *d) {
  struct stat st;
  const struct stat *made = &d->rpcd.file;
  if (!d->rpcd.ours || lstat(d->paths.socket, &st) != 0) return;
  if (st.st_ino == made->st_ino && st.st_dev == made->st_dev) unlink(d->paths.socket);
}

void vls_rpcd_drain(vls_daemon *d) {
  vls_rpcd *r = &d->rpcd;
  if (r->open) {
    remove_socket(d);
    vls_acceptor_stop(&r->acceptor, NULL);
  }
  r->open = false;
  vls_caller *caller;
  LIST_FOREACH(caller, &r->callers, entry) vls_caller_mute(caller);
}

void vls_rpcd_renew(vls_daemon *d) {
  vls_caller *next;
  for (vls_caller *caller = LIST_FIRST(&d->rpcd.callers); caller != NULL; caller = next) {
    next = LIST_NEXT(caller, entry);
    if (caller->subscribed || caller->in_flight > 0) vls_caller_end(caller);
  }
}

void vls_rpcd_part(vls_daemon *d) {
  vls_caller *caller = LIST_FIRST(&d->rpcd.callers);
  while (caller != NULL) {
    vls_caller *next = LIST_NEXT(caller, entry);
    if (caller->subscribed && caller->in_flight == 0) vls_caller_close(caller, "locked");
    caller = next;
  }
}

void vls_rpcd_introduce(vls_daemon *d) {
  vls_caller *caller;
  LIST_FOREACH(caller, &d->rpcd.callers, entry) {
    vls_input in = {.type = VLS_IN_GREETED, .client = caller->id};
    if (caller->greeted) vls_batch_feed(d, &in);
  }
}

bool vls_rpcd_is_drained(const vls_daemon *d) {
  const vls_caller *caller;
  LIST_FOREACH(caller, &d->rpcd.callers, entry) {
    if (caller->in_flight > 0 || vls_outq_size(&caller->out) > 0) return false;
  }
  return true;
}

void vls_rpcd_close(vls_daemon *d) {
  vls_rpcd_drain(d);
  while (!LIST_EMPTY(&d->rpcd.callers))
    vls_caller_close(LIST_FIRST(&d->rpcd.callers), "the end");
}
