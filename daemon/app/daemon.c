// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Start, loop and stop of upsecd. Control thread. */
#define UPS_LOG_MODULE "app"
#include "app/daemon.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "app/calls.h"
#include "app/privileges.h"
#include "app/reload.h"
#include "base/addr.h"
#include "base/log.h"
#include "ctl/ng.h"
#include "dp/detacher.h"
#include "dp/kernel.h"

#define TICK_US 1000000ULL
#define TICK_SLACK_US 100000ULL

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *aux)
{
	(void)aux;
	ups_info("stopping: signal %u", info->ssi_signo);
	sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *aux)
{
	(void)source;
	(void)info;
	ups_reload_on_hangup(aux);
	return 0;
}

static int on_notify(sd_event_source *source, int fd, uint32_t events, void *aux)
{
	struct ups_daemon *d = aux;

	(void)source;
	(void)fd;
	(void)events;
	ups_dp_dispatch(d->dp);
	return 0;
}

/* For the service manager's status line; only when it changed. */
static void show_status(struct ups_daemon *d)
{
	unsigned int sessions = ups_core_session_count(d->core);

	if (sessions == d->sessions_shown)
		return;
	d->sessions_shown = sessions;
	sd_notifyf(0, "STATUS=%u session%s", sessions, sessions == 1 ? "" : "s");
}

static void show_forgotten(struct ups_daemon *d)
{
	uint64_t forgotten = ups_core_keys_forgotten(d->core);

	if (forgotten == d->forgotten_shown)
		return;
	d->forgotten_shown = forgotten;
	ups_notice("the register of used keys is full: the oldest %llu keys are forgotten, their "
		   "second use would not be noticed",
		   (unsigned long long)forgotten);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *aux)
{
	struct ups_daemon *d = aux;
	struct timespec now;
	uint64_t now_ns;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	ups_core_tick(d->core, now_ns);
	ups_dp_tick(d->dp, now_ns);
	ups_app_calls_tick(d, now_ns);
	ups_watch_tick(d->watch);
	show_status(d);
	show_forgotten(d);
	err = sd_event_source_set_time(source, usec + TICK_US);
	return err < 0 ? err : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_signals(struct ups_daemon *d)
{
	static const struct {
		int number;
		sd_event_signal_handler_t handler;
	} signals[] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_hangup } };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int err = sd_event_add_signal(d->loop, NULL, signals[i].number, signals[i].handler,
					      d);

		if (err < 0)
			return err;
	}
	return 0;
}

static int add_sources(struct ups_daemon *d)
{
	uint64_t now;
	int err = sd_event_now(d->loop, CLOCK_MONOTONIC, &now);

	if (err >= 0)
		err = sd_event_add_time(d->loop, NULL, CLOCK_MONOTONIC, now + TICK_US,
					TICK_SLACK_US, on_tick, d);
	if (err >= 0)
		err = sd_event_add_io(d->loop, NULL, ups_dp_notify_fd(d->dp), EPOLLIN, on_notify,
				      d);
	if (err >= 0)
		err = sd_event_set_watchdog(d->loop, true);
	return err < 0 ? err : 0;
}

/* ---- start ----------------------------------------------------------------------------------------------------- */

/* Signals the loop handles are blocked before any thread exists, so that every thread inherits it. */
static int open_loop(struct ups_daemon *d, struct ups_errmsg *msg)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return ups_fail(msg, -errno, "signals: %s", strerror(errno));
	err = sd_event_new(&d->loop);
	if (err >= 0)
		err = add_signals(d);
	return err < 0 ? ups_fail(msg, err, "event loop: %s", ups_strerror(err)) : 0;
}

static bool has_address(const struct ifaddrs *list, const struct ups_addr *wanted)
{
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct sockaddr_storage ss = {};
		struct ups_addr a;

		if (!i->ifa_addr ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		memcpy(&ss, i->ifa_addr,
		       i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							 : sizeof(struct sockaddr_in6));
		ups_addr_from_sockaddr(&a, &ss);
		if (ups_addr_same_ip(&a, wanted))
			return true;
	}
	return false;
}

static void warn_missing(const struct ifaddrs *list, const struct ups_iface *f,
			 const struct ups_addr *a)
{
	char text[UPS_ADDR_TEXT];

	if (!has_address(list, a))
		ups_warn("interface %s: %s is no address of this machine; sessions on it fail "
			 "until it is",
			 f->name, ups_addr_format(a, text));
}

/* A missing device is an error, since nothing would ever attach to it; an address may still come. */
static int check_machine(const struct ups_config *c, struct ups_errmsg *msg)
{
	struct ifaddrs *list = NULL;

	for (unsigned int i = 0; i < c->iface_count; i++) {
		if (!if_nametoindex(c->iface[i].device))
			return ups_fail(msg, -ENODEV,
					"interfaces[%u].device: no device %s on this machine", i,
					c->iface[i].device);
	}
	if (getifaddrs(&list))
		return ups_fail(msg, -errno, "addresses of this machine: %s", strerror(errno));
	for (unsigned int i = 0; i < c->iface_count; i++) {
		if (c->iface[i].has_v4)
			warn_missing(list, &c->iface[i], &c->iface[i].v4);
		if (c->iface[i].has_v6)
			warn_missing(list, &c->iface[i], &c->iface[i].v6);
	}
	freeifaddrs(list);
	return 0;
}

