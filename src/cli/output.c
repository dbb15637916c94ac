// SPDX-License-Identifier: MIT
/*
 * The way out. SGR sequences as in ECMA-48 (only those that every terminal has); the pager is run
 * by the shell, as other programs run theirs.
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "base/file.h"
#include "base/text.h"

enum {
	WIDTH_LEAST = 60,
	WIDTH_MOST = 100,
	WIDTH_UNKNOWN = 80,
	PIECE = 256 * 1024,
};

static unsigned clamp_width(unsigned columns)
{
	if (columns < WIDTH_LEAST)
		return WIDTH_LEAST;
	return columns > WIDTH_MOST ? WIDTH_MOST : columns;
}

static bool wants_colour(const struct output *output, const struct environment *environment,
	enum output_colour colour)
{
	switch (colour) {
	case OUTPUT_COLOUR_ALWAYS:
		return true;
	case OUTPUT_COLOUR_NEVER:
		return false;
	case OUTPUT_COLOUR_AUTO:
		break;
	}
	return output->terminal && !environment->no_colour && !environment->dumb;
}

void output_init(struct output *output, const struct environment *environment,
	enum output_colour colour, bool no_pager)
{
	struct winsize size = {0};

	*output = (struct output){.fd = STDOUT_FILENO};
	output->terminal = isatty(output->fd);
	if (output->terminal && ioctl(output->fd, TIOCGWINSZ, &size) == 0) {
		output->columns = size.ws_col;
		output->rows = size.ws_row;
	}
	if (output->terminal && !output->columns)
		output->columns = environment->columns ? environment->columns : WIDTH_UNKNOWN;
	if (output->columns)
		output->width = clamp_width(output->columns);
	else
		output->width =
			environment->columns ? clamp_width(environment->columns) : WIDTH_UNKNOWN;
	output->colour = wants_colour(output, environment, colour);
	output->utf8 = environment->utf8;
	if (output->terminal && !environment->dumb && !no_pager)
		output->pager = environment->pager;
}

static const char *style_sequence(enum output_style style)
{
	switch (style) {
	case OUTPUT_HEADING:
		return "\033[1m";
	case OUTPUT_FAINT:
		return "\033[2m";
	case OUTPUT_GOOD:
		return "\033[32m";
	case OUTPUT_CARE:
		return "\033[33m";
	case OUTPUT_BAD:
		return "\033[31m";
	}
	return "";
}

void output_styled(const struct output *output, struct buffer *to, enum output_style style,
	const char *text, size_t len)
{
	if (output->colour && len)
		buffer_text(to, style_sequence(style));
	buffer_bytes(to, text, len);
	if (output->colour && len)
		buffer_text(to, "\033[0m");
}

/* Length of the SGR sequence at the front, 0 when there is none. */
static size_t sequence_length(const char *text, size_t len)
{
	const char *end;

	if (len < 3 || text[0] != '\033' || text[1] != '[')
		return 0;
	end = memchr(text, 'm', len);
	return end ? (size_t)(end - text) + 1 : 0;
}

/* wcwidth() knows characters only in a locale that has them; loaded when the first one comes. */
static int character_columns(uint32_t point)
{
	static bool loaded;
	int columns;

	if (!loaded) {
		loaded = true;
		setlocale(LC_CTYPE, "C.UTF-8");
	}
	columns = wcwidth((wchar_t)point);
	return columns < 0 ? 1 : columns;
}

/* Whether one of eight bytes is ESC or not ASCII: the usual test for a zero byte, after an
 * exclusive or that makes ESC zero. May say yes where it is no, never the other way round. */
static bool is_special(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t eight;

	memcpy(&eight, text, sizeof(eight));
	return (((eight ^ (ones * '\033')) - ones) | eight) & (ones << 7);
}

/* Bytes at the front that take a column each: ASCII but for ESC, nearly all there ever is. */
static size_t simple_run(const char *text, size_t len)
{
	size_t run = 0;

	while (len - run >= sizeof(uint64_t) && !is_special(text + run))
		run += sizeof(uint64_t);
	while (run < len && (unsigned char)text[run] < 0x80 && text[run] != '\033')
		run++;
	return run;
}

