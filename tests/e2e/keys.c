/* valise_keys FOLDER: whoever has a copy of an encrypted node's folder, and the passphrase on the
 * standard input, learns its data key and, from the vault, the key that its prekeys are under. Both
 * in hex, on one line. What a test then looks for in places where they must not be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "crypto/seal.h"
#include "store/vault.h"
#include "valise/keyslot.h"

static vls_slice read_all(const char *folder, const char *name, uint8_t *out, size_t max) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "rb");
  if (f == NULL) return (vls_slice){0};
  size_t n = fread(out, 1, max, f);
  fclose(f);
  return vls_slice_of(out, n);
}

static void print_hex(const uint8_t key[32], char end) {
  for (size_t i = 0; i < 32; i++)
    printf("%02x", key[i]);
  putchar(end);
}

/* The first key of slot 0, from the first copy; false when it is not whole. */
static bool first_key(const vls_keyfile *file, const uint8_t key[32], vls_slice vault,
                      uint8_t ret_key[32]) {
  uint8_t unit_key[32], ad[14 + 16 + 8] = "valise vault 1", body[VLS_VAULT_UNIT];
  if (vault.n < VLS_VAULT_UNIT) return false;
  vls_xwl(unit_key, 32, key, "store vault", vls_slice_of(file->uuid, 16));
  memcpy(ad + 14, file->uuid, 16);
  vls_slice sealed = vls_slice_of(vault.p + VLS_N24, VLS_VAULT_UNIT - VLS_N24);
  if (vls_xchacha_open(body, unit_key, vault.p, vls_slice_of(ad, sizeof ad), sealed) != VLS_OK)
    return false;
  memcpy(ret_key, body + 8, 32);
  return true;
}

int main(int argc, char **argv) {
  static uint8_t keys[VLS_KEYFILE_MAX], vault[1 << 16];
  char passphrase[VLS_PASSPHRASE_MAX + 2];
  uint8_t key[32], slot[32];
  vls_keyfile file;
  if (argc != 2 || fgets(passphrase, sizeof passphrase, stdin) == NULL) return EXIT_FAILURE;
  if (vls_crypto_init() != VLS_OK) return EXIT_FAILURE;
  vls_slice word = vls_slice_of(passphrase, strcspn(passphrase, "\n"));
  if (vls_keyfile_decode(&file, read_all(argv[1], "node.keys", keys, sizeof keys)) != VLS_OK ||
      vls_keyslot_open_passphrase(&file, word, key, NULL) != VLS_OK)
    return EXIT_FAILURE;
  if (!first_key(&file, key, read_all(argv[1], "node.db-vault", vault, sizeof vault), slot))
    return EXIT_FAILURE;
  print_hex(key, ' ');
  print_hex(slot, '\n');
  return EXIT_SUCCESS;
}
