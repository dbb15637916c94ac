// SPDX-License-Identifier: MIT
/*
 * The XML form, read with expat: <registry> elements, one in another or flat, that hold <record>s.
 * Its cells are written as IANA's own CSV writes them, so that both forms make the same rows. Seen
 * in the files of 2013 to 2026:
 *
 *   <record date="2012-06-01" updated="2014-01-02">    Registration and Modification Date
 *     <name/> <protocol/> <number/> <description/> <sc/> <unauthorized/> <note/>
 *     <assignee><xref type="person" data="PLASA"/></assignee>
 *     <xref type="person" data="Simon_Newton"/>        Contact, and Assignee where there is none
 *     <xref type="rfc" data="rfc6335"/>                Reference: [RFC6335]
 *     <xref type="uri" data="https://…">TR-352</xref>  Reference: [TR-352]
 *   </record>
 *
 * A document type declaration is refused: IANA has none, and without one there are no entities of
 * anybody's making, neither external nor endlessly nested.
 */
#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "registry/reader.h"

#define NAMESPACE "http://www.iana.org/assignments"
#define REGISTRY_ID "service-names-port-numbers"

enum {
	DEEPEST = 16, /* IANA nests five deep */
};

enum place {
	PLACE_ELSEWHERE, /* what we have no column for */
	PLACE_REGISTRY,
	PLACE_UPDATED,
	PLACE_RECORD,
	PLACE_CELL, /* text for a column */
};

struct frame {
	enum place place;
	enum column column; /* of PLACE_CELL */
	bool xref; /* this element opened the cross-reference that is being read */
};

struct reader {
	XML_Parser parser;
	const struct source *source;
	struct rows *rows;
	struct frame stack[DEEPEST];
	unsigned depth;
	struct row row; /* the record that is being read: its line and dates */
	struct buffer cell[COLUMNS];
	bool has_assignee;
	struct buffer updated;
	bool in_xref;
	struct buffer xref; /* what stands between its tags */
	struct buffer label; /* what stands for it when nothing does */
	int error;
};

static void stop(struct reader *reader, int error)
{
	reader->error = error;
	(void)XML_StopParser(reader->parser, XML_FALSE);
}

static unsigned long line_of(const struct reader *reader)
{
	return XML_GetCurrentLineNumber(reader->parser);
}

/* The name without IANA's namespace (expat joins both with a space), or "" for one of another. */
static const char *local_name(const char *name)
{
	size_t len = strlen(NAMESPACE);

	return strncmp(name, NAMESPACE, len) == 0 && name[len] == ' ' ? name + len + 1 : "";
}

/* Attributes come as name, value, name, value, …, NULL. */
static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return "";
}

static struct frame cell_of(const char *name)
{
	static const struct {
		const char *name;
		enum column column;
	} cells[] = {
		{"name", COLUMN_NAME},
		{"number", COLUMN_PORT},
		{"protocol", COLUMN_TRANSPORT},
		{"description", COLUMN_DESCRIPTION},
		{"assignee", COLUMN_ASSIGNEE},
		{"sc", COLUMN_SERVICE_CODE},
		{"unauthorized", COLUMN_UNAUTHORIZED},
		{"note", COLUMN_NOTES},
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		if (strcmp(name, cells[i].name) == 0)
			return (struct frame){.place = PLACE_CELL, .column = cells[i].column};
	}
	return (struct frame){.place = PLACE_ELSEWHERE};
}

/* What IANA's pages show for a reference without text of its own: "RFC6335", a person's id, … */
static void label_xref(struct reader *reader, const char **attributes)
{
	const char *type = attribute(attributes, "type");
	const char *data = attribute(attributes, "data");
	bool upper = strcmp(type, "rfc") == 0 || strcmp(type, "bcp") == 0 ||
		strcmp(type, "std") == 0 || strcmp(type, "fyi") == 0;

	buffer_clear(&reader->label);
	if (strcmp(type, "rfc-errata") == 0)
		buffer_text(&reader->label, "RFC Errata ");
	else if (strcmp(type, "registry") == 0)
		buffer_text(&reader->label, "IANA registry ");
	for (; *data; data++) {
		bool lower = *data >= 'a' && *data <= 'z';

		buffer_char(&reader->label, upper && lower ? (char)(*data - 'a' + 'A') : *data);
	}
}