size_t output_columns_of(const char *text, size_t len)
{
	size_t columns = 0;

	for (;;) {
		size_t used = simple_run(text, len);

		columns += used;
		text += used;
		len -= used;
		if (!len)
			return columns;
		used = sequence_length(text, len);
		if (!used && *text == '\033') {
			used = 1;
			columns++;
		} else if (!used) {
			uint32_t point = text_decode(text, len, &used);

			columns += point == TEXT_INVALID ? 1 : (size_t)character_columns(point);
		}
		text += used;
		len -= used;
	}
}

/* What a terminal without UTF-8 shows for the characters that berth itself writes. */
static const char *ascii_of(uint32_t point)
{
	switch (point) {
	case 0x2013: /* en dash */
	case 0x00b7: /* middle dot */
	case 0x2500: /* line */
		return "-";
	case 0x00d7: /* multiplication sign */
		return "x";
	case 0x2026: /* ellipsis */
		return "~";
	case 0x2190: /* leftwards arrow */
		return "<";
	default:
		return NULL;
	}
}

/* Rewrites the text for a locale that is not UTF-8: in Latin-1 the bytes of UTF-8 hold controls. */
static void to_ascii(struct output *output)
{
	struct buffer ascii = {0};
	const char *text = output->text.data;
	size_t len = output->text.len;

	for (size_t used; len; text += used, len -= used) {
		uint32_t point = text_decode(text, len, &used);
		const char *substitute = ascii_of(point);

		if (point < 0x80)
			buffer_char(&ascii, (char)point);
		else if (substitute)
			buffer_text(&ascii, substitute);
		else if (point == TEXT_INVALID)
			buffer_format(&ascii, "\\x%02x", (unsigned char)text[0]);
		else
			buffer_format(&ascii, "\\u{%x}", (unsigned)point);
	}
	buffer_free(&output->text);
	output->text = ascii;
}

static int write_out(struct output *output)
{
	if (!output->error)
		output->error = file_write(output->fd, output->text.data, output->text.len);
	buffer_clear(&output->text);
	return output->error;
}

int output_write(void *context, const char *bytes, size_t len)
{
	struct output *output = context;

	output->json = true;
	buffer_bytes(&output->text, bytes, len);
	if (output->text.error)
		output->error = output->text.error;
	else if (output->text.len >= PIECE)
		return write_out(output);
	return output->error;
}

void output_pass_on(struct output *output)
{
	if (output->terminal || output->text.len < PIECE || output->text.error)
		return;
	if (!output->utf8)
		to_ascii(output);
	(void)write_out(output);
}

static bool longer_than_screen(const struct output *output)
{
	unsigned lines = 0;

	for (size_t i = 0; i < output->text.len; i++)
		lines += output->text.data[i] == '\n';
	return lines >= output->rows;
}

/* Runs the pager with its standard input from a pipe. The end to write to, or -errno. */
static int pager_start(const char *pager, pid_t *ret_pid)
{
	extern char **environ;
	char shell[] = "sh";
	char option[] = "-c";
	char *command = strdup(pager);
	char *argv[] = {shell, option, command, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];
	int error;

	if (!command)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error = errno;
		free(command);
		return -error;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	if (!error)
		error = posix_spawnp(ret_pid, shell, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	free(command);
	close(ends[0]);
	if (error) {
		close(ends[1]);
		return -error;
	}
	return ends[1];
}

/* True when the pager took the text; the user may have left it before the end. */
static bool write_paged(struct output *output)
{
	pid_t pid = 0;
	int status;
	int fd = pager_start(output->pager, &pid);

	if (fd < 0)
		return false;
	signal(SIGPIPE, SIG_IGN);
	file_write(fd, output->text.data, output->text.len);
	close(fd);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return true;
	}
	/* 126 and 127 are the shell's: there is no such pager. */
	return !WIFEXITED(status) || WEXITSTATUS(status) < 126;
}

int output_finish(struct output *output)
{
	if (output->text.error && !output->error)
		output->error = output->text.error;
	if (!output->json && !output->utf8 && output->text.len)
		to_ascii(output);
	if (!output->json && output->pager && output->text.len && longer_than_screen(output) &&
		write_paged(output))
		return output->error;
	return write_out(output);
}
