#include "core/mentions.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "content/remarks.h"

enum { NAME_MAX_BYTES = 200 };

static bool ends_word(uint8_t c) {
  return c <= ' ' || c == '@' || c == ',' || c == ';' || c == ':' || c == '!' || c == '?' ||
         c == '(' || c == ')' || c == '"';
}

static bool is_called(vls_slice name, vls_slice fold) {
  vls_buf key;
  vls_buf_init(&key, VLS_FOLD_MAX);
  bool same =
      name.n > 0 && vls_name_fold(name, &key) == VLS_OK && vls_slice_eq(vls_buf_slice(&key), fold);
  vls_buf_done(&key);
  return same;
}

/* What I call a contact; else what they call themselves. */
static bool is_meant(vls_core *core, const uint8_t identity[32], vls_slice fold) {
  const vls_peer *peer = vls_peer_by_identity(core, identity);
  if (peer == NULL || vls_is_me(core, identity)) return false;
  return is_called(vls_slice_str(vls_peer_visible(peer) ? peer->row.name : peer->row.claim), fold);
}

/* The only member of this name. */
static bool find_member(vls_core *core, uint8_t (*members)[32], size_t n, vls_slice word,
                        uint8_t ret[32]) {
  size_t hits = 0;
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  bool fine = vls_name_fold(word, &fold) == VLS_OK && fold.n > 0;
  for (size_t i = 0; fine && i < n; i++) {
    if (!is_meant(core, members[i], vls_buf_slice(&fold))) continue;
    memcpy(ret, members[i], 32);
    hits++;
  }
  vls_buf_done(&fold);
  return hits == 1;
}

/* The next "@name" from `at` on. */
static bool next_word(vls_slice text, size_t *at, vls_slice *ret) {
  for (; *at < text.n && *at <= UINT16_MAX; ++*at) {
    if (text.p[*at] != '@' || (*at > 0 && !ends_word(text.p[*at - 1]))) continue;
    size_t end = *at + 1;
    while (end < text.n && !ends_word(text.p[end]))
      end++;
    while (end > *at + 1 && text.p[end - 1] == '.')
      end--;
    *ret = (vls_slice){text.p + *at + 1, end - *at - 1};
    if (ret->n > 0 && ret->n <= NAME_MAX_BYTES) return true;
  }
  return false;
}

size_t vls_mentions_find(vls_core *core, vls_circle *circle, vls_slice text,
                         vls_mention ret[VLS_MENTIONS_MAX]) {
  size_t n = 0, at = 0;
  vls_slice word;
  if (circle->group == NULL || text.n == 0 || memchr(text.p, '@', text.n) == NULL) return 0;
  uint8_t(*members)[32] = vls_calloc(VLS_GROUP_CITIZENS, 32);
  size_t n_members = vls_group_members(circle->group, members);
  for (unsigned words = 0; words < 4 * VLS_MENTIONS_MAX && n < VLS_MENTIONS_MAX; words++) {
    if (!next_word(text, &at, &word)) break;
    if (find_member(core, members, n_members, word, ret[n].who)) {
      ret[n].at = at;
      ret[n++].n = word.n + 1;
    }
    at += word.n + 1;
  }
  free(members);
  return n;
}

void vls_mentions_say(vls_core *core, vls_circle *circle, vls_slice text) {
  vls_mention list[VLS_MENTIONS_MAX];
  size_t n = vls_mentions_find(core, circle, text, list);
  for (size_t i = 0; i < n; i++) {
    vls_remark remark = {
        .kind = VLS_REMARK_MENTION, .to = list[i].who, .at = list[i].at, .n = list[i].n};
    vls_buf body;
    vls_buf_init(&body, VLS_RECORD_MAX);
    vls_err err = vls_remark_put(&body, &remark);
    VLS_ASSERT(err == VLS_OK);
    vls_circle_item(core, circle, VLS_REMARK_MENTION, vls_buf_slice(&body), 0);
    vls_buf_done(&body);
  }
}

static size_t read_mentions(const vls_group_said *said, const vls_message_row *row,
                            vls_mention ret[VLS_MENTIONS_MAX]) {
  size_t n = 0;
  for (size_t i = row->idx + 1; i < said->n_items && n < VLS_MENTIONS_MAX; i++) {
    vls_remark remark;
    if (vls_remark_read(&remark, &said->items[i]) != VLS_OK || remark.kind != VLS_REMARK_MENTION)
      break;
    if (remark.at + remark.n > row->body.n) continue; /* of other words than these */
    memcpy(ret[n].who, remark.to, 32);
    ret[n].at = remark.at;
    ret[n++].n = remark.n;
  }
  return n;
}

size_t vls_mentions_of(vls_core *core, const vls_message_row *row,
                       vls_mention ret[VLS_MENTIONS_MAX]) {
  const vls_circle *circle = vls_circle_get(core, row->contact);
  vls_gevent_row event;
  vls_buf bytes;
  size_t n = 0;
  if (circle == NULL || row->seq == 0 || row->kind > VLS_REMARK_REPLY || row->body.n == 0 ||
      memchr(row->body.p, '@', row->body.n) == NULL)
    return 0;
  vls_buf_init(&bytes, VLS_GROUP_EVENT_MAX);
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_group_where where = {.group = circle->row.gid};
  if (vls_gevent_by_seq(core->store, row->contact, row->device, row->seq, &event, &bytes) &&
      vls_group_read(said, vls_buf_slice(&bytes), &where) == VLS_OK)
    n = read_mentions(said, row, ret);
  free(said);
  vls_buf_done(&bytes);
  return n;
}

bool vls_mentions_me(vls_core *core, const vls_message_row *row) {
  vls_mention list[VLS_MENTIONS_MAX];
  size_t n = vls_mentions_of(core, row, list);
  for (size_t i = 0; i < n; i++)
    if (vls_is_me(core, list[i].who)) return true;
  return false;
}
