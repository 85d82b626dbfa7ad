// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libcyaml's schema from the table of options, and its log lines turned into one message. */
#include "app/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "app/config.h"

#define VALUE_MAX 256 /* bytes of any value */

/* clang-format off */
#define UPS_X_FIELD(member, key, kind, dest, low, high, words, def, text) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, UPS_RAW, member, 0, VALUE_MAX),

#define UPS_RAW struct ups_raw_iface
static const cyaml_schema_field_t iface_fields[] = { UPS_OPTIONS_IFACE(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_xdp
static const cyaml_schema_field_t xdp_fields[] = { UPS_OPTIONS_XDP(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_limits
static const cyaml_schema_field_t limits_fields[] = { UPS_OPTIONS_LIMITS(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_netlink
static const cyaml_schema_field_t netlink_fields[] = { UPS_OPTIONS_NETLINK(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_crypto
static const cyaml_schema_field_t crypto_fields[] = { UPS_OPTIONS_CRYPTO(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_log
static const cyaml_schema_field_t log_fields[] = { UPS_OPTIONS_LOG(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_timeouts
static const cyaml_schema_field_t timeouts_fields[] = { UPS_OPTIONS_TIMEOUTS(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_dtls
static const cyaml_schema_field_t dtls_fields[] = { UPS_OPTIONS_DTLS(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_source
static const cyaml_schema_field_t source_fields[] = { UPS_OPTIONS_SOURCE(UPS_X_FIELD) CYAML_FIELD_END };
#undef UPS_RAW

static const cyaml_schema_value_t text_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, VALUE_MAX),
};

#define UPS_Y_FIELD(member, key, most, def, text) \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, UPS_RAW, member, &text_entry, 1, most),

static const cyaml_schema_value_t source_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ups_raw_source, source_fields),
};

#define UPS_RAW struct ups_raw_ng
static const cyaml_schema_field_t ng_fields[] = {
	UPS_OPTIONS_NG(UPS_X_FIELD)
	UPS_LISTS_NG(UPS_Y_FIELD)
	CYAML_FIELD_SEQUENCE("allow", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct ups_raw_ng, allow,
			     &source_entry, 1, UPS_NG_ALLOW_MAX),
	CYAML_FIELD_END
};
#undef UPS_RAW

#define UPS_RAW struct ups_raw_rule
static const cyaml_schema_field_t rule_fields[] = {
	UPS_OPTIONS_RULE(UPS_X_FIELD)
	UPS_LISTS_RULE(UPS_Y_FIELD)
	CYAML_FIELD_END
};
#undef UPS_RAW

static const cyaml_schema_value_t rule_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ups_raw_rule, rule_fields),
};

#define OPTIONAL_MAPPING (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t control_fields[] = {
	CYAML_FIELD_MAPPING_PTR("netlink", OPTIONAL_MAPPING, struct ups_raw_control, netlink, netlink_fields),
	CYAML_FIELD_MAPPING_PTR("ng", OPTIONAL_MAPPING, struct ups_raw_control, ng, ng_fields),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t iface_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ups_raw_iface, iface_fields),
};

#define UPS_RAW struct ups_raw
static const cyaml_schema_field_t root_fields[] = {
	UPS_OPTIONS_ROOT(UPS_X_FIELD)
	CYAML_FIELD_SEQUENCE("interfaces", CYAML_FLAG_POINTER, struct ups_raw, iface, &iface_entry,
			     1, UPS_IFACES_MAX),
	CYAML_FIELD_MAPPING_PTR("xdp", OPTIONAL_MAPPING, struct ups_raw, xdp, xdp_fields),
	CYAML_FIELD_MAPPING_PTR("limits", OPTIONAL_MAPPING, struct ups_raw, limits, limits_fields),
	CYAML_FIELD_MAPPING_PTR("control", OPTIONAL_MAPPING, struct ups_raw, control, control_fields),
	CYAML_FIELD_SEQUENCE("policy", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct ups_raw, rule,
			     &rule_entry, 1, UPS_RULES_MAX),
	CYAML_FIELD_MAPPING_PTR("crypto", OPTIONAL_MAPPING, struct ups_raw, crypto, crypto_fields),
	CYAML_FIELD_MAPPING_PTR("timeouts", OPTIONAL_MAPPING, struct ups_raw, timeouts, timeouts_fields),
	CYAML_FIELD_MAPPING_PTR("dtls", OPTIONAL_MAPPING, struct ups_raw, dtls, dtls_fields),
	CYAML_FIELD_MAPPING_PTR("log", OPTIONAL_MAPPING, struct ups_raw, log, log_fields),
	CYAML_FIELD_END
};
#undef UPS_RAW
/* clang-format on */

static const cyaml_schema_value_t root = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct ups_raw, root_fields),
};

/* What libcyaml said. */
struct complaint {
	char cause[128]; /* first error line, without its prefix */
	char path[UPS_LINES_PATH]; /* of the innermost element, from the backtrace */
	bool in_trace;
};

/* The backtrace comes innermost first: each line goes in front of what is there. */
static void prepend(struct complaint *c, const char *element, const char *separator)
{
	char joined[sizeof(c->path)];
	const char *between = c->path[0] && c->path[0] != '[' ? separator : "";
	int n = snprintf(joined, sizeof(joined), "%s%s%s", element, between, c->path);

	if (n > 0 && (size_t)n < sizeof(joined))
		memcpy(c->path, joined, sizeof(joined));
}

static void trace_line(struct complaint *c, const char *line)
{
	char element[64];
	unsigned int index;

	if (sscanf(line, " in mapping field '%63[^']'", element) == 1)
		prepend(c, element, ".");
	else if (sscanf(line, " in sequence entry '%u'", &index) == 1) {
		snprintf(element, sizeof(element), "[%u]",
			 index ? index - 1 : 0); /* counts from 1 */
		prepend(c, element, ".");
	}
}

static void __attribute__((format(printf, 3, 0))) on_log(cyaml_log_t level, void *aux,
							 const char *fmt, va_list args)
{
	static const char prefix[] = "Load: ";
	struct complaint *c = aux;
	char line[256];
	const char *text = line;

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	if (!strcmp(text, "Backtrace:"))
		c->in_trace = true;
	else if (c->in_trace)
		trace_line(c, text);
	else if (!c->cause[0])
		snprintf(c->cause, sizeof(c->cause), "%.*s", (int)sizeof(c->cause) - 1, text);
}

/* Appends @key to the path that the complaint is about. */
static void append(struct complaint *c, const char *key)
{
	size_t len = strlen(c->path);

	snprintf(c->path + len, sizeof(c->path) - len, "%s%s", len ? "." : "", key);
}

/* "policy[3].suites[1]" -> "policy[].suites[]" */
static void without_indices(const char *path, char *to)
{
	bool inside = false;

	for (; *path; path++) {
		inside = *path == '[' || (inside && *path != ']');
		if (!inside || *path == '[')
			*to++ = *path;
	}
	*to = '\0';
}

/* What belongs at @path. */
static const char *expected(const char *path)
{
	static const struct {
		const char *pattern, *text;
	} shapes[] = {
		{ "interfaces", "expected a list of interfaces" },
		{ "policy", "expected a list of rules" },
		{ "policy[].leg", "expected a list, such as [conv, nni]" },
		{ "policy[].mechanisms", "expected a list, such as [dtls, sdes]" },
		{ "policy[].suites", "expected a list, such as [AEAD_AES_128_GCM]" },
		{ "control.ng.listen", "expected a list, such as [127.0.0.1:2223]" },
		{ "control.ng.allow", "expected a list of networks" },
	};
	static const char *const mappings[] = {
		"",
		"xdp",
		"limits",
		"control",
		"control.netlink",
		"control.ng",
		"crypto",
		"timeouts",
		"dtls",
		"log",
		"policy[]",
		"interfaces[]",
		"control.ng.allow[]",
	};
	char pattern[UPS_LINES_PATH];

	without_indices(path, pattern);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (!strcmp(pattern, shapes[i].pattern))
			return shapes[i].text;
	}
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
		if (!strcmp(pattern, mappings[i]))
			return "expected a mapping of options";
	}
	return "expected a single value";
}

/* Of the list itself where the path names its last entry */
static void leave_entry(struct complaint *c)
{
	size_t len = strlen(c->path);
	char *bracket = strrchr(c->path, '[');

	if (len && c->path[len - 1] == ']' && bracket)
		*bracket = '\0';
}

/* Turns the library's words into the operator's: path and what was expected there. */
static void explain(struct complaint *c, char *text, size_t size)
{
	char key[64];
	unsigned int count, bound;

	if (sscanf(c->cause, "Unexpected key: %63s", key) == 1) {
		append(c, key);
		snprintf(text, size, "unknown option");
	} else if (sscanf(c->cause, "Missing required mapping field: %63s", key) == 1) {
		c->path[0] = '\0'; /* only the root requires one */
		append(c, key);
		snprintf(text, size, "missing");
	} else if (sscanf(c->cause, "Insufficient entries (%u of %u min)", &count, &bound) == 2) {
		leave_entry(c);
		snprintf(text, size, "%u entries, at least %u expected", count, bound);
	} else if (sscanf(c->cause, "Excessive entries (%u max)", &bound) == 1) {
		leave_entry(c);
		snprintf(text, size, "too many entries, at most %u expected", bound);
	} else if (sscanf(c->cause, "STRING length > %u", &bound) == 1) {
		snprintf(text, size, "longer than %u bytes", bound);
	} else {
		snprintf(text, size, "%s", expected(c->path));
	}
}

static const cyaml_config_t base_config = {
	.log_fn = on_log,
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

int ups_schema_load(const char *name, const void *text, size_t size, const struct ups_lines *lines,
		    struct ups_raw **out, struct ups_errmsg *msg)
{
	struct complaint complaint = {};
	cyaml_config_t config = base_config;
	cyaml_data_t *data = NULL;
	char why[160];
	cyaml_err_t err;

	config.log_ctx = &complaint;
	err = cyaml_load_data(text, size, &config, &root, &data, NULL);
	if (err == CYAML_ERR_OOM)
		return -ENOMEM;
	if (err == CYAML_OK && data) {
		*out = data;
		return 0;
	}
	if (err == CYAML_OK) /* an empty document */
		snprintf(complaint.cause, sizeof(complaint.cause),
			 "Missing required mapping field: interfaces");
	explain(&complaint, why, sizeof(why));
	return ups_fail(msg, UPS_E_SYNTAX, "%s:%u: %s%s%s", name,
			ups_lines_find(lines, complaint.path), complaint.path,
			complaint.path[0] ? ": " : "", why);
}

void ups_schema_free(struct ups_raw *raw)
{
	if (raw && cyaml_free(&base_config, &root, raw, 0) != CYAML_OK)
		abort(); /* the schema is constant: cannot happen */
}
