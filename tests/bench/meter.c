#include "meter.h"

#include <dirent.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(EXIT_FAILURE);
}

double bench_now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_of_thread(pid_t pid, const char *thread) {
  char path[320];
  unsigned long long ns = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, thread);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0; /* it ended meanwhile */
  int found = fscanf(file, "%llu", &ns);
  fclose(file);
  if (found != 1) bench_die("this kernel keeps no schedstat: processor time cannot be measured");
  return (double)ns * 1e-9;
}

double bench_cpu_s(pid_t pid) {
  char path[64];
  double sum = 0;
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *dir = opendir(path);
  if (dir == NULL) bench_die("process %d is gone", (int)pid);
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
    if (entry->d_name[0] != '.') sum += cpu_of_thread(pid, entry->d_name);
  closedir(dir);
  return sum;
}

double bench_lo_bytes(void) {
  char line[512];
  unsigned long long bytes = 0;
  FILE *file = fopen("/proc/net/dev", "r");
  if (file == NULL) bench_die("/proc/net/dev cannot be read");
  while (fgets(line, sizeof line, file) != NULL) {
    const char *lo = strstr(line, " lo:");
    if (lo != NULL && sscanf(lo + 4, "%llu", &bytes) == 1) break;
  }
  fclose(file);
  return (double)bytes;
}

double bench_rss_kib(pid_t pid) {
  char path[64], line[256];
  unsigned long kib = 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) bench_die("process %d is gone", (int)pid);
  while (fgets(line, sizeof line, file) != NULL && sscanf(line, "VmRSS: %lu", &kib) != 1)
    continue;
  fclose(file);
  return (double)kib;
}

void bench_pin(unsigned cpu) {
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu % (unsigned)(cpus > 0 ? cpus : 1), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) perror("sched_setaffinity");
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double bench_quantile(double *v, size_t n, double q) {
  qsort(v, n, sizeof *v, compare);
  return v[(size_t)(q * (double)(n - 1) + 0.5)];
}

void bench_put(const char *key, double value) {
  printf("%s\t%.6g\n", key, value);
  fflush(stdout);
}

size_t bench_count(const char *text) {
  char *end = NULL;
  unsigned long long n = strtoull(text, &end, 10);
  if (n == 0 || *end != '\0') bench_die("\"%s\" is not a number from 1 on", text);
  return (size_t)n;
}
