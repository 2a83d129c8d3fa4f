#include "vec_hex.h"

#include <stdlib.h>

#include "base/buf.h"
#include "daemon/stream.h"

enum { STREAMS = 1024, PLACES = 40, STEPS = 20000 };

static vls_source place(unsigned i) {
  vls_source source = {.family = i % 2 ? 2 : 10};
  source.net[0] = (uint8_t)i;
  return source;
}

static void stranger_is_found_by_its_place_oldest_first(void **state) {
  (void)state;
  vls_sources sources = {0};
  vls_stream *streams = vls_calloc(3, sizeof *streams);
  vls_source here = place(1), there = place(3);
  assert_null(vls_source_find(&sources, &here));
  for (unsigned i = 0; i < 3; i++)
    vls_source_enter(&sources, i == 1 ? &there : &here, &streams[i]);
  vls_source_row *row = vls_source_find(&sources, &here);
  assert_int_equal(row->n, 2);
  assert_ptr_equal(TAILQ_FIRST(&row->strangers), &streams[0]);
  vls_source_leave(&streams[0]);
  assert_ptr_equal(TAILQ_FIRST(&row->strangers), &streams[2]);
  vls_source_leave(&streams[2]);
  assert_null(vls_source_find(&sources, &here));
  assert_int_equal(vls_source_find(&sources, &there)->n, 1);
  vls_source_leave(&streams[1]);
  free(streams);
}

/* Whatever comes and goes, each place counts those who are there, and nothing stays behind. */
static void places_count_whoever_is_there(void **state) {
  (void)state;
  vls_sources sources = {0};
  vls_stream *streams = vls_calloc(STREAMS, sizeof *streams);
  unsigned at[STREAMS], here[PLACES] = {0};
  uint64_t dice = 1;
  for (unsigned step = 0; step < STEPS + STREAMS; step++) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    unsigned i = step < STEPS ? (unsigned)(dice >> 40) % STREAMS : step - STEPS;
    if (streams[i].source != NULL) {
      vls_source_leave(&streams[i]);
      here[at[i]]--;
    } else if (step < STEPS) {
      at[i] = (unsigned)(dice >> 20) % PLACES;
      vls_source source = place(at[i]);
      vls_source_enter(&sources, &source, &streams[i]);
      here[at[i]]++;
    }
    vls_source source = place(step % PLACES);
    const vls_source_row *row = vls_source_find(&sources, &source);
    assert_int_equal(row == NULL ? 0 : row->n, here[step % PLACES]);
  }
  for (unsigned i = 0; i < VLS_SOURCE_BUCKETS; i++)
    assert_true(LIST_EMPTY(&sources.buckets[i]));
  free(streams);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stranger_is_found_by_its_place_oldest_first),
      cmocka_unit_test(places_count_whoever_is_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
