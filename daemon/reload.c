/* The configuration, at the start and again on SIGHUP. */
#include "daemon/daemon.h"
#include "daemon/notify.h"

vls_err vls_daemon_configure(vls_config *ret_config, const vls_args *args, const vls_paths *paths,
                             vls_trouble *ret_why) {
  vls_config_init(ret_config);
  vls_err err = args->config != NULL ? vls_config_read(ret_config, args->config, ret_why)
                                     : vls_config_read_dir(ret_config, paths->config, ret_why);
  if (err == VLS_NOT_FOUND) err = VLS_USAGE; /* only --config names a file that must be there */
  if (err == VLS_OK && args->n_listen > 0) {
    char list[VLS_CONFIG_TEXT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < args->n_listen && n < sizeof list; i++)
      n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ", " : "", args->listen[i]);
    err = vls_config_set(ret_config, VLS_KEY_LISTEN_ADDRESS, list, "--listen", ret_why);
  }
  if (err == VLS_OK && args->level != NULL)
    err = vls_config_set(ret_config, VLS_KEY_LOG_LEVEL, args->level, "--log-level", ret_why);
  if (err == VLS_OK) err = vls_config_check(ret_config, ret_why);
  if (err != VLS_OK) vls_config_done(ret_config);
  return err;
}

static void apply(vls_daemon *d) {
  d->log.level = (vls_level)vls_config_num(&d->config, VLS_KEY_LOG_LEVEL);
  if (!vls_lock_is_open(d)) return; /* the rest counts when it opens */
  vls_trouble why;
  if (vls_listeners_open(d, &why) != VLS_OK)
    VLS_LOG(&d->log, VLS_WARNING, "reload.listen", vls_log_s("why", why.what));
  vls_core_conf conf = {
      .items_per_event = (unsigned)vls_config_num(&d->config, VLS_KEY_DIRECT_ITEMS_PER_EVENT),
      .random_first = !vls_config_yes(&d->config, VLS_KEY_DIAL_PRINTABLE),
      .no_read_receipts = !vls_config_yes(&d->config, VLS_KEY_DIRECT_READ_RECEIPTS),
      .history_max = vls_config_num(&d->config, VLS_KEY_LIMITS_CONTACT_MIB) << 20,
  };
  vls_input in = {.type = VLS_IN_CONFIG, .conf = &conf};
  vls_batch_feed(d, &in);
  vls_reach_tell(d, true);
  in = (vls_input){.type = VLS_IN_NETWORK}; /* whoever reloads wants what waits to be tried now */
  vls_batch_feed(d, &in);
}

vls_err vls_daemon_reload(vls_daemon *d, vls_trouble *ret_why) {
  vls_config config;
  vls_proxy proxy;
  if (d->draining) return vls_trouble_set(ret_why, VLS_STATE, "the node is stopping");
  vls_notify_reloading();
  vls_err err = vls_daemon_configure(&config, &d->args, &d->paths, ret_why);
  if (err == VLS_OK) {
    err = vls_proxy_load(&proxy, &config, ret_why);
    if (err != VLS_OK) vls_config_done(&config);
  }
  if (err != VLS_OK) {
    VLS_LOG(&d->log, VLS_ERROR, "reload.refused", vls_log_s("why", ret_why->what),
            vls_log_s("then", "the old configuration stays"));
    vls_notify_ready("The configuration has a mistake; the old one stays");
    return VLS_USAGE;
  }
  if (vls_config_num(&config, VLS_KEY_STORE_CACHE_KIB) !=
      vls_config_num(&d->config, VLS_KEY_STORE_CACHE_KIB))
    VLS_LOG(&d->log, VLS_NOTICE, "reload.restart", vls_log_s("key", "store.cache_kib"));
  vls_config_move(&d->config, &config);
  vls_proxy_done(&d->proxy);
  d->proxy = proxy;
  vls_proxy_done(&proxy);
  apply(d);
  VLS_LOG(&d->log, VLS_NOTICE, "reload.done", vls_log_u("listeners", d->listeners.n));
  vls_notify_ready("Configuration read again");
  return VLS_OK;
}
