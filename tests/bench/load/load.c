/*
 * The load generator for whatever wrk and h2load can't do: one thread, one epoll set, one JSON line on stdout.
 *
 *   load pingpong ADDRESS PORT CONNECTIONS SECONDS   64 bytes there and back, again and again
 *   load connect  ADDRESS PORT CONNECTIONS SECONDS   connect, 64 bytes there and back, wait for the end of the stream, again
 *   load http     ADDRESS PORT CONNECTIONS SECONDS   the same with a GET and "Connection: close"
 *   load bulk     ADDRESS PORT CONNECTIONS SECONDS   write as much as goes, half-close, read back how much arrived
 *   load idle     ADDRESS PORT CONNECTIONS           open all, one round trip each, print "ready", hold until stdin ends
 *   load idlehttp ADDRESS PORT CONNECTIONS           the same with a GET
 *
 * Every answer is compared with what must come; whatever is wrong is counted as an error and the first one is named.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

#define MESSAGE 64
#define ANSWER_MAX 2048
#define CHUNK (256 * 1024)
#define OPENING_AT_ONCE 64
#define STALLED_NS 1000000000ull

enum mode { PINGPONG, CONNECT, HTTP, BULK, IDLE, IDLEHTTP };

static const char *const mode_names[] = { "pingpong", "connect", "http", "bulk", "idle", "idlehttp" };

struct connection {
	int fd;
	bool connecting, writing, held, failed;
	uint64_t started; /* when the round trip under way began */
	uint64_t sent;	  /* bulk: bytes of this connection */
	uint32_t got;
	char request[MESSAGE];
	char answer[ANSWER_MAX];
};

