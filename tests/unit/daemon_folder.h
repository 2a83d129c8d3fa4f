/* A folder for a test of the daemon, and what is in it. */
#ifndef VALISE_TESTS_DAEMON_FOLDER_H
#define VALISE_TESTS_DAEMON_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vec_hex.h"

typedef struct folder {
  char dir[80];
  char path[128]; /* of the last name asked for */
} folder;

static inline void folder_make(folder *f) {
  const char *tmp = getenv("TMPDIR");
  snprintf(f->dir, sizeof f->dir, "%.40s/valise-XXXXXX", tmp == NULL ? "/tmp" : tmp);
  assert_non_null(mkdtemp(f->dir));
}

static inline const char *in(folder *f, const char *name) {
  snprintf(f->path, sizeof f->path, "%.79s/%.40s", f->dir, name);
  return f->path;
}

static inline bool is_there(folder *f, const char *name) {
  struct stat st;
  return lstat(in(f, name), &st) == 0;
}

static inline void put_file(folder *f, const char *name, const void *p, size_t n) {
  int fd = open(in(f, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, p, n), (ssize_t)n);
  close(fd);
}

/* Files in it, and folders. */
static inline unsigned folder_count(folder *f) {
  unsigned n = 0;
  DIR *dir = opendir(f->dir);
  assert_non_null(dir);
  for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
    n += e->d_name[0] != '.';
  closedir(dir);
  return n;
}

static inline void folder_end(folder *f) {
  DIR *dir = opendir(f->dir);
  assert_non_null(dir);
  for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
    if (e->d_name[0] != '.') remove(in(f, e->d_name));
  closedir(dir);
  assert_int_equal(rmdir(f->dir), 0);
}

/* Whether a file of it holds these bytes. */
static inline bool folder_holds(folder *f, const char *words) {
  bool found = false;
  DIR *dir = opendir(f->dir);
  assert_non_null(dir);
  for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
    struct stat st;
    int fd = e->d_name[0] == '.' ? -1 : open(in(f, e->d_name), O_RDONLY);
    if (fd < 0) continue;
    assert_int_equal(fstat(fd, &st), 0);
    char *bytes = calloc(1, (size_t)st.st_size + 1);
    ssize_t n = read(fd, bytes, (size_t)st.st_size);
    if (n > 0 && memmem(bytes, (size_t)n, words, strlen(words)) != NULL) found = true;
    free(bytes);
    close(fd);
  }
  closedir(dir);
  return found;
}

#endif
