/* What the programs of the bench share: clocks, processor time, bytes on the loopback, and the
 * lines `key <tab> value` that ./run collects. Everything dies with a sentence when it cannot
 * measure. */
#ifndef VALISE_BENCH_METER_H
#define VALISE_BENCH_METER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

double bench_now_s(void); /* monotonic */
/* User and system time of every thread of a process so far, in seconds; from the scheduler's own
 * nanoseconds, so that a few milliseconds of an idle process count. */
double bench_cpu_s(pid_t pid);
/* Bytes that went over `lo` of this network namespace so far, IP headers included. */
double bench_lo_bytes(void);
double bench_rss_kib(pid_t pid);
/* This process, and what it forks, runs on that processor only (modulo how many there are). */
void bench_pin(unsigned cpu);
/* Sorts v; the value a share q in [0, 1] of them does not pass. */
double bench_quantile(double *v, size_t n, double q);
void bench_put(const char *key, double value);
/* A number from the command line, at least 1. */
size_t bench_count(const char *text);
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
