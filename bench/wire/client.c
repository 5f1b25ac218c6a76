// Thousands of pages' sockets in one thread, for bench/sockets.py: `client HOST PORT EVENT COOKIE ORIGIN AUTH`.
//
// Speaks as much of WebSocket, Engine.IO 4 and Socket.IO 5 as a page needs, answers pings all the time, and
// obeys one command per line of its input, each answered by one line of JSON:
//   open N WINDOW      connect N sockets, at most WINDOW of them at once, each until it is let in
//   expect K SECONDS   "ready" at once; then, when each socket has received K more events named EVENT, or
//                      after SECONDS, how many came and when
//   sample             the last event, its name and its payload
//   status             how many are connected, and how many the server has hung up on
//   close              disconnect all
// Times are seconds of CLOCK_MONOTONIC, which is Python's time.monotonic() too.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000, RECEIVED = 1 << 20, SENT = 4096, READY = 1024 };
enum State { CLOSED, CONNECTING, UPGRADING, UPGRADED, GREETED, OPEN };

typedef struct {
    int fd;
    enum State state;
    int events;        // since `expect`
    double at;         // when the last of those expected came
    char *part;        // of a frame or of the answer to the upgrade
    size_t part_size;
} Page;

static Page pages[MOST];
static int made, wanted, window, under_way, open_now, refused, dropped;
static double opening_since, opened_at;
static int expected, complete;
static double expected_until;
static uint64_t event_bytes, event_count;
static double first_at;
static char *sample;
static size_t sample_size;
static char received[RECEIVED];
static char upgrade[SENT], greeting[SENT], event_start[256];
static size_t upgrade_size, greeting_size, event_start_size;
static struct sockaddr_in server;
static int poller;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void say(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    fflush(stdout);
}

static void let_go(Page *page) {
    if (page->state == CLOSED) return;
    if (page->state == OPEN) open_now--, dropped++;
    else under_way--, refused++;
    if (opening_since > 0 && wanted < MOST) wanted++;  // try again, as a page does
    close(page->fd);
    free(page->part);
    page->part = NULL;
    page->part_size = 0;
    page->state = CLOSED;
}

static void put(Page *page, const char *data, size_t size) {
    if (send(page->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) let_go(page);
}

// A masked frame whose mask is zero, so that its payload stays as it is.
static size_t frame(char *target, char opcode, const char *text) {
    size_t size = strlen(text), head = 2;
    target[0] = (char)(0x80 | opcode);
    if (size < 126) {
        target[1] = (char)(0x80 | size);
    } else {
        target[1] = (char)(0x80 | 126);
        target[2] = (char)(size >> 8);
        target[3] = (char)size;
        head = 4;
    }
    memset(target + head, 0, 4);
    memcpy(target + head + 4, text, size);
    return head + 4 + size;
}

static void begin_one(void) {
    Page *page = &pages[made++];
    int on = 1;
    page->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (page->fd < 0) fail("socket");
    setsockopt(page->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    page->state = CONNECTING;
    page->events = 0;
    under_way++;
    if (connect(page->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = page};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, page->fd, &event) < 0) fail("epoll_ctl");
}

static void open_more(void) {
    while (made < wanted && under_way < window) begin_one();
    if (wanted && made == wanted && under_way == 0 && opening_since > 0) {
        say("{\"opened\": %d, \"refused\": %d, \"seconds\": %.6f}", open_now, refused, opened_at - opening_since);
        opening_since = 0;
    }
}

static void take_event(Page *page, const char *packet, size_t size, size_t frame_size) {
    event_bytes += frame_size;
    event_count++;
    if (size > sample_size || sample == NULL) sample = realloc(sample, size + 1);
    if (sample == NULL) fail("realloc");
    memcpy(sample, packet + 2, size - 2);
    sample[size - 2] = 0;
    sample_size = size;
    if (++page->events != expected) return;
    page->at = now();
    if (complete++ == 0) first_at = page->at;
}

static void take_packet(Page *page, char opcode, const char *packet, size_t size, size_t frame_size) {
    static char pong[SENT];
    if (opcode == 8) {
        let_go(page);
    } else if (opcode == 9) {
        put(page, pong, frame(pong, 10, ""));
    } else if (opcode == 1 && size) {
        if (packet[0] == '0') {
            put(page, greeting, greeting_size);
            if (page->state == UPGRADED) page->state = GREETED;
        } else if (packet[0] == '2') {
            put(page, pong, frame(pong, 1, "3"));
        } else if (size > 1 && packet[0] == '4' && packet[1] == '0') {
            if (page->state != GREETED) return;
            page->state = OPEN;
            under_way--, open_now++;
            opened_at = now();
        } else if (packet[0] == '1' || (size > 1 && packet[0] == '4' && (packet[1] == '1' || packet[1] == '4'))) {
            let_go(page);
        } else if (size > event_start_size && memcmp(packet, event_start, event_start_size) == 0) {
            take_event(page, packet, size, frame_size);
        }
    }
}

// Returns how many bytes of `data` were whole frames.
static size_t take_frames(Page *page, const char *data, size_t size) {
    size_t taken = 0;
    while (page->state != CLOSED && size - taken >= 2) {
        const unsigned char *at = (const unsigned char *)data + taken;
        size_t head = 2, length = at[1] & 127;
        if (length == 126) head = 4;
        if (length == 127) head = 10;
        if (size - taken < head) break;
        if (head == 4) length = ((size_t)at[2] << 8) | at[3];
        if (head == 10) {
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | at[i];
        }
        if (size - taken < head + length) break;
        take_packet(page, (char)(at[0] & 15), (const char *)at + head, length, head + length);
        taken += head + length;
    }
    return taken;
}

// Returns how many bytes of the answer to the upgrade `data` begins with, 0 if its end has not come.
static size_t take_upgrade(Page *page, const char *data, size_t size) {
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (memcmp(data + sizeof "HTTP/1.1", "101", 3) != 0) {
        let_go(page);
        return size;
    }
    page->state = UPGRADED;
    return (size_t)(end - data) + 4;
}

static void read_page(Page *page) {
    size_t kept = page->part_size, taken = 0;
    if (kept) memcpy(received, page->part, kept);
    ssize_t got = recv(page->fd, received + kept, RECEIVED - kept, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) let_go(page);
        return;
    }
    size_t size = kept + (size_t)got;
    if (page->state == UPGRADING) taken = take_upgrade(page, received, size);
    if (page->state >= UPGRADED) taken += take_frames(page, received + taken, size - taken);
    if (page->state == CLOSED) return;
    page->part_size = size - taken;
    if (page->part_size == 0 && kept == 0) return;
    free(page->part);
    page->part = NULL;
    if (page->part_size == 0) return;
    page->part = malloc(page->part_size);
    if (page->part == NULL) fail("malloc");
    memcpy(page->part, received + taken, page->part_size);
}

