/* Many WebSocket clients that only drain: dials them, counts marks, answers pings. Driven by lines on stdin.
 *
 *   dial PORT COUNT AT_ONCE FILE  -> open SECONDS REFUSED CLOSED
 *       FILE holds requests, each after a line `LENGTH HELLO MARKS`: the request, then HELLO bytes that are
 *       sent when the server has said 101; the connection is there when it has said at least MARKS marks and,
 *       where MARKS is 0 or more, one message. A 429 or 503 is dialled again after its Retry-After, a stream
 *       that is closed before it is there (CLOSED counts those) after a second, from the same cursor.
 *   watch COUNT  -> last NANOSECONDS...  when the k-th mark since now has reached the last of them, BYTES first
 *   close  -> closed
 *
 * A mark is one byte (~) that every event holds once. Times are those of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GONE, DIALLING, ASKED, OPEN };
enum { HEAD_MAX = 4096, READ_MAX = 1 << 18, EVENTS_MAX = 512 };

struct template { char *request; size_t length, hello; long marks; };
struct client {
    int fd, state, is_here, head_size, headers;
    size_t payload;            /* what is left of the frame that is being read */
    int opcode;
    unsigned char header[10];  /* of the frame whose header is being read */
    int messages;
    long marks;
    double again_at;
    char *head;
    struct template *template;
};

static struct client *clients;
static struct template *templates;
static int count, at_once, under_way, here, refused, shut, next, template_count, epoll_fd, port;
static long wanted, bytes, *reached;
static long long *last_at;
static double began;
static unsigned char buffer[READ_MAX];

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double now(void) { return now_ns() / 1e9; }

static void fail(const char *what) {
    printf("failed %s: %s\n", what, strerror(errno));
    fflush(stdout);
    exit(1);
}

static void dial(struct client *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll");
    c->state = DIALLING;
    c->head_size = c->headers = c->messages = 0;
    c->payload = 0;
    c->marks = 0;
    under_way++;
}

static void lose(struct client *c, double after) {
    if (c->is_here) { errno = 0; fail("a connection was lost"); }
    close(c->fd);
    c->state = GONE;
    c->again_at = now() + after;
    under_way--;
    refused++;
}

static void check_here(struct client *c) {
    if (c->is_here || c->state != OPEN || c->marks < c->template->marks) return;
    if (c->template->marks >= 0 && !c->messages) return;
    c->is_here = 1;
    under_way--;
    if (++here == count) {
        printf("open %.4f %d %d\n", now() - began, refused, shut);
        fflush(stdout);
    }
}

static void mark(struct client *c, const unsigned char *from, size_t size) {
    const unsigned char *end = from + size;
    while ((from = memchr(from, '~', end - from))) {
        from++;
        if (reached && c->marks < wanted && ++reached[c->marks] == count) last_at[c->marks] = now_ns();
        c->marks++;
        if (reached && c->marks == wanted && last_at[wanted - 1]) {
            printf("last %ld", bytes);
            for (long i = 0; i < wanted; i++) printf(" %lld", last_at[i]);
            printf("\n");
            fflush(stdout);
            free(reached), free(last_at);
            reached = NULL;
        }
    }
}

static void pong(struct client *c, const unsigned char *said, size_t size) {
    unsigned char frame[6 + 125] = {0x8a, 0x80 | size};  /* masked with zero */
    if (size > 125) return;
    memcpy(frame + 6, said, size);
    if (send(c->fd, frame, 6 + size, MSG_NOSIGNAL) < 0 && errno != EAGAIN) fail("pong");
}

/* The frames of RFC 6455, section 5.2, as far as a client needs them that only counts. */
static void take(struct client *c, const unsigned char *from, size_t size) {
    while (size) {
        if (!c->payload) {
            c->header[c->headers++] = *from++, size--;
            int length = c->headers > 1 ? c->header[1] & 127 : 0;
            int need = length == 127 ? 10 : length == 126 ? 4 : 2;
            if (c->headers < 2 || c->headers < need) continue;
            c->payload = length < 126 ? length : 0;
            for (int i = 2; i < need; i++) c->payload = c->payload << 8 | c->header[i];
            c->opcode = c->header[0] & 15;
            c->headers = 0;
            if (c->opcode == 9 && size >= c->payload) pong(c, from, c->payload);
            if (c->opcode == 8) {
                if (size > 1) fprintf(stderr, "closed with %d\n", from[0] << 8 | from[1]);
                lose(c, 0.5 + drand48());
                refused--, shut++;
                return;
            }
        }
        size_t some = size < c->payload ? size : c->payload;
        if (c->opcode < 8) mark(c, from, some);
        from += some, size -= some, c->payload -= some;
        if (!c->payload && c->opcode < 8) c->messages++, check_here(c);
    }
}

