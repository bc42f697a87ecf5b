/* The floor: a loop of send() over its sockets, and nothing else. Prints its port; each line `SIZE MARKS` on
 * stdin sends one WebSocket message of SIZE bytes, frame header included, with MARKS marks (~) to everybody. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS_MAX = 20000, SEND_BUFFER = 128 * 1024, SIZE_MAX_ = 1 << 20 };
static const char said[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
static int sockets[SOCKETS_MAX], count;
static unsigned char frame[SIZE_MAX_];

static void greet(int listener) {
    char head[4096];
    int one = 1, size = SEND_BUFFER, fd = accept(listener, 0, 0);
    if (fd < 0 || count == SOCKETS_MAX) exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (recv(fd, head, sizeof head, 0) <= 0 || send(fd, said, sizeof said - 1, 0) < 0) exit(1);
    sockets[count++] = fd;
}

static void tell(size_t size, int marks) {
    size_t payload = size - 4;
    memset(frame, 'x', size);
    frame[0] = 0x81, frame[1] = 126, frame[2] = payload >> 8, frame[3] = payload;
    if (payload > 65535) {
        payload = size - 10;
        frame[1] = 127;
        for (int i = 0; i < 8; i++) frame[2 + i] = payload >> 8 * (7 - i);
    }
    memset(frame + size - marks, '~', marks);
    for (int i = 0; i < count; i++)
        if (send(sockets[i], frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) exit(1);
}

int main(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll_fd = epoll_create1(0), marks;
    char line[256];
    size_t size;
    bind(listener, (void *)&at, sizeof at);
    listen(listener, 4096);
    getsockname(listener, (void *)&at, &length);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        if (epoll_wait(epoll_fd, &event, 1, -1) != 1) continue;
        if (event.data.fd) { greet(listener); continue; }
        ssize_t got = read(0, line, sizeof line - 1);
        if (got <= 0) return 0;
        line[got] = 0;
        if (sscanf(line, "%zu %d", &size, &marks) == 2) tell(size, marks);
    }
}
