/* Strangers at a door on the loopback:
 *
 *   load_knocks PORT RATE SECONDS HOLD
 *
 * RATE connections a second, each with what could be a knock and is noise, from as many addresses
 * as the loopback has; the newest HOLD stay open. Says how many came in, what the slowest second
 * brought, and how many bytes were answered; 1 when one was. Ends by itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  KNOCK_BYTES = 200,
  HOLD_MOST = 16384,
  RATE_MOST = 50000,
  SECONDS_MOST = 600,
  LATE_S = 20, /* and then it is over, whatever happens */
};

typedef struct load {
  struct sockaddr_in door;
  size_t hold;
  int fd[HOLD_MOST];
  uint64_t came, refused, shed, answered;
} load;

static _Noreturn void die(const char *what) {
  perror(what);
  exit(2);
}

static size_t number(const char *text, size_t most) {
  char *end = NULL;
  unsigned long n = strtoul(text, &end, 10);
  if (end == text || *end != '\0' || n == 0 || n > most) {
    fprintf(stderr, "load_knocks: not a number from 1 to %zu: %s\n", most, text);
    exit(2);
  }
  return n;
}

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* With a reset: nothing of it stays behind in the kernel. */
static void leave(load *l, int fd) {
  char bytes[256];
  struct linger at_once = {1, 0};
  ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0) l->answered += (uint64_t)n;
  if (n == 0 || (n < 0 && errno == ECONNRESET)) l->shed++;
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

/* One of 4,000,000 addresses: no bound for one address is what keeps this crowd out. */
static struct sockaddr_in source(uint64_t i) {
  struct sockaddr_in from = {.sin_family = AF_INET};
  from.sin_addr.s_addr =
      htonl(UINT32_C(0x7f000001) | (uint32_t)(1 + i % 250) << 16 | (uint32_t)(i / 250 % 250) << 8);
  return from;
}

static void knock(load *l) {
  uint8_t noise[KNOCK_BYTES];
  int one = 1;
  struct sockaddr_in from = source(l->came + l->refused);
  int *place = &l->fd[l->came % l->hold];
  if (*place >= 0) leave(l, *place);
  *place = -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die("bind");
  if (connect(fd, (struct sockaddr *)&l->door, sizeof l->door) != 0 && errno != EINPROGRESS) {
    l->refused++;
    close(fd);
    return;
  }
  if (getrandom(noise, sizeof noise, 0) != (ssize_t)sizeof noise) die("getrandom");
  if (send(fd, noise, sizeof noise, MSG_NOSIGNAL) < 0) l->refused++; /* its queue is full */
  *place = fd;
  l->came++;
}

static void flood(load *l, size_t rate, size_t seconds) {
  uint64_t began = now_us(), slowest = UINT64_MAX, done = 0;
  for (size_t s = 0; s < seconds; s++) {
    uint64_t before = l->came;
    for (uint64_t at = 0; at < 1000000; at = now_us() - began - s * 1000000) {
      for (uint64_t due = (uint64_t)s * rate + at * rate / 1000000; done < due; done++)
        knock(l);
      nanosleep(&(struct timespec){0, 500000}, NULL);
    }
    if (l->came - before < slowest) slowest = l->came - before;
  }
  printf("%llu strangers in %.1f s, %llu in the slowest second\n", (unsigned long long)l->came,
         (double)(now_us() - began) / 1e6, (unsigned long long)slowest);
}

int main(int argc, char **argv) {
  static load l = {.door = {.sin_family = AF_INET}};
  if (argc != 5) {
    fputs("usage: load_knocks PORT RATE SECONDS HOLD\n", stderr);
    return 2;
  }
  size_t seconds = number(argv[3], SECONDS_MOST);
  l.door.sin_port = htons((uint16_t)number(argv[1], 65535));
  l.door.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  l.hold = number(argv[4], HOLD_MOST);
  for (size_t i = 0; i < l.hold; i++)
    l.fd[i] = -1;
  struct rlimit files = {l.hold + 64, l.hold + 64};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) die("descriptors");
  alarm((unsigned)(seconds + LATE_S));
  flood(&l, number(argv[2], RATE_MOST), seconds);
  for (size_t i = 0; i < l.hold; i++)
    if (l.fd[i] >= 0) leave(&l, l.fd[i]);
  printf("%llu not connected, %llu let go by the node, %llu bytes of answer\n",
         (unsigned long long)l.refused, (unsigned long long)l.shed, (unsigned long long)l.answered);
  return l.answered == 0 ? 0 : 1;
}