static void finish_connecting(Page *page) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(page->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        let_go(page);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = page};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, page->fd, &event) < 0) fail("epoll_ctl");
    page->state = UPGRADING;
    put(page, upgrade, upgrade_size);
}

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static void report(void) {
    static double times[MOST];
    int count = 0;
    for (int i = 0; i < made; i++)
        if (pages[i].state == OPEN && pages[i].events >= expected) times[count++] = pages[i].at;
    qsort(times, (size_t)count, sizeof *times, by_value);
    say("{\"pages\": %d, \"complete\": %d, \"events\": %llu, \"bytes\": %llu, \"first\": %.6f, \"p50\": %.6f, "
        "\"p99\": %.6f, \"last\": %.6f}",
        open_now, count, (unsigned long long)event_count, (unsigned long long)event_bytes, first_at,
        count ? times[count / 2] : 0, count ? times[(size_t)count * 99 / 100] : 0, count ? times[count - 1] : 0);
    expected = 0;
}

static void expect(int count, double seconds) {
    for (int i = 0; i < made; i++) pages[i].events = 0;
    expected = count;
    complete = 0;
    event_bytes = event_count = 0;
    first_at = 0;
    expected_until = now() + seconds;
    say("\"ready\"");
}

static void close_all(void) {
    int count = open_now;
    for (int i = 0; i < made; i++) let_go(&pages[i]);
    made = wanted = dropped = refused = 0;
    say("{\"closed\": %d}", count);
}

static void obey(const char *line) {
    int count, at_once;
    double seconds;
    if (sscanf(line, "open %d %d", &count, &at_once) == 2 && made + count <= MOST) {
        wanted = made + count;
        window = at_once;
        opening_since = opened_at = now();
    } else if (sscanf(line, "expect %d %lf", &count, &seconds) == 2) {
        expect(count, seconds);
    } else if (strcmp(line, "sample") == 0) {
        say("%s", sample ? sample : "null");
    } else if (strcmp(line, "status") == 0) {
        say("{\"open\": %d, \"dropped\": %d}", open_now, dropped);
    } else if (strcmp(line, "close") == 0) {
        close_all();
    } else {
        say("{\"unknown\": true}");
    }
}

static void read_commands(void) {
    static char line[SENT];
    static size_t size;
    ssize_t got = read(STDIN_FILENO, line + size, sizeof line - 1 - size);
    if (got <= 0) exit(0);
    size += (size_t)got;
    line[size] = 0;
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = 0;
        obey(line);
        size -= (size_t)(end + 1 - line);
        memmove(line, end + 1, size + 1);
    }
}

static void prepare(char **given) {
    char text[SENT - 16];
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(given[2]));
    if (inet_pton(AF_INET, given[1], &server.sin_addr) != 1) fail("inet_pton");
    event_start_size = (size_t)snprintf(event_start, sizeof event_start, "42[\"%s\",", given[3]);
    upgrade_size = (size_t)snprintf(
        upgrade, sizeof upgrade,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Cookie: %s\r\nOrigin: %s\r\n\r\n",
        given[1], given[2], given[4], given[5]);
    snprintf(text, sizeof text, "40%s", given[6]);
    greeting_size = frame(greeting, 1, text);
    if (upgrade_size >= sizeof upgrade) fail("the cookie is too long");
}

int main(int count, char **given) {
    static struct epoll_event events[READY];
    if (count != 7) fail("client HOST PORT EVENT COOKIE ORIGIN AUTH");
    prepare(given);
    poller = epoll_create1(0);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0) fail("epoll");
    for (;;) {
        int ready = epoll_wait(poller, events, READY, expected ? 10 : -1);
        for (int i = 0; i < ready; i++) {
            Page *page = events[i].data.ptr;
            if (page == NULL) read_commands();
            else if (page->state == CONNECTING) finish_connecting(page);
            else if (page->state != CLOSED) read_page(page);
        }
        if (opening_since > 0) open_more();
        if (expected && (complete >= open_now || now() > expected_until)) report();
    }
}
