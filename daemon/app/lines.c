// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One pass over the events of libyaml, with a stack of the mappings and sequences that are open. */
#include "app/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#define DEPTH_MAX 8
#define KEYS_MAX 4096 /* a look-up is a scan: keep it bounded */

struct level {
	bool sequence;
	bool have_key; /* mapping: the next node is a value */
	unsigned int index; /* sequence: of the next node */
	size_t path_len; /* of the element itself */
};

struct walk {
	const char *text;
	size_t size;
	struct ups_lines *lines;
	struct level level[DEPTH_MAX];
	unsigned int depth;
	unsigned int documents;
	char path[UPS_LINES_PATH]; /* of the current node */
	yaml_mark_t mark; /* of the current event */
	const char *problem; /* static text */
};

static int fail(struct walk *w, const char *problem)
{
	w->problem = problem;
	return UPS_E_SYNTAX;
}

static struct ups_line *exact(const struct ups_lines *lines, const char *path)
{
	for (size_t i = lines->count; i; i--) {
		if (!strcmp(lines->at[i - 1].path, path))
			return &lines->at[i - 1];
	}
	return NULL;
}

/* Notes the line of w->path. */
static int add(struct walk *w)
{
	struct ups_lines *lines = w->lines;

	if (lines->count == KEYS_MAX)
		return fail(w, "too many keys");
	if (lines->count == lines->room) {
		size_t room = lines->room ? 2 * lines->room : 64;
		void *at = realloc(lines->at, room * sizeof(*lines->at));

		if (!at)
			return -ENOMEM;
		lines->at = at;
		lines->room = room;
	}
	memcpy(lines->at[lines->count].path, w->path, sizeof(w->path));
	lines->at[lines->count++].line = (unsigned int)w->mark.line + 1;
	return 0;
}

static struct level *top(struct walk *w)
{
	return w->depth ? &w->level[w->depth - 1] : NULL;
}

/* Extends w->path beyond the open element. */
static int set_path(struct walk *w, const char *separator, const char *text, size_t len,
		    const char *end)
{
	size_t base = top(w)->path_len;
	int n;

	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return fail(w, "a key is not plain text");
	}
	n = snprintf(w->path + base, sizeof(w->path) - base, "%s%.*s%s", base ? separator : "",
		     (int)len, text, end);
	if (n < 0 || (size_t)n >= sizeof(w->path) - base)
		return fail(w, "a key is too long");
	return 0;
}

static int key(struct walk *w, const yaml_event_t *e)
{
	int err;

	if (e->type != YAML_SCALAR_EVENT)
		return fail(w, "a key is not plain text");
	err = set_path(w, ".", (const char *)e->data.scalar.value, e->data.scalar.length, "");
	if (err)
		return err;
	if (exact(w->lines, w->path))
		return fail(w, "the same key appears twice");
	top(w)->have_key = true;
	return add(w);
}

/* A node starts. *is_key tells that it was the key of a mapping. */
static int node(struct walk *w, const yaml_event_t *e, bool *is_key)
{
	struct level *l = top(w);
	char index[16];
	int err, n;

	*is_key = false;
	if (!l)
		return 0;
	if (!l->sequence) {
		*is_key = !l->have_key;
		if (*is_key)
			return key(w, e);
		l->have_key = false;
		return 0;
	}
	n = snprintf(index, sizeof(index), "[%u]", l->index++);
	err = set_path(w, "", index, (size_t)n, "");
	return err ? err : add(w);
}

static int open_level(struct walk *w, bool sequence)
{
	if (w->depth == DEPTH_MAX)
		return fail(w, "nested too deeply");
	w->level[w->depth++] = (struct level) { .sequence = sequence, .path_len = strlen(w->path) };
	return 0;
}

static int handle(struct walk *w, const yaml_event_t *e)
{
	bool is_key;
	int err;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return w->documents++ ? fail(w, "a second document") : 0;
	case YAML_ALIAS_EVENT:
		return fail(w, "aliases are not supported");
	case YAML_SCALAR_EVENT:
		return node(w, e, &is_key);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		err = node(w, e, &is_key);
		return err ? err : open_level(w, e->type == YAML_SEQUENCE_START_EVENT);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		w->depth--;
		w->path[w->level[w->depth].path_len] = '\0';
		return 0;
	default:
		return 0;
	}
}

/* Faulty bytes have an offset, not a mark. */
static yaml_mark_t place_of_problem(const struct walk *w, const yaml_parser_t *parser)
{
	yaml_mark_t mark = { .index = parser->problem_offset };

	if (parser->error != YAML_READER_ERROR)
		return parser->problem_mark;
	for (size_t i = 0; i < mark.index && i < w->size; i++) {
		mark.column = w->text[i] == '\n' ? 0 : mark.column + 1;
		mark.line += w->text[i] == '\n';
	}
	return mark;
}

static int not_yaml(const struct walk *w, const yaml_parser_t *parser, struct ups_errmsg *msg)
{
	yaml_mark_t mark = place_of_problem(w, parser);

	return ups_fail(msg, UPS_E_SYNTAX, "%zu:%zu: %s%s%s", mark.line + 1, mark.column + 1,
			parser->problem ? parser->problem : "not YAML", parser->context ? " " : "",
			parser->context ? parser->context : "");
}

static int walk(struct walk *w, yaml_parser_t *parser, struct ups_errmsg *msg)
{
	bool end = false;

	while (!end) {
		yaml_event_t e;
		int err;

		if (!yaml_parser_parse(parser, &e))
			return not_yaml(w, parser, msg);
		w->mark = e.start_mark;
		end = e.type == YAML_STREAM_END_EVENT;
		err = handle(w, &e);
		yaml_event_delete(&e);
		if (err == UPS_E_SYNTAX)
			return ups_fail(msg, err, "%zu:%zu: %s", w->mark.line + 1,
					w->mark.column + 1, w->problem);
		if (err)
			return ups_fail(msg, err, "1:1: %s", ups_strerror(err));
	}
	return 0;
}

int ups_lines_init(struct ups_lines *lines, const void *text, size_t size, struct ups_errmsg *msg)
{
	struct walk w = { .text = text, .size = size, .lines = lines };
	yaml_parser_t parser;
	int err;

	*lines = (struct ups_lines) {};
	if (!yaml_parser_initialize(&parser))
		return ups_fail(msg, -ENOMEM, "1:1: %s", ups_strerror(-ENOMEM));
	yaml_parser_set_input_string(&parser, text, size);
	err = walk(&w, &parser, msg);
	yaml_parser_delete(&parser);
	if (err)
		ups_lines_fini(lines);
	return err;
}

void ups_lines_fini(struct ups_lines *lines)
{
	free(lines->at);
	*lines = (struct ups_lines) {};
}

unsigned int ups_lines_find(const struct ups_lines *lines, const char *path)
{
	char shorter[UPS_LINES_PATH];
	size_t len = strnlen(path, sizeof(shorter) - 1);

	memcpy(shorter, path, len);
	while (len) {
		const struct ups_line *line;

		shorter[len] = '\0';
		line = exact(lines, shorter);
		if (line)
			return line->line;
		while (len && shorter[--len] != '.' && shorter[len] != '[')
			;
	}
	return 1;
}