/* A cross-reference in a record, or in the text of one of its cells. */
static struct frame open_xref(
	struct reader *reader, const struct frame *parent, const char **attributes)
{
	struct frame frame = {.place = PLACE_CELL, .column = parent->column, .xref = true};

	if (parent->place == PLACE_RECORD)
		frame.column = strcmp(attribute(attributes, "type"), "person") == 0
			? COLUMN_CONTACT
			: COLUMN_REFERENCE;
	reader->in_xref = true;
	buffer_clear(&reader->xref);
	label_xref(reader, attributes);
	return frame;
}

static struct frame open_record(struct reader *reader, const char **attributes)
{
	const char *registered = attribute(attributes, "date");
	const char *modified = attribute(attributes, "updated");
	struct row *row = &reader->row;

	for (size_t i = 0; i < COLUMNS; i++)
		buffer_clear(&reader->cell[i]);
	reader->has_assignee = false;
	row->line = line_of(reader);
	buffer_text(&reader->cell[COLUMN_REGISTERED], registered);
	buffer_text(&reader->cell[COLUMN_MODIFIED], modified);
	return (struct frame){.place = PLACE_RECORD};
}

static struct frame open_cell(struct reader *reader, const char *name)
{
	struct frame frame = cell_of(name);

	if (frame.place != PLACE_CELL)
		return frame;
	if (frame.column == COLUMN_ASSIGNEE)
		reader->has_assignee = true;
	else if (reader->cell[frame.column].len) /* a second note, say */
		buffer_char(&reader->cell[frame.column], '\n');
	return frame;
}

static struct frame open_in_registry(
	struct reader *reader, const char *name, const char **attributes)
{
	if (strcmp(name, "registry") == 0)
		return (struct frame){.place = PLACE_REGISTRY};
	if (strcmp(name, "record") == 0)
		return open_record(reader, attributes);
	if (strcmp(name, "updated") == 0 && reader->depth == 1)
		return (struct frame){.place = PLACE_UPDATED};
	return (struct frame){.place = PLACE_ELSEWHERE};
}

static void check_root(struct reader *reader, const char *name, const char **attributes)
{
	if (strcmp(name, "registry") != 0 || strcmp(attribute(attributes, "id"), REGISTRY_ID) != 0)
		stop(reader,
			source_refuse(reader->source, line_of(reader),
				"the document is not IANA's <registry id=\"" REGISTRY_ID "\">"));
}

static struct frame open_child(struct reader *reader, const struct frame *parent, const char *name,
	const char **attributes)
{
	if (parent->place == PLACE_REGISTRY)
		return open_in_registry(reader, name, attributes);
	if ((parent->place == PLACE_RECORD || parent->place == PLACE_CELL) && !reader->in_xref &&
		strcmp(name, "xref") == 0)
		return open_xref(reader, parent, attributes);
	if (parent->place == PLACE_RECORD)
		return open_cell(reader, name);
	/* <br/> and the like: the text goes on. */
	return (struct frame){.place = parent->place, .column = parent->column};
}

static void open_element(void *data, const char *qualified, const char **attributes)
{
	struct reader *reader = data;
	const char *name = local_name(qualified);
	struct frame *frame = &reader->stack[reader->depth];

	if (reader->error)
		return;
	if (reader->depth == DEEPEST) {
		stop(reader,
			source_refuse(reader->source, line_of(reader), "elements nested too deep"));
		return;
	}
	if (reader->depth) {
		*frame = open_child(reader, frame - 1, name, attributes);
	} else {
		check_root(reader, name, attributes);
		*frame = (struct frame){.place = PLACE_REGISTRY};
	}
	reader->depth++;
}

static void take_text(void *data, const char *text, int len)
{
	struct reader *reader = data;
	const struct frame *frame = reader->depth ? &reader->stack[reader->depth - 1] : NULL;
	const char *word = text;

	if (!frame || reader->error)
		return;
	if (frame->place == PLACE_UPDATED) {
		buffer_bytes(&reader->updated, text, (size_t)len);
		return;
	}
	if (frame->place != PLACE_CELL)
		return;
	/* The layout around the references of an assignee is not part of it. */
	if (frame->column == COLUMN_ASSIGNEE && !text_trim(&word, (size_t)len))
		return;
	buffer_bytes(
		reader->in_xref ? &reader->xref : &reader->cell[frame->column], text, (size_t)len);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * IANA's CSV joins two lines where white space stands before the line feed and behind it: ", \n
 * mac" becomes ", mac"; it keeps the line feed everywhere else. Returns the new length.
 */
static size_t join_lines(char *text, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		bool joined = text[i] == '\n' && out && is_blank(text[out - 1]) && i + 1 < len &&
			is_blank(text[i + 1]);

		if (!joined) {
			text[out++] = text[i];
			continue;
		}
		while (out && is_blank(text[out - 1]))
			out--;
		text[out++] = ' ';
		while (i + 1 < len && is_blank(text[i + 1]))
			i++;
	}
	return out;
}

