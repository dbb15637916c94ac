/* SPDX-License-Identifier: MIT */
/*
 * Text that others wrote: names of processes, descriptions in a registry, what a user typed.
 * Decoding UTF-8 with errors kept visible, escaping for a terminal and for JSON, comparing, parsing
 * numbers.
 */
#ifndef BERTH_BASE_TEXT_H
#define BERTH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * The code point at the front of `bytes` (len > 0) and in *ret_used how many bytes it takes. A byte
 * that begins no valid sequence (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)
 * gives TEXT_INVALID and uses one byte.
 */
#define TEXT_INVALID UINT32_C(0xffffffff)
uint32_t text_decode(const char *bytes, size_t len, size_t *ret_used);

bool text_is_utf8(const char *bytes, size_t len);

/* Whether a code point can move the cursor, hide text or turn its direction: control characters,
 * bidirectional overrides, zero-width characters, tags. */
bool text_is_hidden(uint32_t point);

/*
 * Appends `bytes` so that no terminal can act on them: control characters (C0, DEL, C1),
 * bidirectional overrides and zero-width characters as \xNN or \u{NNNN}, invalid bytes as \xNN, a
 * backslash doubled.
 */
void text_escape_terminal(struct buffer *out, const char *bytes, size_t len);

/*
 * Appends the text; when it has more than `most` bytes, about its first and its last half of that,
 * with "..." for what is left out. Characters stay whole.
 */
void text_abridge(struct buffer *out, const char *text, size_t len, size_t most);

/* Appends a word so that a shell reads it as this one word: in quotes where it needs them. Control
 * characters stay as they are. */
void text_shell_word(struct buffer *out, const char *word);

/*
 * Appends `bytes` as the inside of a JSON string (RFC 8259), always valid UTF-8: an invalid byte
 * becomes U+FFFD, control characters \u00NN.
 */
void text_escape_json(struct buffer *out, const char *bytes, size_t len);

/*
 * All of `text` as a decimal number of at most `max`: no sign, no spaces, no empty text.
 * 0; -EINVAL: not a number; -ERANGE: larger than max.
 */
int text_number(const char *text, size_t len, uint64_t max, uint64_t *ret_value);

/* "A-B" as two such numbers, the first not above the second. 0; -EINVAL; -ERANGE. */
int text_number_pair(const char *text, uint64_t max, uint64_t *ret_first, uint64_t *ret_last);

/* ASCII letters folded, others as they are. Independent of the locale, unlike strcasecmp. */
char text_lower(char c);
int text_compare_fold(const char *a, const char *b);
bool text_equal_fold(const char *a, size_t a_len, const char *b, size_t b_len);
bool text_starts_fold(const char *text, const char *prefix);
const char *text_find_fold(const char *text, const char *word);

/* Whether there is something in front of the end, and then that. */
bool text_ends(const char *text, const char *end);

/* Whether the word is one of those in `words`, which have single blanks between them. */
bool text_has_word(const char *words, const char *word);

/*
 * The next line of *text, which ends before `end`, without its line feed; *text moves past it.
 * False: there is no more. *text may be NULL when `end` is.
 */
bool text_next_line(const char **text, const char *end, const char **ret_line, size_t *ret_len);

/* Length without the white space (space, tab, CR, LF) at the end; *text moves past that in front.
 */
size_t text_trim(const char **text, size_t len);

/*
 * How many single-letter edits (insert, delete, replace, swap of neighbours; ASCII case folded)
 * lead from a to b, or limit + 1 when it is more than `limit`. Names longer than 63 bytes: limit
 * + 1.
 */
unsigned text_distance(const char *a, const char *b, unsigned limit);

#endif
