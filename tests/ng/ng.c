// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bencode from and to jansson's values. */
#include "ng.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

static bool put(char *out, size_t size, size_t *len, const char *data, size_t count)
{
	if (*len + count > size)
		return false;
	memcpy(out + *len, data, count);
	*len += count;
	return true;
}

static bool put_string(char *out, size_t size, size_t *len, const char *text, size_t count)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%zu:", count);

	return put(out, size, len, head, (size_t)n) && put(out, size, len, text, count);
}

static bool put_list(const json_t *value, char *out, size_t size, size_t *len)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!ng_bencode(json_array_get(value, i), out, size, len))
			return false;
	return true;
}

static bool put_dict(const json_t *value, char *out, size_t size, size_t *len)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)value, key,
			    item) if (!put_string(out, size, len, key, strlen(key)) ||
				      !ng_bencode(item, out, size, len)) return false;
	return true;
}

bool ng_bencode(const json_t *value, char *out, size_t size, size_t *len)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return put(out, size, len, "d", 1) && put_dict(value, out, size, len) &&
		       put(out, size, len, "e", 1);
	case JSON_ARRAY:
		return put(out, size, len, "l", 1) && put_list(value, out, size, len) &&
		       put(out, size, len, "e", 1);
	case JSON_STRING:
		return put_string(out, size, len, json_string_value(value),
				  json_string_length(value));
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "i%llde", (long long)json_integer_value(value));
		return put(out, size, len, number, strlen(number));
	default:
		return false;
	}
}

/* ---- reading ---- */

/* Digits up to @end, which is passed over. -> false if there are none */
static bool take_number(const char *text, size_t size, size_t *at, char end, long long *out)
{
	size_t digits = 0;
	bool minus = *at < size && text[*at] == '-';

	*out = 0;
	*at += minus;
	for (; *at < size && text[*at] >= '0' && text[*at] <= '9' && digits < 18; digits++)
		*out = *out * 10 + (text[(*at)++] - '0');
	if (minus)
		*out = -*out;
	if (!digits || *at >= size || text[*at] != end)
		return false;
	(*at)++;
	return true;
}

static json_t *take(const char *text, size_t size, size_t *at, int depth);

static json_t *take_string(const char *text, size_t size, size_t *at)
{
	long long count;
	json_t *value;

	if (!take_number(text, size, at, ':', &count) || count < 0 ||
	    (unsigned long long)count > size - *at)
		return NULL;
	value = json_stringn_nocheck(text + *at, (size_t)count);
	*at += (size_t)count;
	return value;
}

static json_t *take_list(const char *text, size_t size, size_t *at, int depth)
{
	json_t *list = json_array();

	while (*at < size && text[*at] != 'e')
		if (json_array_append_new(list, take(text, size, at, depth)))
			goto bad;
	if ((*at)++ < size)
		return list;
bad:
	json_decref(list);
	return NULL;
}

static json_t *take_dict(const char *text, size_t size, size_t *at, int depth)
{
	json_t *dict = json_object(), *key = NULL;

	while (*at < size && text[*at] != 'e') {
		json_decref(key);
		key = take_string(text, size, at);
		if (!key || json_object_set_new_nocheck(dict, json_string_value(key),
							take(text, size, at, depth)))
			goto bad;
	}
	json_decref(key);
	if ((*at)++ < size)
		return dict;
	key = NULL;
bad:
	json_decref(key);
	json_decref(dict);
	return NULL;
}

static json_t *take(const char *text, size_t size, size_t *at, int depth)
{
	long long number;

	if (*at >= size || depth > DEPTH_MAX)
		return NULL;
	switch (text[*at]) {
	case 'd':
		(*at)++;
		return take_dict(text, size, at, depth + 1);
	case 'l':
		(*at)++;
		return take_list(text, size, at, depth + 1);
	case 'i':
		(*at)++;
		return take_number(text, size, at, 'e', &number) ? json_integer(number) : NULL;
	default:
		return take_string(text, size, at);
	}
}

json_t *ng_bdecode(const char *text, size_t size, size_t *at)
{
	return take(text, size, at, 0);
}

long ng_bencode_size(const char *text, size_t size)
{
	size_t at = 0;
	json_t *value = ng_bdecode(text, size, &at);

	json_decref(value);
	return value ? (long)at : 0;
}

json_t *ng_parse(const char *text, size_t size)
{
	size_t at = 0;
	json_t *value;

	if (size && text[0] == '{')
		return json_loadb(text, size, 0, NULL);
	value = ng_bdecode(text, size, &at);
	if (value && at != size) {
		json_decref(value);
		return NULL;
	}
	return value;
}

int ng_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	const char *colon = strrchr(text, ':');
	char host[64] = "";
	size_t skip = text[0] == '[';

	memset(out, 0, sizeof(*out));
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return -1;
	memcpy(host, text + skip, (size_t)(colon - text) - 2 * skip);
	v4->sin_port = htons((uint16_t)atoi(colon + 1)); /* at the same place in both families */
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		*len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		*len = sizeof(*v6);
		return 0;
	}
	return -1;
}
