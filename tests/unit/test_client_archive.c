/* Backup files as a stick gives them back: whole, cut at any place, with any byte changed. The
 * command itself looks at each, and says what is wrong. */
#include "client/archive.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/assert.h"
#include "client/cmd_backup.h"
#include "crypto/kdf.h"
#include "store/backup.h"

enum { TEXTS = 1000, TEXT = 200, FLIPS = 1000, CUTS = 300 };

static const uint8_t secret[VLS_WORDS_SECRET] = "any 32 bytes will be 24 words...";

static struct place {
  char folder[64], file[96], words[96];
  vls_buf good; /* the bytes of a file that is right */
} here;

static void put(vls_backup_writer *w, vls_backup_row *row) {
  VLS_ASSERT(vls_backup_writer_put(w, row, &here.good) == VLS_OK);
}

static void put_head(vls_backup_writer *w) {
  vls_backup_row row = {.kind = VLS_BACKUP_START};
  row.start = (vls_backup_start){.made = UINT64_C(1750000000000),
                                 .version = vls_slice_str("0.1.0"),
                                 .name = vls_slice_str("Ana")};
  put(w, &row);
  row = (vls_backup_row){.kind = VLS_BACKUP_SELF};
  row.self = (vls_backup_self){.name = vls_slice_str("Ana"),
                               .cert = vls_slice_str("a certificate"),
                               .card_seq = 1,
                               .card = vls_slice_str("a card")};
  put(w, &row);
  row = (vls_backup_row){.kind = VLS_BACKUP_SETTING};
  row.setting = (vls_backup_setting){vls_slice_str("valise.conf"), vls_slice_str("# mine\n")};
  put(w, &row);
  row = (vls_backup_row){.kind = VLS_BACKUP_CONTACT};
  row.contact = (vls_backup_contact){.id = 1, .name = vls_slice_str("Bao")};
  put(w, &row);
  row = (vls_backup_row){.kind = VLS_BACKUP_COUNTERS};
  row.counters = (vls_backup_counters){.message = TEXTS};
  put(w, &row);
}

/* More than three chunks. */
static void make_good(vls_backup_lock lock, const uint8_t key[32], const uint8_t *salt,
                      vls_argon_cost cost) {
  static const uint8_t seed[32] = {1};
  char text[TEXT];
  vls_backup_head head;
  vls_backup_cipher cipher;
  vls_backup_writer w;
  vls_rng rng;
  vls_rng_init(&rng, seed);
  vls_backup_head_make(&head, &cipher, lock, salt, cost, key, &rng);
  vls_backup_writer_init(&w, &cipher);
  vls_buf_done(&here.good);
  vls_buf_init(&here.good, 8 << 20);
  VLS_ASSERT(vls_buf_put(&here.good, head.bytes, sizeof head.bytes) == VLS_OK);
  put_head(&w);
  memset(text, 't', sizeof text);
  for (uint64_t n = 1; n <= TEXTS; n++) {
    vls_backup_row row = {.kind = VLS_BACKUP_MESSAGE};
    row.message = (vls_backup_message){
        .n = n, .contact = 1, .state = 4, .at = n * 1000, .body = vls_slice_of(text, sizeof text)};
    put(&w, &row);
  }
  vls_backup_row end = {.kind = VLS_BACKUP_END};
  put(&w, &end);
  vls_backup_writer_done(&w);
  vls_rng_done(&rng);
}

static void write_file(const char *path, vls_slice bytes) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
  close(fd);
}

/* What valise backup verify FILE says, with its exit code. */
static vls_err verify(const char *option, const char *secret_file, char *ret_said, size_t size) {
  vls_cli cli = {.mode = VLS_JSON, .no_input = true};
  char *out = NULL;
  size_t n = 0;
  cli.out.file = cli.err.file = open_memstream(&out, &n);
  const char *argv[] = {"valise", "backup", "verify", here.file, option, secret_file, "--json"};
  vls_args args;
  char *words[7];
  for (size_t i = 0; i < 7; i++) {
    words[i] = strdup(argv[i]);
    assert_non_null(words[i]);
  }
  vls_err err = vls_args_parse(&cli, 7, words, &args);
  if (err == VLS_OK) err = args.cmd->run(&cli, &args);
  vls_cli_report(&cli, err);
  fclose(cli.out.file);
  snprintf(ret_said, size, "%s", out);
  free(out);
  for (size_t i = 0; i < 7; i++)
    free(words[i]);
  vls_cli_done(&cli);
  return err;
}

static vls_err verify_words(char said[512]) {
  return verify("--words-file", here.words, said, 512);
}

static void archive_whole_file_is_read(void **state) {
  (void)state;
  char said[512];
  write_file(here.file, vls_buf_slice(&here.good));
  assert_int_equal(verify_words(said), VLS_OK);
  assert_non_null(strstr(said, "\"name\":\"Ana\""));
  assert_non_null(strstr(said,
                         "\"contacts\":1,\"messages\":1000,\"oldest\":1000,\"newest\":1000000,"
                         "\"settings\":[\"valise.conf\"]"));
}

