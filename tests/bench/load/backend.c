/*
 * The server behind every system for opaque work: one thread, one epoll set.
 *
 *   backend ECHO_PORT ONCE_PORT SINK_PORT
 *     echo  sends back what comes
 *     once  sends back the first message and closes
 *     sink  counts what comes, and answers the end of the stream with the count (64 bits, as they lie in memory)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { ECHO, ONCE, SINK };

struct endpoint {
	int fd;
	int listens;
	enum kind kind;
	uint64_t count;
};

static int epoll_fd;
static char buffer[256 * 1024];

static void stop(const char *what)
{
	fprintf(stderr, "backend: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(int fd, enum kind kind, int listens)
{
	struct endpoint *e = calloc(1, sizeof(*e));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };

	if (!e)
		stop("memory");
	e->fd = fd;
	e->kind = kind;
	e->listens = listens;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		stop("epoll_ctl");
}

static void listen_on(int port, enum kind kind)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16384))
		stop("listen");
	add(fd, kind, 1);
}

static void accept_all(struct endpoint *listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		add(fd, listener->kind, 0);
	}
}

static void serve(struct endpoint *e)
{
	ssize_t n = recv(e->fd, buffer, sizeof(buffer), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && e->kind == SINK) {
		e->count += (uint64_t)n;
		return;
	}
	if (n == 0 && e->kind == SINK)
		send(e->fd, &e->count, sizeof(e->count), MSG_NOSIGNAL);
	/* Messages are small and the client waits for each: they always fit into the socket's buffer. */
	if (n > 0 && send(e->fd, buffer, (size_t)n, MSG_NOSIGNAL) == n && e->kind == ECHO)
		return;
	close(e->fd);
	free(e);
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];

	if (argc != 4) {
		fprintf(stderr, "usage: backend ECHO_PORT ONCE_PORT SINK_PORT\n");
		return 2;
	}
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listen_on(atoi(argv[1]), ECHO);
	listen_on(atoi(argv[2]), ONCE);
	listen_on(atoi(argv[3]), SINK);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < n; i++) {
			struct endpoint *e = events[i].data.ptr;

			if (e->listens)
				accept_all(e);
			else
				serve(e);
		}
	}
}
