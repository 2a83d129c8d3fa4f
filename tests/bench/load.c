/* The load: what clients of two valised would do, and how long it takes them.
 *
 *   bench_load pair A B                                      two fresh nodes become contacts
 *   bench_load bulk|single|pingpong A B PID_A PID_B N        texts of 200 bytes from A to B
 *
 * A and B are sockets. A client shares the processor of its node, as it would on a machine at home
 * where nothing else runs; what it took of it is not part of the nodes' figure and is printed
 * apart. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "meter.h"

enum { TEXT_BYTES = 200, PAIR_TRIES = 1000, CPU_A = 1, CPU_B = 0 };

typedef struct bench_job {
  const char *a, *b; /* sockets */
  pid_t pid_a, pid_b;
  size_t n; /* texts, or exchanges */
} bench_job;

/* Two valised between two moments. */
typedef struct span {
  double wall, nodes, own, wire;
} span;

static span look(const bench_job *job) {
  return (span){.nodes = bench_cpu_s(job->pid_a) + bench_cpu_s(job->pid_b),
                .own = bench_cpu_s(getpid()),
                .wire = bench_lo_bytes(),
                .wall = bench_now_s()};
}

static span since(const bench_job *job, const span *start) {
  double wall = bench_now_s();
  span end = look(job);
  return (span){wall - start->wall, end.nodes - start->nodes, end.own - start->own,
                end.wire - start->wire};
}

static void nap_ms(long ms) {
  nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The parameters of `send`, encoded once: each call differs in its number only. */
static void make_text(vls_buf *out, const char *to) {
  char text[TEXT_BYTES];
  memset(text, 'm', sizeof text);
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_of(text, sizeof text)};
  send.to[0] = vls_slice_str(to);
  vls_buf_init(out, VLS_RPC_FRAME_MAX);
  if (vls_wire_encode(&vls_rpc_send_def, &send, out) != VLS_OK) bench_die("send does not encode");
}

/* The number the text got. */
static uint64_t number_of(vls_slice result) {
  vls_slice one[1];
  vls_rpc_sent sent;
  size_t n = 0;
  if (vls_wire_split(result, VLS_WIRE_LENIENT, one, 1, &n) != VLS_OK || n != 1 ||
      vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_LENIENT, one[0], &sent, NULL) != VLS_OK)
    bench_die("an answer to send that is none");
  if (sent.has_error) bench_die("a text was not taken: %.*s", (int)sent.problem.n, sent.problem.p);
  return sent.n;
}

static bool is_type(const bench_frame *frame, const char *type) {
  return frame->is_event && vls_slice_eq(frame->event.type, vls_slice_str(type));
}

static uint64_t unread_at(const char *socket, const char *who) {
  bench_caller c;
  vls_rpc_contact contact;
  vls_rpc_who ask = {.who = vls_slice_str(who)};
  if (!bench_caller_open(&c, socket)) bench_die("no node listens on %s", socket);
  bench_caller_hello(&c);
  bench_caller_ask(&c, "contact.get", &vls_rpc_who_def, &ask, &vls_rpc_contact_def, &contact);
  uint64_t unread = contact.unread;
  bench_caller_close(&c);
  return unread;
}

/* Both stores must say the same as the events did. */
static void check_delivered(bench_caller *c, uint64_t n, const bench_job *job,
                            uint64_t unread_before) {
  vls_rpc_message message;
  vls_rpc_n ask = {.n = n};
  bench_caller_ask(c, "message.get", &vls_rpc_n_def, &ask, &vls_rpc_message_def, &message);
  if (!vls_slice_eq(message.state, vls_slice_str("delivered")))
    bench_die("the last text is not delivered");
  uint64_t there = unread_at(job->b, "ana") - unread_before;
  if (there != job->n)
    bench_die("%zu texts were sent, %llu are there", job->n, (unsigned long long)there);
}

static void bulk(const bench_job *job) {
  bench_caller c;
  vls_buf text;
  bench_frame frame;
  uint64_t last = 0, receipts = 0, unread = unread_at(job->b, "ana");
  size_t sent = 0, answered = 0;
  make_text(&text, "bao");
  bench_caller_listen(&c, job->a);
  span start = look(job);
  while (answered < job->n || receipts < job->n) {
    for (; sent < job->n && sent - answered < VLS_RPC_IN_FLIGHT; sent++)
      bench_caller_queue(&c, "send", vls_buf_slice(&text));
    bench_caller_flush(&c);
    do {
      bench_caller_next(&c, &frame);
      if (is_type(&frame, VLS_EV_DELIVERED))
        receipts += frame.event.last - frame.event.first + 1;
      else if (!frame.is_event) {
        last = number_of(frame.result);
        answered++;
      }
    } while (bench_caller_has(&c));
  }
  span took = since(job, &start);
  check_delivered(&c, last, job, unread);
  bench_put("per_s", (double)job->n / took.wall);
  bench_put("cpu_us", took.nodes / (double)job->n * 1e6);
  bench_put("client_us", took.own / (double)job->n * 1e6);
  bench_put("wire", took.wire / (double)job->n);
  vls_buf_done(&text);
  bench_caller_close(&c);
}

static void put_latency(const bench_job *job, double *ms, const span *took) {
  bench_put("p50_ms", bench_quantile(ms, job->n, .5));
  bench_put("p99_ms", bench_quantile(ms, job->n, .99));
  bench_put("cpu_us", took->nodes / (double)job->n * 1e6);
  bench_put("wire", took->wire / (double)job->n);
  free(ms);
}

