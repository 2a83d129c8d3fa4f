/* systemd's side of a service: what it passed to us, and what we tell it (sd_notify(3)). All of it
 * does nothing when systemd is not there. */
#ifndef VALISE_DAEMON_NOTIFY_H
#define VALISE_DAEMON_NOTIFY_H

/* The listening Unix stream socket systemd passed, non-blocking, or -1. Others it passed are
 * closed. */
int vls_notify_socket(void);
void vls_notify_ready(const char *status);
void vls_notify_reloading(void);
void vls_notify_stopping(void);

#endif
