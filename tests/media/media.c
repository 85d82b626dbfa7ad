// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * media FILE: runs the GStreamer pipeline described in FILE, as gst-launch-1.0 would, but with the description in a file
 * because it holds SRTP keys. Ends at end of stream, on SIGINT or SIGTERM (a call never ends by itself; going down to
 * NULL completes the files), or with exit status 1 on an error. Prints "playing" once data can flow. A udpsink named NAME-out sends
 * from the socket of the udpsrc named NAME-in: a call has one port for both directions.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <gio/gio.h>
#include <gst/gst.h>
#include <glib-unix.h>

struct media {
	GMainLoop *loop;
	GstElement *pipeline;
	int status;
};

static gboolean on_signal(gpointer data)
{
	struct media *m = data;

	g_main_loop_quit(m->loop);
	return G_SOURCE_CONTINUE;
}

static void on_error(struct media *m, GstMessage *message)
{
	GError *error = NULL;

	gst_message_parse_error(message, &error, NULL);
	fprintf(stderr, "media: %s: %s\n", GST_OBJECT_NAME(message->src), error->message);
	g_error_free(error);
	m->status = 1;
	g_main_loop_quit(m->loop);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
	struct media *m = data;
	GstState state;

	(void)bus;
	switch (GST_MESSAGE_TYPE(message)) {
	case GST_MESSAGE_ERROR:
		on_error(m, message);
		break;
	case GST_MESSAGE_EOS:
		g_main_loop_quit(m->loop);
		break;
	case GST_MESSAGE_STATE_CHANGED:
		gst_message_parse_state_changed(message, NULL, &state, NULL);
		if (GST_MESSAGE_SRC(message) == GST_OBJECT(m->pipeline) &&
		    state == GST_STATE_PLAYING) {
			puts("playing");
			fflush(stdout);
		}
		break;
	default:
		break;
	}
	return TRUE;
}

static void share_socket(const GValue *item, gpointer data)
{
	GstElement *out = g_value_get_object(item), *in;
	const gchar *name = GST_OBJECT_NAME(out);
	gchar *in_name;
	GSocket *used = NULL;

	if (!g_str_has_suffix(name, "-out"))
		return;
	in_name = g_strdup_printf("%.*s-in", (int)(strlen(name) - strlen("-out")), name);
	in = gst_bin_get_by_name(GST_BIN(data), in_name);
	g_free(in_name);
	if (!in)
		return;
	gst_element_set_state(in, GST_STATE_READY); /* opens its socket */
	g_object_get(in, "used-socket", &used, NULL);
	if (used) {
		bool v6 = g_socket_get_family(used) == G_SOCKET_FAMILY_IPV6;

		g_object_set(out, v6 ? "socket-v6" : "socket", used, "close-socket", FALSE, NULL);
		g_object_unref(used);
	}
	gst_object_unref(in);
}

/* While the sinks are in NULL: they open sockets of their own on the way to READY. */
static void share_sockets(GstElement *pipeline)
{
	GstIterator *elements = gst_bin_iterate_elements(GST_BIN(pipeline));

	gst_iterator_foreach(elements, share_socket, pipeline);
	gst_iterator_free(elements);
}

static int run(struct media *m)
{
	GstBus *bus = gst_element_get_bus(m->pipeline);

	gst_bus_add_watch(bus, on_message, m);
	gst_object_unref(bus);
	m->loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGINT, on_signal, m);
	g_unix_signal_add(SIGTERM, on_signal, m);
	share_sockets(m->pipeline);
	gst_element_set_state(m->pipeline, GST_STATE_PLAYING);
	g_main_loop_run(m->loop);
	gst_element_set_state(m->pipeline, GST_STATE_NULL);
	g_main_loop_unref(m->loop);
	return m->status;
}

int main(int argc, char **argv)
{
	struct media m = { 0 };
	GError *error = NULL;
	gchar *text = NULL;

	gst_init(&argc, &argv);
	if (argc != 2 || !g_file_get_contents(argv[1], &text, NULL, &error)) {
		fprintf(stderr, "usage: media FILE\n");
		return 2;
	}
	g_strdelimit(text, "\n", ' ');
	m.pipeline = gst_parse_launch(text, &error);
	g_free(text);
	if (!m.pipeline || error) {
		fprintf(stderr, "media: %s\n", error ? error->message : "no pipeline");
		return 2;
	}
	return run(&m);
}
