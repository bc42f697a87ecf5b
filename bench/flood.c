/* Senders: many connections that POST one request after the other, each mark ######## in it a new number.
 *
 * flood PORT CONNECTIONS RATE SECONDS COUNT DISTINCT FILE
 *
 * RATE requests a second fall due, on whatever connection is free; what finds none within 20 ms is skipped, as
 * if its sender had gone elsewhere. RATE 0: each connection sends as soon as it was answered. It ends after
 * SECONDS, or after COUNT requests (0: never); the numbers begin anew after DISTINCT (0: never). Then it prints
 * one JSON object; times run from send to the last byte of the answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MARK "########"
#define MARK_SIZE 8
#define MARKS_MAX 1024
#define ANSWER_MAX 131072
#define LATE_NS 20000000
#define LAST_SECONDS 15

struct connection {
  int fd, busy, sent;
  uint64_t began;
  int got;
  char *request, answer[ANSWER_MAX];
};
struct times {
  uint32_t *us;
  size_t count, room;
};

static char *template;
static int size, marks[MARKS_MAX], mark_count, port, epoll;
static uint64_t number, distinct;
static long sent, failed, skipped, retry_after, statuses[600];
static struct times accepted, refused;

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static void note(struct times *times, uint64_t ns) {
  if (times->count == times->room)
    times->us = realloc(times->us, (times->room = times->room * 2 + 4096) * sizeof *times->us);
  times->us[times->count++] = ns / 1000;
}

static void dial(struct connection *one) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  int yes = 1;
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  one->fd = socket(AF_INET, SOCK_STREAM, 0);
  one->busy = 0;
  if (connect(one->fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror("connect");
    exit(1);
  }
  setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(one->fd, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, one->fd, &event);
}

static void redial(struct connection *one) {
  failed += one->busy;
  close(one->fd);
  dial(one);
}

static void push(struct connection *one) {
  ssize_t n = send(one->fd, one->request + one->sent, size - one->sent, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) {
    redial(one);
    return;
  }
  one->sent += n > 0 ? n : 0;
  struct epoll_event event = {.events = EPOLLIN | (one->sent < size ? EPOLLOUT : 0), .data.ptr = one};
  epoll_ctl(epoll, EPOLL_CTL_MOD, one->fd, &event);
}

static void post(struct connection *one) {
  char digits[32];
  for (int i = 0; i < mark_count; i++) {
    snprintf(digits, sizeof digits, "%08llu", (unsigned long long)(number++ % distinct));
    memcpy(one->request + marks[i], digits, MARK_SIZE);
  }
  one->busy = 1;
  one->sent = one->got = 0;
  one->began = now();
  sent++;
  push(one);
}

/* Read, and count the answer once all of it is there. */
static void answered(struct connection *one) {
  ssize_t n = recv(one->fd, one->answer + one->got, ANSWER_MAX - 1 - one->got, 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) redial(one);
    return;
  }
  one->got += n;
  one->answer[one->got] = 0;
  char *body = strstr(one->answer, "\r\n\r\n");
  if (!body) return;
  char *length = strcasestr(one->answer, "\r\ncontent-length:");
  long rest = length && length < body ? atol(length + 17) : 0;
  if (one->answer + one->got < body + 4 + rest) return;
  int status = atoi(one->answer + 9);
  uint64_t took = now() - one->began;
  statuses[status > 0 && status < 600 ? status : 0]++;
  if (status == 429 || status == 503) {
    char *retry = strcasestr(one->answer, "\r\nretry-after:");
    retry_after += retry && retry < body;
    note(&refused, took);
  } else if (status / 100 == 2) {
    note(&accepted, took);
  }
  char *closing = strcasestr(one->answer, "\r\nconnection: close");
  one->busy = 0;
  if (closing && closing < body) redial(one);
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double at(struct times *times, double share) {
  return times->count ? times->us[(size_t)(share * (times->count - 1))] / 1000.0 : 0;
}

static void say(const char *name, struct times *times) {
  qsort(times->us, times->count, sizeof *times->us, ascending);
  printf("\"%s\":%zu,\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f,", name, times->count, name,
         at(times, 0.5), name, at(times, 0.99), name, at(times, 1));
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  port = atoi(argv[1]);
  int count = atoi(argv[2]), busy = 0;
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  long most = atol(argv[5]);
  distinct = atol(argv[6]) ? atol(argv[6]) : 100000000;
  FILE *file = fopen(argv[7], "rb");
  template = malloc(4 << 20);
  size = fread(template, 1, (4 << 20) - 1, file);
  template[size] = 0;
  for (char *mark = template; (mark = strstr(mark, MARK)) && mark_count < MARKS_MAX; mark += MARK_SIZE)
    marks[mark_count++] = mark - template;
  number = (now() / 1000000) % 50000 * 1000; /* another run has other numbers */
  epoll = epoll_create1(0);
  struct connection *all = calloc(count, sizeof *all);
  struct connection **idle = calloc(count, sizeof *idle);
  int idle_count = 0;
  for (int i = 0; i < count; i++) {
    all[i].request = memcpy(malloc(size), template, size);
    dial(&all[i]);
    idle[idle_count++] = &all[i];
  }
  uint64_t began = now(), end = began + seconds * 1e9, last = end + LAST_SECONDS * 1000000000ull;
  double due = 0; /* requests that fell due and were sent or skipped */
  struct epoll_event events[256];
  while (1) {
    uint64_t at = now();
    int open = at < end && (!most || sent < most);
    if (open && rate > 0) {
      double so_far = rate * (at - began) / 1e9;
      while (due < so_far && idle_count && (!most || sent < most)) post(idle[--idle_count]), busy++, due++;
      double late = so_far - due - rate * LATE_NS / 1e9;
      if (late >= 1) skipped += (long)late, due += (long)late;
    }
    while (open && rate == 0 && idle_count && (!most || sent < most)) post(idle[--idle_count]), busy++;
    if (!open && (!busy || at > last)) break;
    int n = epoll_wait(epoll, events, 256, 1);
    for (int i = 0; i < n; i++) {
      struct connection *one = events[i].data.ptr;
      int was_busy = one->busy;
      if (events[i].events & EPOLLOUT) push(one);
      if (!was_busy) redial(one); /* the server has ended an idle one */
      else if (one->busy) answered(one);
      if (was_busy && !one->busy) idle[idle_count++] = one, busy--;
    }
  }
  printf("{\"sent\":%ld,\"failed\":%ld,\"unanswered\":%d,\"skipped\":%ld,\"retry_after\":%ld,", sent, failed, busy,
         skipped, retry_after);
  say("accepted", &accepted);
  say("refused", &refused);
  for (int status = 0; status < 600; status++)
    if (statuses[status]) printf("\"status_%d\":%ld,", status, statuses[status]);
  printf("\"seconds\":%.3f}\n", (now() - began) / 1e9);
  return 0;
}
