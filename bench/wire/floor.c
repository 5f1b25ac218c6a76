// What a broadcast costs at the least, for bench/sockets.py: `floor PING_INTERVAL_MS PING_TIMEOUT_MS`.
//
// One thread, epoll, no room, no login, no queue: `POST /emit?count=N` sends its body to every socket N times, as
// one write to each. Speaks as much of the protocols as client.c asks for, whose upgrade needs no proof.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MOST = 20000, RECEIVED = 1 << 20, READY = 1024, BACKLOG = 2048 };
enum State { CLOSED, HTTP, WEBSOCKET };

typedef struct {
    enum State state;
    size_t left;  // bytes of `message` that are still to be sent
    char *part;   // of a request
    size_t part_size;
} Peer;

static Peer peers[MOST];  // by file descriptor
static char received[RECEIVED];
static char *message;
static size_t message_size;
static char opening[512], greeting[64];
static size_t opening_size, greeting_size;
static int poller, listener, ticker;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static size_t head(char *target, size_t size) {
    target[0] = (char)0x81;
    if (size < 126) {
        target[1] = (char)size;
        return 2;
    }
    int bytes = size < 65536 ? 2 : 8;
    target[1] = (char)(bytes == 2 ? 126 : 127);
    for (int i = 0; i < bytes; i++) target[2 + i] = (char)(size >> (8 * (bytes - 1 - i)));
    return (size_t)(2 + bytes);
}

static size_t frame(char *target, const char *text) {
    size_t size = strlen(text), start = head(target, size);
    memcpy(target + start, text, size);
    return start + size;
}

static void watch(int fd, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) < 0) fail("epoll_ctl");
}

static void let_go(int fd) {
    close(fd);
    free(peers[fd].part);
    memset(&peers[fd], 0, sizeof *peers);
}

static void send_all(int fd, const char *data, size_t size) {
    if (send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) let_go(fd);
}

// Send what is left of the message; ask to be told when the socket can take more.
static void send_message(int fd) {
    Peer *peer = &peers[fd];
    ssize_t sent = send(fd, message + message_size - peer->left, peer->left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        let_go(fd);
        return;
    }
    size_t before = peer->left;
    if (sent > 0) peer->left -= (size_t)sent;
    if (peer->left) watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    else if (before != message_size) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

static void broadcast(const char *body, size_t size, long count) {
    static const char start[] = "42[\"update-call\",";
    size_t packet = sizeof start - 1 + size + 1, whole = packet + 10;
    message = realloc(message, whole * (size_t)count);
    if (message == NULL) fail("realloc");
    message_size = 0;
    for (long i = 0; i < count; i++) {
        char *at = message + message_size;
        at += head(at, packet);
        memcpy(at, start, sizeof start - 1);
        memcpy(at + sizeof start - 1, body, size);
        at[packet - 1] = ']';
        message_size = (size_t)(at + packet - message);
    }
    for (int fd = 0; fd < MOST; fd++)
        if (peers[fd].state == WEBSOCKET) {
            peers[fd].left = message_size;
            send_message(fd);
        }
}

static void ping_all(void) {
    uint64_t ticks;
    if (read(ticker, &ticks, sizeof ticks) < 0) fail("read");
    for (int fd = 0; fd < MOST; fd++)
        if (peers[fd].state == WEBSOCKET && peers[fd].left == 0) send_all(fd, "\x81\x01" "2", 3);
}

static void take_request(int fd, char *request, size_t size) {
    static const char done[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char *body = memmem(request, size, "\r\n\r\n", 4);
    if (body == NULL) goto wait;
    body += 4;
    if (strncmp(request, "GET ", 4) == 0) {
        peers[fd].state = WEBSOCKET;
        send_all(fd, opening, opening_size);
        return;
    }
    char *length = strcasestr(request, "\r\nContent-Length:"), *count = strstr(request, "count=");
    size_t expected = length ? (size_t)atol(length + 17) : 0;
    if ((size_t)(request + size - body) < expected) goto wait;
    broadcast(body, expected, count ? atol(count + 6) : 1);
    send_all(fd, done, sizeof done - 1);
    return;
wait:
    peers[fd].part = malloc(size);
    if (peers[fd].part == NULL) fail("malloc");
    memcpy(peers[fd].part, request, size);
    peers[fd].part_size = size;
}

static void read_peer(int fd) {
    Peer *peer = &peers[fd];
    size_t kept = peer->part_size;
    if (kept) memcpy(received, peer->part, kept);
    free(peer->part);
    peer->part = NULL;
    peer->part_size = 0;
    ssize_t got = recv(fd, received + kept, RECEIVED - 1 - kept, MSG_DONTWAIT);
    if (got <= 0) {
        let_go(fd);
        return;
    }
    size_t size = kept + (size_t)got;
    received[size] = 0;
    if (peer->state == HTTP) take_request(fd, received, size);
    // The mask of client.c is zero: its hello is the frame that begins with "40", all others are pongs.
    else if (size > 8 && (memmem(received, 16, "40{", 3) != NULL)) send_all(fd, greeting, greeting_size);
}

static void accept_all(void) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST) fail("too many sockets");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peers[fd].state = HTTP;
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void prepare(long interval, long timeout) {
    static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n\r\n";
    char text[256];
    snprintf(text, sizeof text,
             "0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":%ld,\"pingTimeout\":%ld,\"maxPayload\":10000}", interval,
             timeout);
    memcpy(opening, upgraded, sizeof upgraded - 1);
    opening_size = sizeof upgraded - 1 + frame(opening + sizeof upgraded - 1, text);
    greeting_size = frame(greeting, "40{\"sid\":\"a\"}");
    struct itimerspec every = {{interval / 1000, interval % 1000 * 1000000}, {interval / 1000, interval % 1000 * 1000000}};
    ticker = timerfd_create(CLOCK_MONOTONIC, 0);
    if (ticker < 0 || timerfd_settime(ticker, 0, &every, NULL) < 0) fail("timerfd");
}

static void listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, BACKLOG) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("Floor at http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

int main(int count, char **given) {
    static struct epoll_event events[READY];
    if (count != 3) fail("floor PING_INTERVAL_MS PING_TIMEOUT_MS");
    poller = epoll_create1(0);
    prepare(atol(given[1]), atol(given[2]));
    listen_anywhere();
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    watch(ticker, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int ready = epoll_wait(poller, events, READY, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_all();
            else if (fd == ticker) ping_all();
            else if (events[i].events & (EPOLLERR | EPOLLHUP)) let_go(fd);
            else if (events[i].events & EPOLLOUT && peers[fd].left) send_message(fd);
            else read_peer(fd);
        }
    }
}
