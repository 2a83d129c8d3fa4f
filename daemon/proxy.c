#include "daemon/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/assert.h"

static vls_err read_password(vls_proxy *proxy, const char *path, vls_trouble *why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    if (fd >= 0) close(fd);
    return vls_trouble_set(why, VLS_USAGE, "dial.socks5_password_file: cannot read %s: %s", path,
                           strerror(errno));
  }
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    close(fd);
    vls_trouble_set(why, VLS_USAGE, "dial.socks5_password_file: others can read %s", path);
    return vls_trouble_hint(why, VLS_USAGE, "chmod 600 %s", path);
  }
  ssize_t n = read(fd, proxy->password, sizeof proxy->password);
  close(fd);
  if (n < 0)
    return vls_trouble_set(why, VLS_USAGE, "dial.socks5_password_file: cannot read %s", path);
  char *end = memchr(proxy->password, '\n', (size_t)n);
  size_t len = end == NULL ? (size_t)n : (size_t)(end - proxy->password);
  if (len > VLS_SOCKS5_TEXT_MAX)
    return vls_trouble_set(why, VLS_USAGE,
                           "dial.socks5_password_file: the password is longer than %d bytes",
                           VLS_SOCKS5_TEXT_MAX);
  vls_wipe(proxy->password + len, sizeof proxy->password - len);
  return VLS_OK;
}

vls_err vls_proxy_load(vls_proxy *ret_proxy, const vls_config *config, vls_trouble *ret_why) {
  *ret_proxy = (vls_proxy){.on = false};
  vls_slice text;
  if (vls_config_list(config, VLS_KEY_DIAL_SOCKS5, &text, 1) == 0) return VLS_OK;
  vls_hostport at;
  vls_err err = vls_hostport_parse(text, &at);
  VLS_ASSERT(err == VLS_OK); /* the configuration took it */
  ret_proxy->on = true;
  ret_proxy->addr = at.addr;
  if (!at.literal) /* localhost: the one name that needs no looking up */
    uv_ip4_addr("127.0.0.1", at.port, (struct sockaddr_in *)(void *)&ret_proxy->addr);
  snprintf(ret_proxy->user, sizeof ret_proxy->user, "%s",
           vls_config_text(config, VLS_KEY_DIAL_SOCKS5_USER));
  const char *file = vls_config_text(config, VLS_KEY_DIAL_SOCKS5_PASSWORD_FILE);
  return file[0] == '\0' ? VLS_OK : read_password(ret_proxy, file, ret_why);
}

void vls_proxy_done(vls_proxy *proxy) {
  vls_wipe(proxy, sizeof *proxy);
}
