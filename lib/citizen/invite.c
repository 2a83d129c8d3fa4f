#include "citizen/invite.h"

#include <strings.h>

#include "base/text.h"
#include "citizen/card.h"
#include "crypto/kdf.h"

enum { CHECK = 4 };
static const char scheme[] = "valise:";

static void checksum(uint8_t ret[CHECK], vls_slice bytes) {
  uint8_t hash[VLS_HASH];
  vls_sha256(hash, bytes);
  memcpy(ret, hash, CHECK);
}

static vls_err put_link(vls_buf *out, const vls_wire_def *def, const void *table) {
  vls_buf bytes;
  uint8_t check[CHECK];
  vls_buf_init(&bytes, VLS_INVITE_BYTES);
  vls_err err = vls_wire_encode(def, table, &bytes);
  if (err == VLS_OK) {
    checksum(check, vls_buf_slice(&bytes));
    err = vls_buf_put(&bytes, check, CHECK);
  }
  size_t n = sizeof scheme - 1 + vls_base32_len(bytes.n);
  if (err == VLS_OK && n > VLS_LINK_TEXT_MAX) err = VLS_TOO_BIG;
  if (err == VLS_OK) err = vls_buf_put(out, scheme, sizeof scheme - 1);
  if (err == VLS_OK) {
    char text[VLS_LINK_TEXT_MAX + 1];
    vls_base32_put(text, vls_buf_slice(&bytes));
    err = vls_buf_put_slice(out, vls_slice_str(text));
    vls_wipe(text, sizeof text);
  }
  vls_buf_done(&bytes);
  return err;
}

vls_err vls_invite_text(vls_buf *out, const vls_invite *invite) {
  return put_link(out, &vls_invite_def, invite);
}

vls_err vls_group_link_text(vls_buf *out, const vls_group_link *link) {
  return put_link(out, &vls_group_link_def, link);
}

static vls_slice trim(vls_slice s) {
  while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\n' || s.p[0] == '\r' || s.p[0] == '\t'))
    s = (vls_slice){s.p + 1, s.n - 1};
  while (s.n > 0 && (s.p[s.n - 1] == ' ' || (s.p[s.n - 1] >= '\t' && s.p[s.n - 1] <= '\r')))
    s.n--;
  return s;
}

static vls_err get_link(const vls_wire_def *def, void *ret, uint8_t bytes[VLS_INVITE_BYTES],
                        vls_slice text) {
  text = trim(text);
  size_t skip = sizeof scheme - 1, n = 0;
  if (text.n <= skip || text.n > VLS_LINK_TEXT_MAX) return VLS_MALFORMED;
  if (strncasecmp((const char *)text.p, scheme, skip) != 0) return VLS_MALFORMED;
  vls_err err =
      vls_base32_get((const char *)text.p + skip, text.n - skip, bytes, VLS_INVITE_BYTES, &n);
  if (err != VLS_OK || n <= CHECK) return VLS_MALFORMED;
  uint8_t check[CHECK];
  vls_slice body = {bytes, n - CHECK};
  checksum(check, body);
  if (memcmp(check, bytes + body.n, CHECK) != 0) return VLS_MALFORMED;
  err = vls_wire_decode(def, VLS_WIRE_STRICT, body, ret, NULL);
  return err == VLS_OK ? VLS_OK : VLS_MALFORMED;
}

vls_err vls_invite_parse(vls_invite *ret, uint8_t bytes[VLS_INVITE_BYTES], vls_slice text) {
  vls_err err = get_link(&vls_invite_def, ret, bytes, text);
  if (err != VLS_OK) return err;
  if (vls_key_check(ret->dh) != VLS_OK || vls_key_check(ret->opk) != VLS_OK) return VLS_FORGED;
  return VLS_OK;
}

vls_err vls_group_link_parse(vls_group_link *ret, uint8_t bytes[VLS_INVITE_BYTES], vls_slice text) {
  static const uint8_t none[32];
  vls_err err = get_link(&vls_group_link_def, ret, bytes, text);
  if (err != VLS_OK) return err;
  bool is_key = memcmp(ret->dh, none, 32) == 0 || vls_key_check(ret->dh) == VLS_OK;
  return is_key ? VLS_OK : VLS_FORGED;
}

void vls_invite_knock_key(uint8_t ret_key[32], const uint8_t secret[32]) {
  vls_xwl(ret_key, 32, secret, "invite knock", (vls_slice){0});
}
