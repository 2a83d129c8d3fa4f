#include "daemon/notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

int vls_notify_socket(void) {
  int n = sd_listen_fds(1), found = -1;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
    if (found < 0 && sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
      found = fd;
    else
      close(fd);
  }
  if (found >= 0) fcntl(found, F_SETFL, fcntl(found, F_GETFL) | O_NONBLOCK);
  return found;
}

void vls_notify_ready(const char *status) {
  sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void vls_notify_reloading(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIdMAX,
             (intmax_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void vls_notify_stopping(void) {
  sd_notify(0, "STOPPING=1\nSTATUS=Saying goodbye");
}