static int close_xref(struct reader *reader, enum column column)
{
	const char *text = buffer_string(&reader->xref);
	size_t len = text_trim(&text, reader->xref.len);
	struct buffer *cell = &reader->cell[column];

	if (reader->xref.error || reader->label.error)
		return -ENOMEM;
	if (!len) {
		text = buffer_string(&reader->label);
		len = reader->label.len;
	}
	buffer_char(cell, '[');
	buffer_bytes(cell, text, len);
	buffer_char(cell, ']');
	reader->in_xref = false;
	return 0;
}

static int close_record(struct reader *reader)
{
	const struct buffer *cells = reader->cell;

	for (size_t i = 0; i < COLUMNS; i++) {
		const struct buffer *cell = &cells[i];

		/* A person who is only named as the contact is the assignee too. */
		if (i == COLUMN_ASSIGNEE && !reader->has_assignee)
			cell = &cells[COLUMN_CONTACT];
		if (cell->error)
			return cell->error;
		size_t len = cell->len ? join_lines(cell->data, cell->len) : 0;
		reader->row.text[i] = entries_text(reader->rows, buffer_string(cell), len);
		if (!reader->row.text[i])
			return -ENOMEM;
	}
	return entries_add(reader->rows, &reader->row);
}

static void close_element(void *data, const char *name)
{
	struct reader *reader = data;

	(void)name; /* expat has seen to it that tags match */
	if (reader->error)
		return;
	const struct frame *frame = &reader->stack[--reader->depth];
	int r = 0;
	if (frame->xref)
		r = close_xref(reader, frame->column);
	else if (frame->place == PLACE_RECORD)
		r = close_record(reader);
	if (r)
		stop(reader, r);
}

static void refuse_doctype(void *data, const char *name, const char *system, const char *public,
	int has_internal_subset)
{
	struct reader *reader = data;

	(void)name, (void)system, (void)public, (void)has_internal_subset;
	stop(reader,
		source_refuse(reader->source, line_of(reader),
			"a document type declaration, which IANA's files do not have"));
}

static int parse(struct reader *reader)
{
	const struct source *source = reader->source;

	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, open_element, close_element);
	XML_SetCharacterDataHandler(reader->parser, take_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, refuse_doctype);
	enum XML_Status status = XML_Parse(reader->parser, source->bytes, (int)source->len, 1);
	if (reader->error)
		return reader->error;
	enum XML_Error error = XML_GetErrorCode(reader->parser);
	if (status == XML_STATUS_ERROR && error == XML_ERROR_NO_MEMORY)
		return -ENOMEM;
	if (status == XML_STATUS_ERROR)
		return source_refuse(
			source, line_of(reader), "not well-formed XML: %s", XML_ErrorString(error));
	return 0;
}

static int keep_updated(struct reader *reader)
{
	if (reader->updated.error)
		return reader->updated.error;
	if (!reader->updated.len)
		return 0;
	reader->rows->updated =
		entries_text(reader->rows, buffer_string(&reader->updated), reader->updated.len);
	return reader->rows->updated ? 0 : -ENOMEM;
}

int reader_xml(const struct source *source, struct rows *rows)
{
	struct reader reader = {.source = source, .rows = rows};

	/* Whatever encoding the file claims: its bytes were found to be UTF-8. */
	reader.parser = XML_ParserCreateNS("UTF-8", ' ');
	if (!reader.parser)
		return -ENOMEM;
	int r = parse(&reader);
	if (!r)
		r = keep_updated(&reader);
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_free(&reader.cell[i]);
	buffer_free(&reader.updated);
	buffer_free(&reader.xref);
	buffer_free(&reader.label);
	XML_ParserFree(reader.parser);
	return r;
}
