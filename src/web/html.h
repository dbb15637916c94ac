/* SPDX-License-Identifier: MIT */
/*
 * The one way in which HTML is written: elements open and close in pairs, every text and every
 * value of an attribute is escaped, and addresses lead to the web or within the page and nowhere
 * else. Text that others wrote is first made as harmless as for a terminal (base/text), so that no
 * direction override and no control character reaches a reader.
 */
#ifndef BERTH_WEB_HTML_H
#define BERTH_WEB_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
	HTML_DEPTH = 32,
};

struct html {
	struct buffer *out;
	struct buffer scratch;
	const char *open[HTML_DEPTH]; /* names of the elements that are open */
	unsigned depth;
	bool in_tag; /* attributes may still follow */
};

/* Opens an element; its class may be NULL. */
void html_open(struct html *html, const char *name, const char *class_name);
/* Closes the innermost element; the caller names it, and a wrong name is -EINVAL in out->error. */
void html_close(struct html *html, const char *name);
/* An element that has neither content nor end: meta, link, img, input. */
void html_void(struct html *html, const char *name);
/* Only behind html_open(), html_void() or another attribute. */
void html_attribute(struct html *html, const char *name, const char *value);
/* One without a value: hidden, defer. */
void html_flag(struct html *html, const char *name);
void html_attribute_uint(struct html *html, const char *name, uint64_t value);

/* NULL and empty write nothing. */
void html_text(struct html *html, const char *text);
/* The same for a phrase of cli/describe.h, in which foreign text is harmless already. */
void html_phrase(struct html *html, const struct buffer *phrase);
void html_uint(struct html *html, uint64_t value);
void html_format(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Open, text, close. */
void html_element(struct html *html, const char *name, const char *class_name, const char *text);

/* Whether a link may lead there: http, https, and nothing else. */
bool html_is_address(const char *address);

/* A link when the address is one, else the text alone. `class_name` may be NULL. */
void html_link(struct html *html, const char *address, const char *class_name, const char *text);

/* Bytes that are HTML already: our own constants. */
void html_raw(struct html *html, const char *markup);

/* Frees what it needed; what was written stays. */
void html_end(struct html *html);

/* One fact of a list of them ("dl"): its label, and what is written until it is closed. */
void html_open_fact(struct html *html, const char *label);
void html_close_fact(struct html *html);

#endif