/* The child must exist before threads and keys do. */
static int open_detacher(struct ups_daemon *d, struct ups_errmsg *msg)
{
	int err;

	if (d->config.xdp == UPS_XDP_OFF || geteuid() != 0)
		return 0;
	err = ups_detacher_create(&d->detacher, msg);
	ups_kernel_use_detacher(d->detacher);
	return err;
}

static int open_data_plane(struct ups_daemon *d, struct ups_errmsg *msg)
{
	const struct ups_config *c = &d->config;
	const struct ups_dp_config config = {
		.limits = c->limits,
		.ifaces = c->iface,
		.iface_count = c->iface_count,
		.crypto = d->crypto,
		.workers = c->workers,
		.xdp = c->xdp,
		.lane = c->lane,
		.key_warning_percent = c->key_warning_percent,
		.dtls = { .certificate = c->dtls_certificate[0] ? c->dtls_certificate : NULL,
			  .key = c->dtls_key[0] ? c->dtls_key : NULL,
			  .ca = c->dtls_ca[0] ? c->dtls_ca : NULL },
		.callbacks = ups_control_callbacks(d),
	};

	return ups_dp_create(&config, &d->dp, msg);
}

static int open_netlink(struct ups_daemon *d, struct ups_errmsg *msg)
{
	struct ups_nl_config config = { .has_group = d->config.group[0] != '\0',
					.read_restricted = !d->config.read_all };
	int err;

	if (config.has_group) {
		err = ups_privileges_group(d->config.group, &config.group, msg);
		if (err)
			return err;
	}
	return ups_nl_server_create(d->loop, &d->ops, &config, &d->netlink, msg);
}

static int open_ng(struct ups_daemon *d, struct ups_errmsg *msg)
{
	if (!d->config.ng.listen_count)
		return 0;
	return ups_ng_server_create(d->loop, &d->ops, &d->config.ng, &d->ng, msg);
}

static int open_modules(struct ups_daemon *d, struct ups_errmsg *msg)
{
	const struct ups_config *c = &d->config;
	int err = ups_crypto_open(c->crypto, &d->crypto, msg);

	if (err)
		return err;
	err = ups_core_create(&c->limits, c->iface, c->iface_count, &d->core);
	if (err)
		return ups_fail(msg, err, "session tables: %s", ups_strerror(err));
	err = ups_app_calls_open(d, msg);
	if (err)
		return err;
	err = ups_watch_create(d, &d->watch);
	if (err)
		return ups_fail(msg, err, "tables: %s", ups_strerror(err));
	ups_control_init(d);
	/* Taken port id = another daemon lives: find out before touching its devices. No request is read until the loop runs. */
	err = open_netlink(d, msg);
	if (!err)
		err = open_data_plane(d, msg);
	return err ? err : open_ng(d, msg);
}

static int start(struct ups_daemon *d, struct ups_errmsg *msg)
{
	struct ups_identity identity;
	int err = ups_privileges_harden(msg);

	if (!err)
		err = ups_privileges_resolve(d->config.user, &identity, msg);
	if (!err)
		err = check_machine(&d->config, msg);
	if (!err)
		err = open_detacher(d, msg);
	if (!err)
		err = ups_privileges_become(&identity, msg);
	if (!err)
		err = open_loop(d, msg);
	if (!err)
		err = open_modules(d, msg);
	if (!err)
		err = ups_privileges_drop(msg);
	if (err)
		return err;
	err = add_sources(d);
	return err ? ups_fail(msg, err, "event loop: %s", ups_strerror(err)) : 0;
}

/* Reverse order of start; every part may be missing. */
static void stop(struct ups_daemon *d)
{
	ups_ng_server_destroy(d->ng);
	ups_dp_destroy(d->dp);
	ups_nl_server_destroy(d->netlink);
	ups_watch_destroy(d->watch);
	ups_app_calls_close(d);
	ups_core_destroy(d->core);
	ups_crypto_close(d->crypto);
	sd_event_unref(d->loop);
	ups_kernel_use_detacher(NULL);
	ups_detacher_destroy(d->detacher);
}

static int loop(struct ups_daemon *d)
{
	int err;

	ups_info("upsecd " UPS_VERSION ": ready, %s, %u interfaces", ups_crypto_name(d->crypto),
		 d->config.iface_count);
	sd_notify(0, "READY=1\nSTATUS=0 sessions");
	err = sd_event_loop(d->loop);
	if (err < 0)
		ups_err("event loop: %s", ups_strerror(err));
	return err;
}

int ups_daemon_run(const struct ups_config *config)
{
	struct ups_daemon *d = calloc(1, sizeof(*d));
	struct ups_errmsg msg = {};
	int err;

	if (!d)
		return -ENOMEM;
	d->config = *config;
	ups_log_set_level(d->config.log_level);
	err = start(d, &msg);
	if (err)
		ups_err("cannot start: %s", msg.text[0] ? msg.text : ups_strerror(err));
	else
		err = loop(d);
	stop(d);
	free(d);
	return err;
}
