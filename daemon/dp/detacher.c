// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The child that detaches XDP programs. Both sides; the daemon's side on the control thread. */
#define UPS_LOG_MODULE "xdp"
#include "dp/detacher.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/log.h"
#include "dp/kernel_priv.h"

#define ANSWER_SECONDS 5

struct request {
	int32_t ifindex;
	int32_t mode;
	uint32_t program_id;
};

struct ups_detacher {
	int fd;
	pid_t child;
};

/* ---- the child ------------------------------------------------------------------------------------------------- */

static int detach(const struct request *rq)
{
	struct xdp_program *program = xdp_program__from_id(rq->program_id);
	int err = (int)libxdp_get_error(program);

	if (err)
		return err;
	err = xdp_program__detach(program, rq->ifindex, (enum xdp_attach_mode)rq->mode, 0);
	xdp_program__close(program);
	return err;
}

static void keep_capabilities(void)
{
	static const cap_value_t kept[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON };
	const int count = sizeof(kept) / sizeof(kept[0]);
	cap_t want = cap_init();

	if (!want || cap_set_flag(want, CAP_PERMITTED, count, kept, CAP_SET) ||
	    cap_set_flag(want, CAP_EFFECTIVE, count, kept, CAP_SET) || cap_set_proc(want))
		ups_debug("the detaching process keeps the capabilities of its start: %s",
			  strerror(errno));
	cap_free(want);
}

static void __attribute__((noreturn)) child_main(int fd)
{
	struct request rq;

	/* The daemon's end decides when to stop, not a signal to the process group. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "upsecd-detach", 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	keep_capabilities();
	ups_kernel_capture_log();
	while (recv(fd, &rq, sizeof(rq), 0) == sizeof(rq)) {
		int32_t err = detach(&rq);

		if (send(fd, &err, sizeof(err), MSG_NOSIGNAL) != sizeof(err))
			break;
	}
	_exit(0);
}

/* ---- the daemon ------------------------------------------------------------------------------------------------ */

static int start(struct ups_detacher *d, struct ups_errmsg *msg)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return ups_fail(msg, -errno, "socket pair: %s", strerror(errno));
	d->child = fork();
	if (d->child == 0) {
		close(pair[0]);
		child_main(pair[1]);
	}
	close(pair[1]);
	d->fd = pair[0];
	if (d->child < 0)
		return ups_fail(msg, -errno, "fork: %s", strerror(errno));
	if (setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return ups_fail(msg, -errno, "socket pair: %s", strerror(errno));
	return 0;
}

int ups_detacher_create(struct ups_detacher **out, struct ups_errmsg *msg)
{
	struct ups_detacher *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ups_fail(msg, -ENOMEM, "out of memory");
	d->fd = -1;
	d->child = -1;
	err = start(d, msg);
	if (err) {
		ups_detacher_destroy(d);
		return err;
	}
	*out = d;
	return 0;
}

void ups_detacher_destroy(struct ups_detacher *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	while (d->child > 0 && waitpid(d->child, NULL, 0) < 0 && errno == EINTR)
		;
	free(d);
}

int ups_detacher_detach(struct ups_detacher *d, int ifindex, int mode, uint32_t program_id)
{
	const struct request rq = { ifindex, mode, program_id };
	ssize_t n = send(d->fd, &rq, sizeof(rq), MSG_NOSIGNAL);
	int32_t answer;

	if (n < 0)
		return -errno;
	n = recv(d->fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return n == sizeof(answer) ? answer : -EPIPE;
}
