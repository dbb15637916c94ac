// SPDX-License-Identifier: MIT
/* See foreign.h. */
#include "mcp/foreign.h"

#include <string.h>

#include "base/text.h"

enum {
	QUOTE_MOST = 80, /* bytes; names of processes have 15, those of units up to 255 */
	SENTENCE_MOST = 600,
	ESCAPE = 6, /* bytes of \uNNNN */
};

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void put_plain(struct buffer *out, const char *text, size_t len, bool quoted)
{
	for (size_t used; len; text += used, len -= used) {
		uint32_t point = text_decode(text, len, &used);

		if (point == TEXT_INVALID || text_is_hidden(point))
			buffer_text(out, replacement);
		else if (quoted && point == '"')
			buffer_char(out, '\'');
		else
			buffer_bytes(out, text, used);
	}
}

static void put_short(struct buffer *out, const char *text, size_t most, bool quoted)
{
	struct buffer brief = {0};

	text_abridge(&brief, text, strlen(text), most);
	put_plain(out, buffer_string(&brief), brief.len, quoted);
	buffer_free(&brief);
}

void foreign_quote(struct buffer *out, const char *text)
{
	buffer_char(out, '"');
	put_short(out, text, QUOTE_MOST, true);
	buffer_char(out, '"');
}

void foreign_sentence(struct buffer *out, const char *text)
{
	put_short(out, text, SENTENCE_MOST, false);
}

/* How many bytes one escape has; those of base/json.h are all of characters that are hidden, but
 * for the quote and the backslash. */
static size_t put_escape(struct buffer *out, const char *json, size_t len)
{
	size_t used = len < 2 ? len : json[1] == 'u' ? ESCAPE : 2;

	if (used > len)
		used = len;
	if (used == 2 && (json[1] == '"' || json[1] == '\\'))
		buffer_bytes(out, json, used);
	else
		buffer_text(out, replacement);
	return used;
}

void foreign_json(struct buffer *out, const char *json, size_t len)
{
	for (size_t used; len; json += used, len -= used) {
		uint32_t point = text_decode(json, len, &used);

		if (point == '\\')
			used = put_escape(out, json, len);
		else if (point == TEXT_INVALID || text_is_hidden(point))
			buffer_text(out, replacement);
		else
			buffer_bytes(out, json, used);
	}
}
