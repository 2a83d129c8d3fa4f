#include "valise/secret.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vec_hex.h"

static void secret_memory_is_zeros_and_fits_what_is_aligned(void **state) {
  (void)state;
  for (size_t n = 1; n < 100; n++) {
    uint8_t *p = vls_secret_new(n);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (size_t i = 0; i < n; i++)
      assert_int_equal(p[i], 0);
    memset(p, 0xff, n);
    vls_secret_free(p);
  }
  vls_secret_free(NULL);
}

typedef void deed(uint8_t *p, size_t n);

static void write_past_the_end(uint8_t *p, size_t n) {
  ((volatile uint8_t *)p)[n] = 1;
}

static void write_before_it(uint8_t *p, size_t n) {
  (void)n;
  ((volatile uint8_t *)p)[-1] = 1;
  vls_secret_free(p); /* sees that its canary is gone */
}

static void read_after_free(uint8_t *p, size_t n) {
  vls_secret_free(p);
  (void)((volatile uint8_t *)p)[n - 1];
}

/* Whether a child that does this comes to a bad end. */
static bool is_fatal(deed *what) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    static const int deadly[] = {SIGSEGV, SIGABRT, SIGBUS};
    for (size_t i = 0; i < 3; i++)
      signal(deadly[i], SIG_DFL);
    fclose(stderr);
    what(vls_secret_new(32), 32);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status);
}

static void secret_memory_has_guards_at_both_ends_and_after_its_time(void **state) {
  (void)state;
  assert_true(is_fatal(write_past_the_end));
  assert_true(is_fatal(write_before_it));
  assert_true(is_fatal(read_after_free));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(secret_memory_is_zeros_and_fits_what_is_aligned),
      cmocka_unit_test(secret_memory_has_guards_at_both_ends_and_after_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
