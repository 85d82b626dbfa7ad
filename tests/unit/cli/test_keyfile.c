// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Key files: syntax, places, permissions, and that no error repeats a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/keyfile.h"
#include "rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define CM "AES_CM_128_HMAC_SHA1_80 "

static struct ups_nl_session_request session;
static struct ups_errmsg msg;

/* Stream 0: srtp and clear; stream 1: srtp and srtp. */
static void prepare(void)
{
	memset(&session, 0, sizeof(session));
	session.stream_count = 2;
	session.stream[0].leg[0].mode = UPS_NL_MODE_SRTP;
	session.stream[1].leg[0].mode = UPS_NL_MODE_SRTP;
	session.stream[1].leg[1].mode = UPS_NL_MODE_SRTP;
	msg.text[0] = '\0';
}

/* From a buffer of the exact size, without NUL. */
static int parse(const char *text)
{
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, size);
	prepare();
	err = ups_keyfile_parse("keys", copy, size, &session, &msg);
	free(copy);
	return err;
}

static void keys_reach_their_places(void **state)
{
	const struct ups_nl_leg_request *leg = &session.stream[0].leg[0];

	(void)state;
	if (parse("# a comment\n\n"
		  "  \t \r\n"
		  "0 0 rx " CM KEY "|2^20|1:4\r\n"
		  "0 0 rx " CM KEY "|2:4 UNENCRYPTED_SRTCP # the next\n"
		  "\t0\t0\ttx\tAEAD_AES_256_GCM inline:"
		  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=\n"
		  "1 1 tx " CM KEY "|2^40"))
		fail_msg("%s", msg.text);
	assert_int_equal(leg->rx_count, 2);
	assert_int_equal(leg->rx[0].suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(leg->rx[0].master.size, 30);
	assert_int_equal(leg->rx[0].mki_len, 4);
	assert_int_equal(leg->rx[0].mki[3], 1);
	assert_int_equal(leg->rx[0].rtp_lifetime, 1 << 20);
	assert_int_equal(leg->rx[0].rtcp_lifetime, 1 << 20);
	assert_false(leg->rx[0].rtcp_clear);
	assert_int_equal(leg->rx[1].rtp_lifetime, 0);
	assert_true(leg->rx[1].rtcp_clear);
	assert_int_equal(leg->tx_count, 1);
	assert_int_equal(leg->tx[0].master.size, 44);
	assert_int_equal(leg->tx[0].master.data[43], 43);
	/* RTCP counts to 2^31 at most. */
	assert_int_equal(session.stream[1].leg[1].tx[0].rtp_lifetime, 1ULL << 40);
	assert_int_equal(session.stream[1].leg[1].tx[0].rtcp_lifetime, 1ULL << 31);
}

static void wrong_lines_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "x", "keys:1: expected the number of a stream" },
		{ "\n\n2 0 rx " CM KEY, "keys:3: expected the number of a stream" },
		{ "-1 0 rx " CM KEY, "number of a stream" },
		{ "000 0 rx " CM KEY, "number of a stream" },
		{ "0", "leg 0 or 1" },
		{ "0 2 rx " CM KEY, "leg 0 or 1" },
		{ "0 1 rx " CM KEY, "takes no key" },
		{ "0 0", "rx or tx" },
		{ "0 0 both " CM KEY, "rx or tx" },
		{ "0 0 rx", "suite" },
		{ "0 0 rx NULL_HMAC_SHA1_80 " KEY, "suite" },
		{ "0 0 rx none " KEY, "suite" },
		{ "0 0 rx AES_CM_128_HMAC_SHA1 " KEY, "suite" },
		{ "0 0 rx " CM, "expected inline:" },
		{ "0 0 rx " CM "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj", "expected inline:" },
		{ "0 0 rx " CM "inline:short", "key: expected base64" },
		{ "0 0 rx AEAD_AES_128_GCM " KEY, "base64 of 28 bytes" },
		{ "0 0 rx " CM KEY "|2^99", "lifetime" },
		{ "0 0 rx " CM KEY " KDR=1", "end of the line" },
		{ "0 0 rx " CM KEY " UNENCRYPTED_SRTCP again", "end of the line" },
		{ "0 0 rx " CM KEY " UNENCRYPTED_SRTP", "end of the line" },
		{ "0 0 tx " CM KEY "\n0 0 tx " CM KEY, "keys:2: a leg has one tx key" },
		{ "0 0 rx " CM KEY "\n0 0 rx " CM KEY "\n0 0 rx " CM KEY "\n0 0 rx " CM KEY
		  "\n0 0 rx " CM KEY,
		  "keys:5: a leg has at most 4 rx keys" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!parse(cases[i].text) || !strstr(msg.text, cases[i].says))
			fail_msg("\"%s\": \"%s\"", cases[i].text, msg.text);
		assert_null(strstr(msg.text, "d0Rm"));
	}
}