static void open_or_refused(struct client *c, const unsigned char *from, size_t size) {
    if (c->head_size + size > HEAD_MAX) fail("a head");
    if (!c->head) c->head = malloc(HEAD_MAX + 1);
    memcpy(c->head + c->head_size, from, size);
    c->head_size += size;
    c->head[c->head_size] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) return;
    int status = atoi(c->head + 9);
    if (status == 101) {
        c->state = OPEN;
        if (c->template->hello)
            send(c->fd, c->template->request + c->template->length, c->template->hello, MSG_NOSIGNAL);
        char *rest = end + 4;
        take(c, (unsigned char *)rest, c->head + c->head_size - rest);
        check_here(c);
        free(c->head);
        c->head = NULL;
    } else if (status == 503 || status == 429) {
        char *after = strcasestr(c->head, "\nretry-after:");
        lose(c, (after ? atof(after + 13) : 1) * (0.5 + drand48()));
    } else {
        fprintf(stderr, "%s\n", c->head);
        errno = 0;
        fail("an answer");
    }
}

static void serve(struct client *c, unsigned events) {
    if (c->state == DIALLING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) { lose(c, 0.2 + drand48()); return; }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
        if (send(c->fd, c->template->request, c->template->length, MSG_NOSIGNAL) < 0) {
            lose(c, 0.2 + drand48());
            return;
        }
        c->state = ASKED;
        return;
    }
    (void)events;
    ssize_t got = recv(c->fd, buffer, c->state == ASKED ? HEAD_MAX - c->head_size : READ_MAX, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { lose(c, 0.2 + drand48()); return; }
    bytes += got;
    if (c->state == ASKED) open_or_refused(c, buffer, got);
    else take(c, buffer, got);
}

static void read_templates(const char *name) {
    FILE *file = fopen(name, "r");
    size_t length, hello;
    long marks;
    if (!file) fail(name);
    template_count = 0;
    while (fscanf(file, "%zu %zu %ld", &length, &hello, &marks) == 3) {
        fgetc(file);
        templates = realloc(templates, (template_count + 1) * sizeof *templates);
        struct template *t = &templates[template_count++];
        *t = (struct template){malloc(length + hello), length, hello, marks};
        if (fread(t->request, 1, length + hello, file) != length + hello) fail(name);
    }
    fclose(file);
}

static void obey(char *line) {
    char name[1024];
    long number;
    if (sscanf(line, "dial %d %d %d %1023s", &port, &count, &at_once, name) == 4) {
        read_templates(name);
        clients = calloc(count, sizeof *clients);
        for (int i = 0; i < count; i++) clients[i].template = &templates[i % template_count];
        here = next = under_way = refused = shut = 0;
        began = now();
    } else if (sscanf(line, "watch %ld", &number) == 1) {
        wanted = number, bytes = 0;
        reached = calloc(number, sizeof *reached);
        last_at = calloc(number, sizeof *last_at);
        for (int i = 0; i < count; i++) clients[i].marks = 0;
        printf("watching\n");
        fflush(stdout);
    } else if (!strncmp(line, "close", 5)) {
        for (int i = 0; i < count; i++) if (clients[i].state != GONE) close(clients[i].fd);
        free(clients);
        clients = NULL;
        count = 0;
        printf("closed\n");
        fflush(stdout);
    }
}

static void dial_more(void) {
    if (here == count) return;
    while (next < count && under_way < at_once) dial(&clients[next++]);
    if (refused || shut)
        for (int i = 0; i < next && under_way < at_once; i++)
            if (clients[i].state == GONE && clients[i].again_at < now()) dial(&clients[i]);
}

int main(void) {
    struct epoll_event events[EVENTS_MAX], input = {.events = EPOLLIN};
    static char line[4096];
    epoll_fd = epoll_create1(0);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &input);
    for (;;) {
        dial_more();
        int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, here < count ? 20 : -1);
        int is_asked = 0;
        for (int i = 0; i < ready; i++)
            if (events[i].data.ptr) serve(events[i].data.ptr, events[i].events);
            else is_asked = 1;
        if (is_asked) {
            ssize_t size = read(0, line, sizeof line - 1);
            if (size <= 0) return 0;
            line[size] = 0;
            obey(line);
        }
    }
}
