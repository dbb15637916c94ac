// SPDX-License-Identifier: MIT
/* The page of /doctor: what is wrong or odd, as berth doctor tells it. */
#include "web/lists.h"

static const char *level_class(enum berth_finding_level level)
{
	switch (level) {
	case BERTH_LEVEL_WARNING:
		return "bad";
	case BERTH_LEVEL_ODDITY:
		return "care";
	case BERTH_LEVEL_NOTE:
		break;
	}
	return "note";
}

static void put_line(struct html *html, const char *label, const char *text, bool code)
{
	if (!text)
		return;
	html_open_fact(html, label);
	if (code)
		html_element(html, "code", NULL, text);
	else
		html_text(html, text);
	html_close_fact(html);
}

static void put_probability(struct html *html, const struct berth_finding *finding)
{
	const double percent = 100;

	if (!finding->has_probability)
		return;
	html_open_fact(html, "At the next restart");
	html_format(html, "a chance of %.3g %%", finding->probability * percent);
	html_close_fact(html);
	put_line(html, "Assumed", finding->assumptions, false);
}

static void put_finding(struct html *html, const struct berth_finding *finding)
{
	html_open(html, "section", NULL);
	html_element(html, "h2", NULL, finding->evidence);
	html_open(html, "p", NULL);
	html_element(html, "strong", level_class(finding->level),
		berth_finding_level_name(finding->level));
	html_text(html, " · ");
	html_element(html, "code", NULL, berth_finding_id(finding->kind));
	html_close(html, "p");
	html_open(html, "dl", NULL);
	put_line(html, "So", finding->consequence, false);
	put_probability(html, finding);
	put_line(html, "Cure", finding->cure, false);
	put_line(html, "Command", finding->command, true);
	html_close(html, "dl");
	html_close(html, "section");
}

void list_doctor_write(struct lists *lists, const struct berth_doctor *doctor)
{
	lists_open(lists, "Doctor", "What is wrong or odd with the ports of this machine.");
	for (size_t i = 0; i < doctor->n_findings && i < LISTS_ROWS_MOST; i++)
		put_finding(&lists->html, &doctor->findings[i]);
	if (!doctor->n_findings)
		lists_note(lists, "good", "Nothing was found.");
	lists_gaps(lists, doctor->gaps);
	lists_close(lists);
}
