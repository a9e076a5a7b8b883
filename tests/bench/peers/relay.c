/*
 * The least a TCP relay has to do, as a peer for the mesh's: accept, connect, copy in user space both ways with back-pressure,
 * pass half-close and reset on. No discovery, no policy, no metrics.
 *
 *   relay THREADS ADDRESS TARGET_ADDRESS PORT...     each port of the address is relayed to the same port of the target
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (64 * 1024)

struct side {
	int fd;
	uint32_t watched; /* epoll events now wanted */
	bool listens, connecting, ended, shut;
	char *pending; /* bytes that the other side sent and this one could not take yet; none while idle */
	uint32_t pending_from, pending_to;
	struct side *other;
	struct side *next_free; /* freed only after the turn: an event of this turn may still point here */
	uint16_t port;
};

static struct in_addr own, target;
static uint16_t *ports;
static int port_count;

static _Thread_local int epoll_fd;
static _Thread_local struct side *dead;
static _Thread_local char buffer[BUFFER];

static void stop(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct side *side_new(int fd, uint32_t events)
{
	struct side *s = calloc(1, sizeof(*s));
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (!s)
		stop("memory");
	s->fd = fd;
	s->watched = events;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		stop("epoll_ctl");
	return s;
}

static void want(struct side *s, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (s->watched != events && s->fd >= 0)
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s->fd, &event);
	s->watched = events;
}

static void update(struct side *s)
{
	bool reads = !s->ended && !s->connecting && !s->other->pending && !s->other->connecting;

	want(s, (reads ? EPOLLIN : 0) | (s->pending || s->connecting ? EPOLLOUT : 0));
}

static void close_side(struct side *s, bool reset)
{
	struct linger linger = { .l_onoff = 1 };

	if (s->fd < 0)
		return;
	if (reset)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(s->fd);
	free(s->pending);
	s->pending = NULL;
	s->fd = -1;
	s->next_free = dead;
	dead = s;
}

static void close_both(struct side *s, bool reset)
{
	close_side(s, reset);
	close_side(s->other, reset);
}

/* False when both sides are closed. */
static bool pass_end(struct side *from)
{
	struct side *to = from->other;

	if (from->ended && !to->pending && !to->shut) {
		to->shut = true;
		shutdown(to->fd, SHUT_WR);
	}
	if (from->shut && to->shut) {
		close_both(from, false);
		return false;
	}
	return true;
}

static bool flush(struct side *s)
{
	while (s->pending_from < s->pending_to) {
		ssize_t n = send(s->fd, s->pending + s->pending_from, s->pending_to - s->pending_from, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			close_both(s, true);
			return false;
		}
		s->pending_from += (uint32_t)n;
	}
	free(s->pending);
	s->pending = NULL;
	return pass_end(s->other);
}

static bool copy(struct side *from)
{
	struct side *to = from->other;
	ssize_t n = recv(from->fd, buffer, BUFFER, 0), sent;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n < 0) {
		close_both(from, true);
		return false;
	}
	if (n == 0) {
		from->ended = true;
		return pass_end(from);
	}
	sent = send(to->fd, buffer, (size_t)n, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		close_both(from, true);
		return false;
	}
	sent = sent < 0 ? 0 : sent;
	if (sent < n) {
		to->pending = malloc((size_t)(n - sent));
		if (!to->pending)
			stop("memory");
		memcpy(to->pending, buffer + sent, (size_t)(n - sent));
		to->pending_from = 0;
		to->pending_to = (uint32_t)(n - sent);
	}
	return true;
}

static void accept_all(struct side *listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(listener->port), .sin_addr = target };
	int one = 1, fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int up = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (up < 0)
			stop("socket");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(up, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(up, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS) {
			close(up);
			close(fd);
			continue;
		}
		struct side *client = side_new(fd, 0), *server = side_new(up, EPOLLOUT);

		client->other = server;
		server->other = client;
		server->connecting = true;
	}
}

static void handle(struct side *s, uint32_t events)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (s->fd < 0)
		return;
	if (s->listens) {
		accept_all(s);
		return;
	}
	if (s->connecting || (events & EPOLLERR)) {
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error) {
			close_both(s, true);
			return;
		}
		s->connecting = false;
	}
	if ((events & EPOLLOUT) && s->pending && !flush(s))
		return;
	if ((events & EPOLLIN) && !s->other->pending && !copy(s))
		return;
	update(s);
	update(s->other);
}

static void *work(void *unused)
{
	struct epoll_event events[256];

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < port_count; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(ports[i]), .sin_addr = own };
		int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16384))
			stop("listen");
		struct side *listener = side_new(fd, EPOLLIN);
		listener->listens = true;
		listener->port = ports[i];
	}
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < n; i++)
			handle(events[i].data.ptr, events[i].events);
		while (dead) {
			struct side *next = dead->next_free;

			free(dead);
			dead = next;
		}
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 5 || inet_pton(AF_INET, argv[2], &own) != 1 || inet_pton(AF_INET, argv[3], &target) != 1) {
		fprintf(stderr, "usage: relay THREADS ADDRESS TARGET_ADDRESS PORT...\n");
		return 2;
	}
	port_count = argc - 4;
	ports = calloc((size_t)port_count, sizeof(*ports));
	for (int i = 0; i < port_count; i++)
		ports[i] = (uint16_t)atoi(argv[4 + i]);
	for (int i = 1; i < atoi(argv[1]); i++)
		if (pthread_create(&thread, NULL, work, NULL))
			stop("pthread_create");
	work(NULL);
	return 0;
}