static void single(const bench_job *job) {
  bench_caller c;
  vls_buf text;
  bench_frame frame;
  double *ms = vls_calloc(job->n, sizeof *ms);
  uint64_t n = 0, unread = unread_at(job->b, "ana");
  make_text(&text, "bao");
  bench_caller_listen(&c, job->a);
  span start = look(job);
  for (size_t i = 0; i < job->n; i++) {
    double sent = bench_now_s();
    bench_caller_queue(&c, "send", vls_buf_slice(&text));
    bench_caller_flush(&c);
    n = number_of(bench_caller_answer(&c));
    do
      bench_caller_next(&c, &frame);
    while (!is_type(&frame, VLS_EV_DELIVERED) || frame.event.last != n);
    ms[i] = (bench_now_s() - sent) * 1e3;
  }
  span took = since(job, &start);
  check_delivered(&c, n, job, unread);
  put_latency(job, ms, &took);
  vls_buf_done(&text);
  bench_caller_close(&c);
}

/* B's client: answers each of n texts with one. */
static void answer(const bench_job *job, int ready) {
  bench_caller c;
  vls_buf text;
  bench_frame frame;
  bench_pin(CPU_B);
  make_text(&text, "ana");
  bench_caller_listen(&c, job->b);
  if (write(ready, "", 1) != 1) bench_die("nobody waits for the answers");
  for (size_t i = 0; i < job->n; i++) {
    do
      bench_caller_next(&c, &frame);
    while (!is_type(&frame, VLS_EV_MESSAGE));
    bench_caller_queue(&c, "send", vls_buf_slice(&text));
    bench_caller_flush(&c);
  }
  bench_caller_answer(&c); /* to the last: it is on disk */
  vls_buf_done(&text);
  bench_caller_close(&c);
}

static pid_t fork_answerer(const bench_job *job) {
  int ready[2];
  char byte;
  if (pipe(ready) != 0) bench_die("no pipe");
  pid_t pid = fork();
  if (pid < 0) bench_die("no process");
  if (pid == 0) {
    answer(job, ready[1]);
    _exit(EXIT_SUCCESS);
  }
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) bench_die("the answering client did not start");
  close(ready[0]);
  return pid;
}

static void pingpong(const bench_job *job) {
  bench_caller c;
  vls_buf text;
  bench_frame frame;
  int status = 0;
  double *ms = vls_calloc(job->n, sizeof *ms);
  pid_t other = fork_answerer(job);
  make_text(&text, "bao");
  bench_caller_listen(&c, job->a);
  span start = look(job);
  for (size_t i = 0; i < job->n; i++) {
    double sent = bench_now_s();
    bench_caller_queue(&c, "send", vls_buf_slice(&text));
    bench_caller_flush(&c);
    do
      bench_caller_next(&c, &frame);
    while (!is_type(&frame, VLS_EV_MESSAGE));
    ms[i] = (bench_now_s() - sent) * 1e3;
  }
  span took = since(job, &start);
  if (waitpid(other, &status, 0) != other || status != 0) bench_die("the answering client failed");
  put_latency(job, ms, &took);
  vls_buf_done(&text);
  bench_caller_close(&c);
}

static bool is_ready(bench_caller *c, const char *who) {
  vls_rpc_contact contact;
  vls_rpc_who ask = {.who = vls_slice_str(who)};
  bench_caller_ask(c, "contact.get", &vls_rpc_who_def, &ask, &vls_rpc_contact_def, &contact);
  return vls_slice_eq(contact.state, vls_slice_str("ready")) && contact.online;
}

static void introduce(bench_caller *c, const char *socket, const char *name) {
  vls_rpc_init init = {.name = vls_slice_str(name)};
  if (!bench_caller_open(c, socket)) bench_die("no node listens on %s", socket);
  bench_caller_hello(c);
  bench_caller_call(c, "init", &vls_rpc_init_def, &init);
}

static void pair(const char *a, const char *b) {
  bench_caller ana, bao;
  vls_rpc_invite invite = {.has_as = true, .as = vls_slice_str("bao")};
  vls_rpc_invite_ok made;
  introduce(&ana, a, "Ana");
  introduce(&bao, b, "Bao");
  bench_caller_ask(&ana, "invite.create", &vls_rpc_invite_def, &invite, &vls_rpc_invite_ok_def,
                   &made);
  vls_rpc_accept accept = {.link = made.link, .has_as = true, .as = vls_slice_str("ana")};
  bench_caller_call(&bao, "invite.accept", &vls_rpc_accept_def, &accept);
  for (unsigned tries = 0; !is_ready(&bao, "ana") || !is_ready(&ana, "bao"); tries++) {
    if (tries == PAIR_TRIES) bench_die("the two nodes did not become contacts");
    nap_ms(10);
  }
  bench_caller_close(&ana);
  bench_caller_close(&bao);
}

static pid_t pid_of(const char *text) {
  return (pid_t)bench_count(text);
}

int main(int argc, char **argv) {
  const char *mode = argc > 3 ? argv[1] : "";
  if (strcmp(mode, "pair") == 0 && argc == 4) {
    pair(argv[2], argv[3]);
    return EXIT_SUCCESS;
  }
  if (argc != 7) bench_die("usage: bench_load pair A B | bulk|single|pingpong A B PID_A PID_B N");
  bench_job job = {argv[2], argv[3], pid_of(argv[4]), pid_of(argv[5]), bench_count(argv[6])};
  bench_pin(CPU_A);
  if (strcmp(mode, "bulk") == 0)
    bulk(&job);
  else if (strcmp(mode, "single") == 0)
    single(&job);
  else if (strcmp(mode, "pingpong") == 0)
    pingpong(&job);
  else
    bench_die("there is no load \"%s\"", mode);
  return EXIT_SUCCESS;
}