static void archive_cut_anywhere_is_refused(void **state) {
  (void)state;
  char said[512];
  for (size_t i = 0; i < CUTS; i++) { /* shorter and shorter; each end of a chunk among them */
    size_t at = (here.good.n - 1) * (CUTS - 1 - i) / (CUTS - 1);
    if (i % 10 == 0 && at > VLS_BACKUP_HEAD)
      at = VLS_BACKUP_HEAD + (at - VLS_BACKUP_HEAD) / VLS_BACKUP_CHUNK * VLS_BACKUP_CHUNK;
    write_file(here.file, vls_slice_of(here.good.p, at));
    vls_err err = verify_words(said);
    assert_int_equal(err, at < VLS_BACKUP_HEAD ? VLS_MALFORMED : VLS_FORGED);
    assert_non_null(strstr(said, at < VLS_BACKUP_HEAD ? "is not a backup" : "is damaged: "));
    assert_null(strstr(said, "\"contacts\""));
  }
}

static void archive_any_byte_changed_is_refused(void **state) {
  (void)state;
  char said[512];
  uint32_t seed = 99;
  write_file(here.file, vls_buf_slice(&here.good));
  int fd = open(here.file, O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  for (size_t i = 0; i < FLIPS; i++) {
    seed = seed * 1664525 + 1013904223;
    size_t at = i < VLS_BACKUP_HEAD ? i : (size_t)(seed >> 8) % here.good.n;
    seed = seed * 1664525 + 1013904223;
    uint8_t other = here.good.p[at] ^ (uint8_t)(1u << (seed >> 29));
    assert_int_equal(pwrite(fd, &other, 1, (off_t)at), 1);
    vls_err err = verify_words(said);
    assert_true(err == VLS_FORGED || (at < VLS_BACKUP_HEAD && err < 0));
    assert_null(strstr(said, "\"contacts\""));
    assert_int_equal(pwrite(fd, &here.good.p[at], 1, (off_t)at), 1);
  }
  close(fd);
  assert_int_equal(verify_words(said), VLS_OK);
}

static void archive_chunks_in_another_order_are_refused(void **state) {
  (void)state;
  char said[512];
  vls_buf other;
  size_t chunks = (here.good.n - VLS_BACKUP_HEAD) / VLS_BACKUP_CHUNK;
  assert_true(chunks > 3);
  vls_buf_init(&other, here.good.n);
  for (size_t i = 0; i + 1 < chunks; i++) {
    vls_buf_clear(&other);
    assert_int_equal(vls_buf_put_slice(&other, vls_buf_slice(&here.good)), VLS_OK);
    uint8_t *chunk = other.p + VLS_BACKUP_HEAD + i * VLS_BACKUP_CHUNK;
    memcpy(chunk, here.good.p + VLS_BACKUP_HEAD + (i + 1) * VLS_BACKUP_CHUNK, VLS_BACKUP_CHUNK);
    write_file(here.file, vls_buf_slice(&other));
    assert_int_equal(verify_words(said), VLS_FORGED);
  }
  vls_buf_done(&other);
}

static void archive_passphrase_opens_its_own(void **state) {
  (void)state;
  static const uint8_t salt[VLS_BACKUP_SALT] = {7};
  const vls_argon_cost cost = {1, VLS_ARGON_KIB_MIN};
  char said[512], pass[96];
  uint8_t key[32];
  snprintf(pass, sizeof pass, "%s/pass", here.folder);
  assert_int_equal(vls_backup_key_of_passphrase(key, vls_slice_str("one"), salt, cost), VLS_OK);
  make_good(VLS_BACKUP_PASSPHRASE, key, salt, cost);
  write_file(here.file, vls_buf_slice(&here.good));
  write_file(pass, vls_slice_str("one\n"));
  assert_int_equal(verify("--passphrase-file", pass, said, sizeof said), VLS_OK);
  write_file(pass, vls_slice_str("two\n"));
  assert_int_equal(verify("--passphrase-file", pass, said, sizeof said), VLS_PASSPHRASE);
  assert_int_equal(verify_words(said), VLS_USAGE);
  unlink(pass);
}

static int set_up(void **state) {
  (void)state;
  char text[VLS_WORDS_TEXT];
  uint8_t key[32];
  if (vls_crypto_init() != VLS_OK) return -1;
  snprintf(here.folder, sizeof here.folder, "/tmp/valise-archive.XXXXXX");
  if (mkdtemp(here.folder) == NULL) return -1;
  snprintf(here.file, sizeof here.file, "%s/file", here.folder);
  snprintf(here.words, sizeof here.words, "%s/words", here.folder);
  vls_words_text(text, secret);
  write_file(here.words, vls_slice_str(text));
  vls_backup_key_of_words(key, secret);
  make_good(VLS_BACKUP_WORDS, key, NULL, (vls_argon_cost){0});
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(here.file);
  unlink(here.words);
  rmdir(here.folder);
  vls_buf_done(&here.good);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(archive_whole_file_is_read),
      cmocka_unit_test(archive_cut_anywhere_is_refused),
      cmocka_unit_test(archive_any_byte_changed_is_refused),
      cmocka_unit_test(archive_chunks_in_another_order_are_refused),
      cmocka_unit_test(archive_passphrase_opens_its_own),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
