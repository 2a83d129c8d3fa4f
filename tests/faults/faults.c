/* LD_PRELOAD=valise_faults.so, VALISE_FAULTS=FILE: what a program asks of the system fails at a
 * chosen moment. FILE is mapped, so that the test arms it while the program runs: see `control`. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef enum kind {
  MEMORY, /* malloc and its kin, mappings without a file */
  FILES,  /* whatever gives a descriptor */
  WRITE,  /* to files: bytes, sizes, names */
  SYNC,
  READ, /* of files */
  KINDS
} kind;

/* As tests/e2e/disk_faults.py has it. */
typedef struct fault {
  int64_t left; /* calls until one fails; 0: none will; -1: each does */
  int64_t seen; /* calls so far */
  int64_t hits; /* that failed */
  int32_t error;
  int32_t then; /* a `consequence` */
} fault;
typedef enum consequence { FAIL_ONCE, FAIL_ALWAYS, KILL } consequence;

typedef struct control {
  fault fault[KINDS];
  int64_t wall_ms, mono_ms; /* that the clocks are ahead */
} control;

static control *shared;
static FILE *(*next_fopen)(const char *, const char *);
static DIR *(*next_opendir)(const char *);

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("VALISE_FAULTS");
  next_fopen = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
  next_opendir = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
  int fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *p =
      (void *)syscall(SYS_mmap, NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (p != MAP_FAILED) shared = p;
}

static bool strikes(kind k) {
  if (shared == NULL) return false;
  fault *f = &shared->fault[k];
  __atomic_add_fetch(&f->seen, 1, __ATOMIC_SEQ_CST);
  int64_t left = __atomic_load_n(&f->left, __ATOMIC_SEQ_CST);
  if (left == 0) return false;
  if (left > 0 && __atomic_sub_fetch(&f->left, 1, __ATOMIC_SEQ_CST) != 0) return false;
  __atomic_add_fetch(&f->hits, 1, __ATOMIC_SEQ_CST);
  if (f->then == KILL) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  if (f->then == FAIL_ALWAYS) __atomic_store_n(&f->left, -1, __ATOMIC_SEQ_CST);
  errno = f->error;
  return true;
}

/* --- memory --- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

void *malloc(size_t n) {
  return strikes(MEMORY) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
  return strikes(MEMORY) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
  return strikes(MEMORY) ? NULL : __libc_realloc(p, n);
}

int posix_memalign(void **ret, size_t align, size_t n) {
  if (strikes(MEMORY)) return ENOMEM;
  *ret = __libc_memalign(align, n);
  return *ret == NULL ? ENOMEM : 0;
}

void *aligned_alloc(size_t align, size_t n) {
  return strikes(MEMORY) ? NULL : __libc_memalign(align, n);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
  if ((flags & MAP_ANONYMOUS) != 0 && strikes(MEMORY)) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
}

/* --- descriptors --- */

static int open_at(int dir, const char *path, int flags, va_list args) {
  int mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, int) : 0;
  return strikes(FILES) ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  int fd = open_at(AT_FDCWD, path, flags, args);
  va_end(args);
  return fd;
}

int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  int fd = open_at(AT_FDCWD, path, flags, args);
  va_end(args);
  return fd;
}

int openat(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  int fd = open_at(dir, path, flags, args);
  va_end(args);
  return fd;
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

FILE *fopen(const char *path, const char *mode) {
  return strikes(FILES) ? NULL : next_fopen(path, mode);
}

DIR *opendir(const char *path) {
  return strikes(FILES) ? NULL : next_opendir(path);
}

int socket(int domain, int type, int protocol) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int accept4(int fd, struct sockaddr *addr, socklen_t *n, int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_accept4, fd, addr, n, flags);
}

int accept(int fd, struct sockaddr *addr, socklen_t *n) {
  return accept4(fd, addr, n, 0);
}

int epoll_create1(int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int eventfd(unsigned int count, int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

int pipe2(int fds[2], int flags) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_pipe2, fds, flags);
}

int socketpair(int domain, int type, int protocol, int fds[2]) {
  return strikes(FILES) ? -1 : (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

/* --- files --- */

/* Not the log, which a test may have in a file. */
static bool is_file(int fd) {
  struct stat st;
  return fd > STDERR_FILENO && syscall(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t write(int fd, const void *p, size_t n) {
  return is_file(fd) && strikes(WRITE) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  return is_file(fd) && strikes(WRITE) ? -1 : syscall(SYS_writev, fd, parts, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
  return is_file(fd) && strikes(WRITE) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
  return pwrite(fd, p, n, at);
}

int ftruncate(int fd, off_t n) {
  return strikes(WRITE) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n) {
  return ftruncate(fd, n);
}

int posix_fallocate(int fd, off_t at, off_t n) {
  if (strikes(WRITE)) return errno;
  return syscall(SYS_fallocate, fd, 0, at, n) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t at, off64_t n) {
  return posix_fallocate(fd, at, n);
}

int rename(const char *from, const char *to) {
  return strikes(WRITE) ? -1 : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to) {
  return strikes(WRITE) ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
  return strikes(WRITE) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int fsync(int fd) {
  return strikes(SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  return strikes(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t read(int fd, void *p, size_t n) {
  return is_file(fd) && strikes(READ) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at) {
  return is_file(fd) && strikes(READ) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at) {
  return pread(fd, p, n, at);
}

/* --- clocks --- */

static int64_t ahead(clockid_t clock) {
  if (shared == NULL) return 0;
  switch (clock) {
  case CLOCK_REALTIME:
  case CLOCK_REALTIME_COARSE: return __atomic_load_n(&shared->wall_ms, __ATOMIC_SEQ_CST);
  case CLOCK_MONOTONIC:
  case CLOCK_MONOTONIC_COARSE:
  case CLOCK_BOOTTIME: return __atomic_load_n(&shared->mono_ms, __ATOMIC_SEQ_CST);
  default: return 0;
  }
}

int clock_gettime(clockid_t clock, struct timespec *ret) {
  int code = (int)syscall(SYS_clock_gettime, clock, ret);
  int64_t ms = code == 0 ? ahead(clock) : 0;
  if (ms == 0) return code;
  int64_t ns = ret->tv_nsec + ms % 1000 * 1000000;
  ret->tv_sec += ms / 1000 + ns / 1000000000;
  ret->tv_nsec = ns % 1000000000;
  if (ret->tv_nsec < 0) {
    ret->tv_nsec += 1000000000;
    ret->tv_sec--;
  }
  return code;
}

time_t time(time_t *ret) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  if (ret != NULL) *ret = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone) {
  struct timespec now = {0};
  (void)zone;
  int code = clock_gettime(CLOCK_REALTIME, &now);
  *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return code;
}
