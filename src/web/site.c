// SPDX-License-Identifier: MIT
/*
 * The pages that lead to ports. Without a script the 64 lists lead to every port; with one the
 * index searches. All links are relative, so that a site works from a disk and below any address.
 */
#include "web/site.h"

#include "base/json.h"
#include "web/page.h"

/* ---- Index -------------------------------------------------------------------------------------
 */

static void put_folder_link(struct html *html, unsigned folder)
{
	struct buffer path = {0};

	buffer_format(&path, "%02u/index.html", folder);
	html_open(html, "li", NULL);
	html_open(html, "a", NULL);
	html_attribute(html, "href", buffer_string(&path));
	html_format(html, "%u–%u", folder * SITE_PORTS_OF_FOLDER,
		folder * SITE_PORTS_OF_FOLDER + SITE_PORTS_OF_FOLDER - 1);
	html_close(html, "a");
	html_close(html, "li");
	buffer_free(&path);
}

static void put_folders(struct html *html)
{
	html_open(html, "ul", "ports");
	for (unsigned folder = 0; folder < SITE_FOLDERS; folder++)
		put_folder_link(html, folder);
	html_close(html, "ul");
}

/* Shown by the script alone: without it a box that does nothing would be a lie. */
static void put_search(struct html *html)
{
	html_open(html, "form", "search");
	html_attribute(html, "id", "search");
	html_attribute(html, "role", "search");
	html_attribute(html, "hidden", "hidden");
	html_open(html, "label", NULL);
	html_attribute(html, "for", "query");
	html_text(html, "Number, name, or owner by custom");
	html_close(html, "label");
	html_void(html, "input");
	html_attribute(html, "id", "query");
	html_attribute(html, "type", "search");
	html_attribute(html, "autocomplete", "off");
	html_open(html, "p", NULL);
	html_attribute(html, "id", "count");
	html_attribute(html, "role", "status");
	html_close(html, "p");
	html_open(html, "ol", NULL);
	html_attribute(html, "id", "found");
	html_close(html, "ol");
	html_close(html, "form");
}

static void put_script(struct html *html, const char *name)
{
	html_open(html, "script", NULL);
	html_attribute(html, "src", name);
	html_attribute(html, "defer", "defer");
	html_close(html, "script");
}

void site_index_write(struct buffer *out, const char *registry_date)
{
	struct html html = {.out = out};

	page_open(&html, "All ports", "A page for every port number, from 0 to 65535.", "");
	html_open(&html, "header", NULL);
	html_element(&html, "h1", NULL, "All ports");
	html_element(&html, "p", "range",
		"A page for each of the 65,536 port numbers: what IANA assigned, who claims it "
		"and on what grounds, and how to check who uses it.");
	html_close(&html, "header");
	html_open(&html, "main", NULL);
	put_search(&html);
	page_section(&html, "lists", "By number");
	put_folders(&html);
	html_close(&html, "section");
	html_close(&html, "main");
	page_close(&html, registry_date);
	put_script(&html, "ports.js");
	put_script(&html, "script.js");
	html_end(&html);
}

/* ---- Lists -------------------------------------------------------------------------------------
 */

static void put_row(struct html *html, unsigned port, const struct site_entry *entry)
{
	struct buffer path = {0};

	buffer_format(&path, "%u.html", port);
	html_open(html, "tr", NULL);
	html_open(html, "th", NULL);
	html_attribute(html, "scope", "row");
	html_open(html, "a", NULL);
	html_attribute(html, "href", buffer_string(&path));
	html_uint(html, port);
	html_close(html, "a");
	html_close(html, "th");
	html_element(html, "td", NULL, berth_state_name(entry->state));
	html_element(html, "td", NULL, entry->name);
	html_element(html, "td", NULL, entry->owner);
	html_close(html, "tr");
	buffer_free(&path);
}

void site_folder_write(struct buffer *out, unsigned folder, const struct site_entry *entries,
	const char *registry_date)
{
	unsigned first = folder * SITE_PORTS_OF_FOLDER;
	struct html html = {.out = out};
	struct buffer title = {0};

	buffer_format(&title, "Ports %u–%u", first, first + SITE_PORTS_OF_FOLDER - 1);
	page_open(&html, buffer_string(&title), buffer_string(&title), "../");
	html_open(&html, "header", NULL);
	html_open(&html, "nav", "trail");
	html_attribute(&html, "aria-label", "Site");
	html_open(&html, "a", NULL);
	html_attribute(&html, "href", "../index.html");
	html_text(&html, "All ports");
	html_close(&html, "a");
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
		put_row(&html, first + i, &entries[i]);
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

	page_open(&html, "Site map", "Every list and every port of this site.", "");
	html_open(&html, "header", NULL);
	html_element(&html, "h1", NULL, "Site map");
	html_close(&html, "header");
	html_open(&html, "main", NULL);
	page_section(&html, "lists", "Lists");
	put_folders(&html);
	html_close(&html, "section");
	page_section(&html, "ports", "Ports");
	html_open(&html, "ul", "ports");
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		struct buffer path = {0};

		buffer_format(&path, "%02u/%u.html", page_folder((uint16_t)port), port);
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

void site_search_write(struct buffer *out, const struct site_entry *entries)
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
	buffer_text(out, ";\n");
}
