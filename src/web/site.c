// SPDX-License-Identifier: MIT
/*
 * The pages that lead to ports. Without a script the 64 lists lead to every port; with one the
 * index searches. All links are relative, so that a site works from a disk and below any address.
 */
#include "web/site.h"

#include <string.h>

#include "base/json.h"
#include "web/page.h"

/* ---- Index -------------------------------------------------------------------------------------
 */

static void put_folder_link(struct html *html, const char *root, unsigned folder)
{
	struct buffer path = {0};

	page_list_path(&path, root, folder);
	html_open(html, "li", NULL);
	html_open(html, "a", NULL);
	html_attribute(html, "href", buffer_string(&path));
	html_format(html, "%u–%u", folder * SITE_PORTS_OF_FOLDER,
		folder * SITE_PORTS_OF_FOLDER + SITE_PORTS_OF_FOLDER - 1);
	html_close(html, "a");
	html_close(html, "li");
	buffer_free(&path);
}

static void put_folders(struct html *html, const char *root)
{
	html_open(html, "ul", "ports");
	for (unsigned folder = 0; folder < SITE_FOLDERS; folder++)
		put_folder_link(html, root, folder);
	html_close(html, "ul");
}

/* Shown by the script alone: without it a box that does nothing would be a lie. */
static void put_search(struct html *html, bool served)
{
	html_open(html, "form", "search");
	html_attribute(html, "id", "search");
	html_attribute(html, "role", "search");
	html_flag(html, "hidden");
	html_open(html, "label", NULL);
	html_attribute(html, "for", "query");
	html_text(html,
		served ? "Number, name, owner by custom, or process here"
		       : "Number, name, or owner by custom");
	html_close(html, "label");
	html_void(html, "input");
	html_attribute(html, "id", "query");
	html_attribute(html, "type", "search");
	html_attribute(html, "autocomplete", "off");
	html_open(html, "button", NULL);
	html_attribute(html, "type", "submit");
	html_text(html, "Open");
	html_close(html, "button");
	html_open(html, "p", NULL);
	html_attribute(html, "id", "count");
	html_attribute(html, "role", "status");
	html_close(html, "p");
	html_open(html, "ol", NULL);
	html_attribute(html, "id", "found");
	html_close(html, "ol");
	html_close(html, "form");
}

/* What the colours mean. The script makes each of them a switch. */
static void put_legend(struct html *html, bool served)
{
	html_open(html, "ul", "legend");
	html_attribute(html, "id", "legend");
	for (unsigned kind = ATLAS_KINDS; kind-- > 0;) {
		char class_name[] = "k0";

		if (!served && (kind >= ATLAS_SEEN || kind == ATLAS_EPHEMERAL))
			continue;
		class_name[1] = (char)('0' + kind);
		html_open(html, "li", class_name);
		html_attribute_uint(html, "data-kind", kind);
		html_text(html, atlas_paints[kind].name);
		html_close(html, "li");
	}
	html_close(html, "ul");
}

static void put_map(struct html *html, bool served)
{
	page_section(html, "map", "The map");
	html_open(html, "div", "map");
	html_open(html, "div", "sheet");
	html_attribute(html, "id", "sheet");
	html_void(html, "img");
	html_attribute(html, "src", served ? "/map.svg" : "map.svg");
	html_attribute(html, "width", "256");
	html_attribute(html, "height", "256");
	html_attribute(html, "alt",
		"All 65,536 ports as a square, 256 in a row, coloured by what is said of each");
	html_close(html, "div");
	html_open(html, "div", "key");
	html_open(html, "p", "reading");
	html_attribute(html, "id", "reading");
	html_attribute(html, "role", "status");
	html_text(html, "Each point is a port: 0 at the top left, 256 in a row.");
	html_close(html, "p");
	put_legend(html, served);
	html_close(html, "div");
	html_close(html, "div");
	html_close(html, "section");
}

void site_index_write(struct buffer *out, const char *registry_date, bool served)
{
	struct html html = {.out = out};
	const char *root = served ? "/" : "";
	const struct page_head head = {.title = "All ports",
		.about = "A page for every port number, from 0 to 65535.",
		.root = root,
		.wide = true,
		.scripts = true};

	page_open(&html, &head);
	html_open(&html, "header", NULL);
	if (served) {
		page_open_trail(&html, root);
		html_close(&html, "nav");
	}
	html_element(&html, "h1", NULL, "All ports");
	html_element(&html, "p", "range",
		served ? "A page for each of the 65,536 port numbers: what is on it on this "
			 "machine, what IANA assigned, who claims it and on what grounds."
		       : "A page for each of the 65,536 port numbers: what IANA assigned, who "
			 "claims it and on what grounds, and how to check who uses it.");
	html_close(&html, "header");
	html_open(&html, "main", NULL);
	put_search(&html, served);
	put_map(&html, served);
	page_section(&html, "lists", "By number");
	put_folders(&html, root);
	html_close(&html, "section");
	html_close(&html, "main");
	page_close(&html, registry_date);
	html_end(&html);
}

