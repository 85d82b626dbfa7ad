// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records as they come from the network, and OpenSSL's way to and from the socket. dtls thread. */
#include "dp/dtls_priv.h"

#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"

#define CLIENT_HELLO 1
#define HANDSHAKE_HEADER 12
#define OVERHEAD 48 /* IPv6 and UDP */

/* ---- records --------------------------------------------------------------------------------------------------- */

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Type, length, message_seq, fragment_offset, fragment_length; then version and random */
static bool is_client_hello(const struct ups_record *r)
{
	const uint8_t *handshake = r->data + UPS_RECORD_HEADER;

	return r->type == UPS_RECORD_HANDSHAKE && !r->epoch &&
	       r->size >= UPS_RECORD_HEADER + HANDSHAKE_HEADER + 2 + 32 &&
	       handshake[0] == CLIENT_HELLO && !handshake[6] && !get16(handshake + 7);
}

bool ups_record_next(const uint8_t **data, size_t *size, struct ups_record *out)
{
	const uint8_t *p = *data;
	size_t whole;

	if (*size < UPS_RECORD_HEADER || p[1] != 0xfe)
		return false;
	whole = UPS_RECORD_HEADER + get16(p + 11);
	if (whole > *size)
		return false;
	*out = (struct ups_record) {
		.data = p, .size = whole, .type = p[0], .epoch = (uint16_t)get16(p + 3)
	};
	out->client_hello = is_client_hello(out);
	if (out->client_hello)
		out->random = p + UPS_RECORD_HEADER + HANDSHAKE_HEADER + 2;
	*data += whole;
	*size -= whole;
	return true;
}

bool ups_record_trusted(const struct ups_record *record)
{
	if (record->epoch)
		return true;
	return record->type == UPS_RECORD_HANDSHAKE || record->type == UPS_RECORD_CCS;
}

/* ---- the BIO --------------------------------------------------------------------------------------------------- */

void ups_dtls_send(int fd, const void *data, size_t size, const struct ups_addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = ups_addr_to_sockaddr(to, &ss);

	/* What is lost is sent again by the timer. */
	if (sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&ss, len) < 0)
		return;
}

static void keep_farewell(struct ups_dtls_assoc *a, const char *data, int size)
{
	if (size <= 0 || (size_t)size > sizeof(a->farewell))
		return;
	memcpy(a->farewell, data, (size_t)size);
	a->farewell_size = (size_t)size;
}

static int bio_write(BIO *bio, const char *data, int size)
{
	struct ups_dtls_assoc *a = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (a->keeps_farewell)
		keep_farewell(a, data, size);
	else if (size > 0 && a->endpoint)
		a->d->seams.send(a->endpoint->fd, data, (size_t)size, &a->remote);
	return size;
}

/* One record is one read: never a part of it, as with a datagram. */
static int bio_read(BIO *bio, char *data, int size)
{
	struct ups_dtls_assoc *a = BIO_get_data(bio);
	size_t n = a->in_size;

	BIO_clear_retry_flags(bio);
	if (!n || size <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n > (size_t)size)
		n = (size_t)size;
	memcpy(data, a->in, n);
	a->in_size = 0;
	return (int)n;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
		return 1;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return OVERHEAD;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
		return UPS_DTLS_MTU;
	default:
		return 0;
	}
}

BIO_METHOD *ups_dtls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");

	if (!m)
		return NULL;
	if (BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
	    BIO_meth_set_ctrl(m, bio_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}