static enum mode mode;
static struct sockaddr_in target;
static struct connection *connections;
static int count, opened, held, epoll_fd;
static char http_request[256];
static char chunk[CHUNK];
static struct histogram latencies;
static uint64_t requests, errors, bytes, now, last_done;
static int bulk_done;
static char first_error[160];

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void stop(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool is_http(void)
{
	return mode == HTTP || mode == IDLEHTTP;
}

static void end(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void fail(struct connection *c, const char *what)
{
	if (errors++ == 0)
		snprintf(first_error, sizeof(first_error), "%s", what);
	c->failed = true;
	end(c);
}

static void watch(struct connection *c, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(epoll_fd, operation, c->fd, &event))
		stop("epoll_ctl");
}

static void open_connection(struct connection *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		stop("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->connecting = c->writing = true;
	c->got = 0;
	c->started = clock_ns();
	if (connect(c->fd, (struct sockaddr *)&target, sizeof(target)) && errno != EINPROGRESS) {
		fail(c, strerror(errno));
		return;
	}
	watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void send_request(struct connection *c)
{
	const char *data = is_http() ? http_request : c->request;
	size_t size = is_http() ? strlen(http_request) : MESSAGE;

	if (!is_http()) /* an answer that belongs to another request must be noticed */
		snprintf(c->request, MESSAGE, "%p %" PRIu64, (void *)c, requests);
	c->got = 0;
	if (send(c->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail(c, strerror(errno));
}

static void write_bulk(struct connection *c)
{
	for (int turn = 0; turn < 8; turn++) {
		ssize_t n = send(c->fd, chunk, CHUNK, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno != EAGAIN)
				fail(c, strerror(errno));
			return;
		}
		c->sent += (uint64_t)n;
	}
}

static bool answer_complete(struct connection *c)
{
	if (!is_http())
		return c->got >= (mode == BULK ? sizeof(uint64_t) : MESSAGE);
	const char *body = memmem(c->answer, c->got, "\r\n\r\n", 4);
	return body && c->answer + c->got - body >= 4 + MESSAGE;
}

static bool answer_right(struct connection *c)
{
	if (mode == BULK)
		return c->got == sizeof(uint64_t) && !memcmp(c->answer, &c->sent, sizeof(uint64_t));
	if (is_http())
		return !memcmp(c->answer, "HTTP/1.1 200", 12);
	return c->got == MESSAGE && !memcmp(c->answer, c->request, MESSAGE);
}

static void done(struct connection *c)
{
	if (!answer_right(c)) {
		fail(c, is_http() ? "an answer other than 200" : "an answer that differs from what was sent");
		return;
	}
	last_done = now = clock_ns();
	requests++;
	histogram_add(&latencies, now - c->started);
	switch (mode) {
	case PINGPONG:
		c->started = now;
		send_request(c);
		break;
	case CONNECT:
	case HTTP:
		end(c);
		open_connection(c);
		break;
	case BULK:
		bytes += c->sent;
		bulk_done++;
		end(c);
		break;
	case IDLE:
	case IDLEHTTP:
		c->held = true;
		held++;
		if (opened < count)
			open_connection(&connections[opened++]);
		break;
	}
}

static void read_answer(struct connection *c)
{
	bool closes = mode == CONNECT || mode == HTTP; /* done only when the stream has ended, as the server must end it */
	ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, 0);

	if (n < 0) {
		if (errno != EAGAIN)
			fail(c, strerror(errno));
	} else if (n > 0) {
		c->got += (uint32_t)n;
		if (c->held)
			fail(c, "bytes that nobody asked for");
		else if (!closes && answer_complete(c))
			done(c);
	} else if (closes && answer_complete(c)) {
		done(c);
	} else {
		fail(c, "the connection was closed");
	}
}

static void handle(struct connection *c, uint32_t events)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (c->fd < 0)
		return;
	if (c->connecting) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error) {
			fail(c, strerror(error));
			return;
		}
		c->connecting = false;
		if (mode != BULK) {
			c->writing = false;
			watch(c, EPOLL_CTL_MOD, EPOLLIN);
			send_request(c);
			return;
		}
		watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
	if (c->writing && (events & EPOLLOUT))
		write_bulk(c);
	if (c->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		read_answer(c);
}

static void turn(int timeout_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll_fd, events, 256, timeout_ms);

	for (int i = 0; i < n; i++)
		handle(events[i].data.ptr, events[i].events);
	now = clock_ns();
}

static void half_close_all(void)
{
	for (int i = 0; i < count; i++) {
		struct connection *c = &connections[i];

		if (c->fd < 0)
			continue;
		c->writing = false;
		shutdown(c->fd, SHUT_WR);
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
	}
}

/* Whoever waits for an answer since more than a second has stalled; a short run would not show it otherwise. */
static void count_stalled(void)
{
	for (int i = 0; i < count; i++) {
		struct connection *c = &connections[i];

		if (c->fd >= 0 && !c->held && now - c->started > STALLED_NS)
			fail(c, c->connecting ? "no connection within a second" : "no answer within a second");
	}
}

static void hold(void)
{
	char byte;

	while (held + (int)errors < count && now - (last_done ? last_done : now) < 10 * STALLED_NS)
		turn(100);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	turn(0); /* whoever was closed in the meantime shows up here */
}

int main(int argc, char **argv)
{
	int names = sizeof(mode_names) / sizeof(mode_names[0]), m = 0;

	while (argc >= 5 && m < names && strcmp(argv[1], mode_names[m]))
		m++;
	if (argc < 5 || m == names || (m < IDLE && argc < 6)) {
		fprintf(stderr, "usage: load pingpong|connect|http|bulk|idle|idlehttp ADDRESS PORT CONNECTIONS [SECONDS]\n");
		return 2;
	}
	mode = (enum mode)m;
	target.sin_family = AF_INET;
	target.sin_port = htons((uint16_t)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1)
		stop(argv[2]);
	count = atoi(argv[4]);
	connections = calloc((size_t)count, sizeof(*connections));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!connections || epoll_fd < 0)
		stop("start");
	snprintf(http_request, sizeof(http_request), "GET / HTTP/1.1\r\nHost: bench\r\n%s\r\n",
		 mode == HTTP ? "Connection: close\r\n" : "");

	uint64_t start = now = clock_ns();
	int at_once = mode >= IDLE && count > OPENING_AT_ONCE ? OPENING_AT_ONCE : count;

	last_done = start;
	while (opened < at_once)
		open_connection(&connections[opened++]);
	if (mode >= IDLE) {
		hold();
	} else {
		uint64_t deadline = start + (uint64_t)(atof(argv[5]) * 1e9);

		while (now < deadline && (int)errors < count)
			turn(50);
		if (mode == BULK) {
			half_close_all();
			deadline = now + 10 * STALLED_NS; /* what is under way has to arrive */
			for (int i = 0; i < count; i++)
				connections[i].started = now;
			while (bulk_done + (int)errors < count && now < deadline)
				turn(50);
		}
		count_stalled();
	}
	double seconds = (double)((mode == BULK && last_done > start ? last_done : now) - start) / 1e9;

	printf("{\"requests\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"error\":\"%s\",\"seconds\":%.6f,\"bytes\":%" PRIu64
	       ",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
	       requests, errors, first_error, seconds, bytes, (double)histogram_at(&latencies, 0.5) / 1e3,
	       (double)histogram_at(&latencies, 0.99) / 1e3, (double)histogram_at(&latencies, 0.999) / 1e3);
	return 0;
}