/* ---- Lists -------------------------------------------------------------------------------------
 */

static void put_row(struct html *html, bool served, unsigned port, const struct site_entry *entry)
{
	struct buffer path = {0};

	buffer_format(&path, served ? "/%u" : "%u.html", port);
	html_open(html, "tr", NULL);
	page_port_cell(html, buffer_string(&path), (uint16_t)port);
	html_element(html, "td", NULL, berth_state_name(entry->state));
	html_element(html, "td", NULL, entry->name);
	html_element(html, "td", NULL, entry->owner);
	html_close(html, "tr");
	buffer_free(&path);
}

void site_folder_write(struct buffer *out, unsigned folder, const struct site_entry *entries,
	const char *registry_date, bool served)
{
	unsigned first = folder * SITE_PORTS_OF_FOLDER;
	const char *root = served ? "/" : "../";
	struct html html = {.out = out};
	struct buffer title = {0};

	buffer_format(&title, "Ports %u–%u", first, first + SITE_PORTS_OF_FOLDER - 1);
	const struct page_head head = {
		.title = buffer_string(&title), .about = buffer_string(&title), .root = root};
	page_open(&html, &head);
	html_open(&html, "header", NULL);
	page_open_trail(&html, root);
	html_close(&html, "nav");
	html_element(&html, "h1", NULL, buffer_string(&title));
	html_close(&html, "header");
	html_open(&html, "main", NULL);
	html_open(&html, "table", NULL);
	html_raw(&html,
		"<thead><tr><th scope=\"col\">Port</th><th scope=\"col\">Registry</th>"
		"<th scope=\"col\">Name</th><th scope=\"col\">By custom</th></tr></thead>");
	html_open(&html, "tbody", NULL);
	for (unsigned i = 0; i < SITE_PORTS_OF_FOLDER; i++)
		put_row(&html, served, first + i, &entries[i]);
	html_close(&html, "tbody");
	html_close(&html, "table");
	html_close(&html, "main");
	page_close(&html, registry_date);
	html_end(&html);
	buffer_free(&title);
}

/* ---- Site map ----------------------------------------------------------------------------------
 */

void site_map_write(struct buffer *out, const char *registry_date)
{
	struct html html = {.out = out};

	const struct page_head head = {.title = "Site map",
		.about = "Every list and every port of this site.",
		.root = ""};

	page_open(&html, &head);
	html_open(&html, "header", NULL);
	html_element(&html, "h1", NULL, "Site map");
	html_close(&html, "header");
	html_open(&html, "main", NULL);
	page_section(&html, "lists", "Lists");
	put_folders(&html, "");
	html_close(&html, "section");
	page_section(&html, "ports", "Ports");
	html_open(&html, "ul", "ports");
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		struct buffer path = {0};

		page_path(&path, "", (uint16_t)port);
		html_open(&html, "li", NULL);
		html_open(&html, "a", NULL);
		html_attribute(&html, "href", buffer_string(&path));
		html_uint(&html, port);
		html_close(&html, "a");
		html_close(&html, "li");
		buffer_free(&path);
	}
	html_close(&html, "ul");
	html_close(&html, "section");
	html_close(&html, "main");
	page_close(&html, registry_date);
	html_end(&html);
}

/* ---- Search ------------------------------------------------------------------------------------
 */

static const char *keep(struct arena *names, const char *text)
{
	return text && *text ? arena_text(names, text, strlen(text)) : NULL;
}

struct site_entry site_entry(const struct berth_report *report, struct arena *names)
{
	const struct berth_de_facto *de_facto = &report->de_facto;
	struct site_entry entry = {.state = report->state[BERTH_TCP]};

	if (entry.state != BERTH_ASSIGNED && report->state[BERTH_UDP] == BERTH_ASSIGNED)
		entry.state = BERTH_ASSIGNED;
	for (size_t i = 0; i < report->n_records && !entry.name; i++) {
		if (report->records[i].state == BERTH_ASSIGNED)
			entry.name = keep(names, report->records[i].name);
	}
	if (de_facto->state == BERTH_OWNED)
		entry.owner = keep(names,
			de_facto->n_candidates && *de_facto->candidates[0].name
				? de_facto->candidates[0].name
				: de_facto->service);
	return entry;
}

void site_search_write(
	struct buffer *out, const struct site_entry *entries, const struct atlas *atlas)
{
	struct json json = {.out = out};

	buffer_text(out, "\"use strict\";\nconst berthPorts = ");
	json_open_array(&json, NULL);
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		const struct site_entry *entry = &entries[port];

		if (!entry->name && !entry->owner)
			continue;
		json_open_array(&json, NULL);
		json_uint(&json, NULL, port);
		json_string(&json, NULL, entry->name ? entry->name : "");
		if (entry->owner)
			json_string(&json, NULL, entry->owner);
		json_close_array(&json);
	}
	json_close_array(&json);
	buffer_text(out, ";\nconst berthRuns = ");
	atlas_runs(out, atlas);
	buffer_text(out, ";\n");
}
