// SPDX-License-Identifier: MIT
/* Wrapping by words; escape sequences of ours take no room. */
#include "cli/card.h"

#include <string.h>

#include "base/text.h"

enum {
	LABEL_COLUMNS = 11,
	LEAST_ROOM = 20, /* a word is never pushed into less than this */
};

void card_section(struct card *card, const char *label)
{
	buffer_char(&card->output->text, '\n');
	card->label = label;
}

void card_add(struct card *card, const char *text)
{
	buffer_text(&card->text, text);
}

void card_styled(struct card *card, enum output_style style, const char *text)
{
	output_styled(card->output, &card->text, style, text, strlen(text));
}

void card_foreign(struct card *card, const char *text)
{
	text_escape_terminal(&card->text, text, strlen(text));
}

static void put_spaces(struct buffer *out, size_t count)
{
	while (count--)
		buffer_char(out, ' ');
}

static size_t label_columns(const struct card *card)
{
	return card->no_labels ? 0 : LABEL_COLUMNS;
}

/* The left edge of a line: the label when it is still to come. */
static void put_edge(struct card *card, unsigned indent)
{
	struct buffer *out = &card->output->text;
	size_t used = 0;

	if (card->label) {
		used = strlen(card->label);
		output_styled(card->output, out, OUTPUT_HEADING, card->label, used);
		card->label = NULL;
	}
	put_spaces(out, label_columns(card) - used + indent);
}

/*
 * Puts words from the front of `text` until the room is used up, at least one. Returns what is
 * left. Runs of spaces between words are kept, so that a paragraph can line things up.
 */
static const char *put_words(struct buffer *out, const char *text, size_t room)
{
	size_t columns = 0;
	size_t taken = 0;

	for (size_t at = 0; text[at];) {
		size_t gap = strspn(text + at, " ");
		size_t word = strcspn(text + at + gap, " ");
		size_t more = gap + output_columns_of(text + at + gap, word);

		if (taken && columns + more > room)
			break;
		columns += more;
		at += gap + word;
		taken = at;
	}
	/* Spaces in front of the end of the text. */
	buffer_bytes(out, text, taken);
	return text + taken + strspn(text + taken, " ");
}

void card_end(struct card *card, unsigned indent, unsigned hang)
{
	const char *text = buffer_string(&card->text);
	unsigned edge = indent;

	while (*text) {
		size_t used = label_columns(card) + (size_t)edge;
		size_t width = card->output->width;

		put_edge(card, edge);
		text = put_words(&card->output->text, text,
			width > used + LEAST_ROOM ? width - used : LEAST_ROOM);
		buffer_char(&card->output->text, '\n');
		edge = hang;
	}
	buffer_clear(&card->text);
}

void card_free(struct card *card)
{
	buffer_free(&card->text);
}