static void mutated_files_are_survived_in_silence(void **state)
{
	static const char good[] = "0 0 rx " CM KEY "|2^20|1:4 # c\n1 1 tx " CM KEY "\n";
	struct rng r = { .state = 2 };
	unsigned int refused = 0;
	char text[sizeof(good)];

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		memcpy(text, good, sizeof(good));
		for (unsigned int n = 1 + rng_below(&r, 3); n; n--)
			text[rng_below(&r, sizeof(good) - 1)] = (char)(1 + rng_below(&r, 255));
		refused += !!parse(text);
		assert_null(strstr(msg.text, "d0Rm"));
		assert_null(strstr(msg.text, "VCsp"));
	}
	assert_true(refused > 10000);
}

static char path[] = "/tmp/ups-keys-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || dprintf(fd, "0 0 rx " CM KEY "\n") < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void only_private_files_are_read(void **state)
{
	static const mode_t open_modes[] = { 0640, 0620, 0604, 0602, 0644, 0666, 0610, 0601 };

	(void)state;
	for (size_t i = 0; i < COUNT(open_modes); i++) {
		prepare();
		assert_int_equal(chmod(path, open_modes[i]), 0);
		assert_int_equal(ups_keyfile_read(path, &session, &msg), -EACCES);
		assert_non_null(strstr(msg.text, "chmod 600"));
		assert_int_equal(session.stream[0].leg[0].rx_count, 0);
	}
	prepare();
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(ups_keyfile_read(path, &session, &msg), 0);
	assert_int_equal(session.stream[0].leg[0].rx_count, 1);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(ups_keyfile_read(path, &session, &msg), -EACCES);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(ups_keyfile_read("/tmp", &session, &msg), -EISDIR);
	assert_int_equal(ups_keyfile_read("/tmp/does/not/exist", &session, &msg), -ENOENT);
	assert_non_null(strstr(msg.text, "/tmp/does/not/exist"));
}

static void a_key_in_place_of_a_name_is_not_repeated(void **state)
{
	(void)state;
	prepare();
	assert_int_equal(ups_keyfile_read(KEY, &session, &msg), UPS_E_SYNTAX);
	assert_non_null(strstr(msg.text, "the name of a file"));
	assert_null(strstr(msg.text, "inline"));
}

static void a_huge_file_is_refused(void **state)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, UPS_KEYFILE_MAX + 1), 0);
	close(fd);
	prepare();
	assert_int_equal(ups_keyfile_read(path, &session, &msg), -EFBIG);
}

static void standard_input_is_taken_as_it_is(void **state)
{
	static const char line[] = "0 0 tx " CM KEY;
	int pipes[2], keep = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], line, sizeof(line) - 1), sizeof(line) - 1);
	close(pipes[1]);
	assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
	close(pipes[0]);
	prepare();
	assert_int_equal(ups_keyfile_read("-", &session, &msg), 0);
	assert_int_equal(session.stream[0].leg[0].tx_count, 1);
	if (keep >= 0) {
		dup2(keep, STDIN_FILENO);
		close(keep);
	}
}

static void an_srtp_leg_needs_both_keys(void **state)
{
	(void)state;
	assert_int_equal(parse("0 0 rx " CM KEY), 0);
	assert_int_equal(ups_keyfile_check(&session, &msg), UPS_E_SYNTAX);
	assert_non_null(strstr(msg.text, "stream 0 leg 0 is srtp and has no tx key"));
	session.stream_count = 1;
	session.stream[0].leg[0].tx_count = 1;
	assert_int_equal(ups_keyfile_check(&session, &msg), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_reach_their_places),
		cmocka_unit_test(wrong_lines_are_refused),
		cmocka_unit_test(mutated_files_are_survived_in_silence),
		cmocka_unit_test(only_private_files_are_read),
		cmocka_unit_test(a_key_in_place_of_a_name_is_not_repeated),
		cmocka_unit_test(a_huge_file_is_refused),
		cmocka_unit_test(standard_input_is_taken_as_it_is),
		cmocka_unit_test(an_srtp_leg_needs_both_keys),
	};

	return cmocka_run_group_tests_name("key files", tests, make_file, remove_file);
}
