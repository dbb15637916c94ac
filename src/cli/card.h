/* SPDX-License-Identifier: MIT */
/*
 * The layout of a card: sections with a label on the left, paragraphs beside it, wrapped to the
 * width of the output. What the paragraphs say is not this file's matter.
 */
#ifndef BERTH_CLI_CARD_H
#define BERTH_CLI_CARD_H

#include "base/buffer.h"
#include "cli/output.h"

struct card {
	struct output *output;
	struct buffer text; /* the paragraph that is being put together */
	const char *label; /* of a section that has no line yet */
	bool no_labels; /* paragraphs begin at the left edge of the page */
};

/* Begins a section; its label stands beside its first paragraph. */
void card_section(struct card *card, const char *label);

/* Appends to the paragraph. */
void card_add(struct card *card, const char *text);
void card_styled(struct card *card, enum output_style style, const char *text);
/* Foreign text, made safe. */
void card_foreign(struct card *card, const char *text);

/*
 * Ends the paragraph: its first line stands `indent` columns from the section's edge, the others
 * `hang` columns. Nothing happens when it is empty.
 */
void card_end(struct card *card, unsigned indent, unsigned hang);

void card_free(struct card *card);

#endif
