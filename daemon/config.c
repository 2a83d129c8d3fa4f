#include "daemon/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/text.h"
#include "daemon/hostport.h"
#include "daemon/log.h"

typedef enum key_type { UINT, YESNO, LEVEL, TEXT, PATH, PROXY, LISTEN, REACH } key_type;

static const struct {
  const char *section, *name, *full;
  key_type type;
  const char *standard;
  uint64_t min, max;
} table[VLS_KEYS] = {
#define KEY(id, section, name, type, standard, min, max, doc)                                      \
  [VLS_KEY_##id] = {section, name, section "." name, type, standard, min, max},
#include "daemon/config.def"
#undef KEY
};

/* Values, by type. Each says what a person got wrong in the words after "key: ". */

static vls_err check_uint(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                          vls_trouble *why) {
  uint64_t v = 0;
  size_t n = strlen(text);
  bool digits = n > 0 && n <= 18 && strspn(text, "0123456789") == n;
  for (size_t i = 0; digits && i < n; i++)
    v = v * 10 + (uint64_t)(text[i] - '0');
  if (!digits || v < min || v > max)
    return vls_trouble_set(why, VLS_USAGE, "\"%s\" is not a number from %ju to %ju", text,
                           (uintmax_t)min, (uintmax_t)max);
  *ret = v;
  return VLS_OK;
}

static vls_err check_yesno(const char *text, uint64_t *ret, vls_trouble *why) {
  static const char *const words[][2] = {
      {"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    for (unsigned yes = 0; yes < 2; yes++) {
      if (strcasecmp(text, words[i][yes]) != 0) continue;
      *ret = yes;
      return VLS_OK;
    }
  }
  return vls_trouble_set(why, VLS_USAGE, "\"%s\" is neither yes nor no", text);
}

static vls_err check_level(const char *text, uint64_t *ret, vls_trouble *why) {
  vls_level level;
  if (!vls_level_get(text, &level))
    return vls_trouble_set(why, VLS_USAGE, "\"%s\" is none of debug, info, notice, warning, error",
                           text);
  *ret = (uint64_t)level;
  return VLS_OK;
}

static vls_err check_address(vls_slice entry, key_type type, vls_trouble *why) {
  vls_hostport at;
  int n = (int)entry.n;
  const char *p = (const char *)entry.p;
  if (vls_hostport_parse(entry, &at) != VLS_OK)
    return vls_trouble_set(why, VLS_USAGE,
                           "\"%.*s\" is not ADDRESS:PORT, such as 192.0.2.7:4647 or "
                           "[2001:db8::7]:4647",
                           n, p);
  if (type != REACH && !at.literal && !(type == PROXY && strcasecmp(at.host, "localhost") == 0))
    return vls_trouble_set(
        why, VLS_USAGE, "\"%.*s\" is a name; an IP address is needed here%s", n, p,
        type == PROXY ? ", since looking it up would not go through the proxy" : "");
  if (type != LISTEN && at.port == 0)
    return vls_trouble_set(why, VLS_USAGE, "\"%.*s\": nothing can be dialled at port 0", n, p);
  return VLS_OK;
}

/* Splits at commas; entries are trimmed, empty ones are skipped. The count may pass max. */
static size_t split(const char *text, vls_slice *ret, size_t max) {
  size_t n = 0;
  for (const char *p = text; *p != '\0';) {
    size_t len = strcspn(p, ",");
    const char *end = p + len;
    const char *next = *end == ',' ? end + 1 : end;
    p += strspn(p, " \t,");
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
      end--;
    if (end > p) {
      if (n < max) ret[n] = vls_slice_of(p, (size_t)(end - p));
      n++;
    }
    p = next;
  }
  return n;
}

enum { LIST_MAX = 16 };

static vls_err check_list(const char *text, key_type type, uint64_t max, vls_trouble *why) {
  vls_slice list[LIST_MAX];
  VLS_ASSERT(max <= LIST_MAX);
  size_t n = split(text, list, LIST_MAX);
  if (n > max)
    return vls_trouble_set(why, VLS_USAGE, "%zu addresses, and at most %ju are taken", n,
                           (uintmax_t)max);
  vls_err err = VLS_OK;
  for (size_t i = 0; i < n && err == VLS_OK; i++)
    err = check_address(list[i], type, why);
  return err;
}

static vls_err check_value(vls_key key, const char *text, uint64_t *ret_num, vls_trouble *why) {
  uint64_t min = table[key].min, max = table[key].max;
  switch (table[key].type) {
  case UINT: return check_uint(text, min, max, ret_num, why);
  case YESNO: return check_yesno(text, ret_num, why);
  case LEVEL: return check_level(text, ret_num, why);
  case TEXT:
    if (strlen(text) >= min && strlen(text) <= max) return VLS_OK;
    return vls_trouble_set(why, VLS_USAGE, "%zu bytes; %ju to %ju are taken", strlen(text),
                           (uintmax_t)min, (uintmax_t)max);
  case PATH:
    if (text[0] == '\0' || text[0] == '/') return VLS_OK;
    return vls_trouble_set(why, VLS_USAGE, "\"%s\" is not an absolute path", text);
  case PROXY:
  case LISTEN:
  case REACH: return check_list(text, table[key].type, max, why);
  }
  VLS_ASSERT(false);
  return VLS_USAGE;
}

static char *copy(const char *text) {
  size_t n = strlen(text) + 1;
  return memcpy(vls_calloc(n, 1), text, n);
}

vls_err vls_config_set(vls_config *config, vls_key key, const char *text, const char *from,
                       vls_trouble *ret_why) {
  uint64_t num = 0;
  vls_trouble why;
  vls_err err = strlen(text) > VLS_CONFIG_TEXT_MAX
                    ? vls_trouble_set(&why, VLS_USAGE, "longer than %d bytes", VLS_CONFIG_TEXT_MAX)
                    : check_value(key, text, &num, &why);
  if (err != VLS_OK)
    return vls_trouble_set(ret_why, err, "%s: %s: %.400s", from, table[key].full, why.what);
  vls_value *value = &config->values[key];
  free(value->text);
  free(value->from);
  *value = (vls_value){copy(text), num, copy(from)};
  return VLS_OK;
}

void vls_config_init(vls_config *config) {
  *config = (vls_config){0};
  for (vls_key key = 0; key < VLS_KEYS; key++) {
    vls_trouble why;
    vls_err err = vls_config_set(config, key, table[key].standard, "default", &why);
    VLS_ASSERT(err == VLS_OK);
  }
}

void vls_config_done(vls_config *config) {
  for (vls_key key = 0; key < VLS_KEYS; key++) {
    free(config->values[key].text);
    free(config->values[key].from);
  }
  *config = (vls_config){0};
}

void vls_config_move(vls_config *config, vls_config *from) {
  vls_config_done(config);
  *config = *from;
  *from = (vls_config){0};
}

vls_err vls_config_check(const vls_config *config, vls_trouble *ret_why) {
  const vls_value *v = config->values;
  bool proxy = v[VLS_KEY_DIAL_SOCKS5].text[0] != '\0';
  for (vls_key key = VLS_KEY_DIAL_SOCKS5_USER; key <= VLS_KEY_DIAL_SOCKS5_PASSWORD_FILE; key++)
    if (!proxy && v[key].text[0] != '\0')
      return vls_trouble_set(ret_why, VLS_USAGE, "%s: %s is set, but dial.socks5 is not",
                             v[key].from, table[key].full);
  if (v[VLS_KEY_LIMITS_STRANGERS].num > v[VLS_KEY_LIMITS_LINKS].num)
    return vls_trouble_set(
        ret_why, VLS_USAGE,
        "limits.strangers (%s) is above limits.links (%s): strangers are links too",
        v[VLS_KEY_LIMITS_STRANGERS].text, v[VLS_KEY_LIMITS_LINKS].text);
  return VLS_OK;
}

const char *vls_config_key_name(vls_key key) {
  return table[key].full;
}
bool vls_config_is_list(vls_key key) {
  return table[key].type == LISTEN || table[key].type == REACH;
}

void vls_config_print(const vls_config *config, FILE *out) {
  for (vls_key key = 0; key < VLS_KEYS; key++)
    fprintf(out, "%s\t%s\t%s\n", table[key].full, config->values[key].text,
            config->values[key].from);
}

uint64_t vls_config_num(const vls_config *config, vls_key key) {
  return config->values[key].num;
}
bool vls_config_yes(const vls_config *config, vls_key key) {
  return config->values[key].num != 0;
}
const char *vls_config_text(const vls_config *config, vls_key key) {
  return config->values[key].text;
}
const char *vls_config_from(const vls_config *config, vls_key key) {
  return config->values[key].from;
}

size_t vls_config_list(const vls_config *config, vls_key key, vls_slice *ret, size_t max) {
  size_t n = split(config->values[key].text, ret, max);
  return n < max ? n : max;
}

/* What was probably meant. */

enum { FAR = 3 }; /* edits that no longer look like a slip */

const char *vls_config_nearest_section(const char *written) {
  const char *best = NULL;
  size_t least = FAR;
  for (vls_key key = 0; key < VLS_KEYS; key++) {
    size_t d = vls_text_distance(vls_slice_str(written), vls_slice_str(table[key].section));
    if (d >= least) continue;
    least = d;
    best = table[key].section;
  }
  return best;
}

const char *vls_config_nearest_key(const char *section, const char *written) {
  const char *best = NULL;
  size_t least = FAR;
  for (vls_key key = 0; key < VLS_KEYS; key++) {
    if (strcmp(table[key].section, section) != 0) continue;
    size_t d = vls_text_distance(vls_slice_str(written), vls_slice_str(table[key].name));
    if (d >= least) continue;
    least = d;
    best = table[key].name;
  }
  return best;
}

vls_key vls_config_find(const char *section, const char *name, bool *ret_section_known) {
  *ret_section_known = false;
  for (vls_key key = 0; key < VLS_KEYS; key++) {
    if (strcmp(table[key].section, section) != 0) continue;
    *ret_section_known = true;
    if (strcmp(table[key].name, name) == 0) return key;
  }
  return VLS_KEYS;
}
