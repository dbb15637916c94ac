// SPDX-License-Identifier: MIT
/* See reservations.h. */
#include "binding/reservations.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static const char record_title[] =
	"# What berth reserve added in this network namespace since boot; see berth-reserve(1).\n";
static const char boot_word[] = "boot:";
static const char added_word[] = "added:";
static const char kept_word[] = "# berth-added:";

/* ---- The plan -------------------------------------------------------------------------------- */

void reservations_settle(struct reservations_state *state)
{
	if (state->has_record) {
		/* What somebody else took out meanwhile is no more berth's. */
		portlist_keep(&state->added, &state->kernel);
		return;
	}
	memset(&state->added, 0, sizeof(state->added));
	if (!state->boots_here)
		return;
	state->added = state->kept;
	portlist_keep(&state->added, &state->kernel);
	portlist_remove(&state->added, &state->others);
}

/* What both plans end with. */
static void finish(const struct reservations_state *state, struct reservations_plan *plan)
{
	struct portlist foreign = plan->kernel;

	portlist_remove(&foreign, &plan->added);
	plan->value = plan->kept;
	portlist_add(&plan->value, &state->others);
	portlist_add(&plan->value, &foreign);
	plan->writes_kernel = portlist_count(&plan->changed) != 0;
	plan->writes_drop_in = !portlist_equal(&plan->kept, &state->kept);
	/* Without a record, the drop-in would be taken for what came with this boot. */
	plan->writes_record = !portlist_equal(&plan->added, &state->added) ||
		(!state->has_record && (plan->writes_kernel || plan->writes_drop_in));
}

void reservations_reserve(const struct reservations_state *state, const struct portlist *wanted,
	bool keep, struct reservations_plan *ret_plan)
{
	struct reservations_plan plan;

	memset(&plan, 0, sizeof(plan));
	plan.already = *wanted;
	portlist_keep(&plan.already, &state->kernel);
	plan.changed = *wanted;
	portlist_remove(&plan.changed, &state->kernel);
	plan.kernel = state->kernel;
	portlist_add(&plan.kernel, wanted);
	plan.added = state->added;
	portlist_add(&plan.added, &plan.changed);
	plan.kept = state->kept;
	if (keep) {
		struct portlist more = *wanted;

		/* What another file keeps already is not berth's to take back. */
		portlist_remove(&more, &state->others);
		portlist_add(&plan.kept, &more);
	}
	finish(state, &plan);
	*ret_plan = plan;
}

void reservations_unreserve(const struct reservations_state *state, const struct portlist *wanted,
	bool keep, struct reservations_plan *ret_plan)
{
	struct reservations_plan plan;
	struct portlist asked = state->added;

	memset(&plan, 0, sizeof(plan));
	if (keep)
		portlist_add(&asked, &state->kept);
	if (wanted)
		asked = *wanted;
	plan.changed = asked;
	portlist_keep(&plan.changed, &state->added);
	plan.kernel = state->kernel;
	portlist_remove(&plan.kernel, &plan.changed);
	plan.added = state->added;
	portlist_remove(&plan.added, &asked);
	plan.kept = state->kept;
	if (keep)
		portlist_remove(&plan.kept, &asked);
	/* All that berth added is gone from the list; what only the file had of others stays. */
	if (wanted) {
		plan.foreign = asked;
		portlist_keep(&plan.foreign, &plan.kernel);
		plan.absent = asked;
		portlist_remove(&plan.absent, &state->kernel);
	}
	finish(state, &plan);
	*ret_plan = plan;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static bool starts(const char *line, size_t len, const char *word)
{
	return len >= strlen(word) && !memcmp(line, word, strlen(word));
}

int reservations_read_record(
	const char *text, size_t len, const char *boot, struct portlist *ret_added)
{
	const char *line = NULL;
	size_t n = 0;
	struct portlist added;
	bool seen_boot = false;
	bool same_boot = false;
	bool seen_added = false;

	memset(&added, 0, sizeof(added));
	for (const char *end = text + len; text_next_line(&text, end, &line, &n);) {
		n = text_trim(&line, n);
		if (!n || *line == '#')
			continue;
		if (starts(line, n, boot_word)) {
			const char *id = line + strlen(boot_word);
			size_t id_len = text_trim(&id, n - strlen(boot_word));

			seen_boot = true;
			same_boot = id_len == strlen(boot) && !memcmp(id, boot, id_len);
		} else if (starts(line, n, added_word)) {
			if (portlist_parse(
				    line + strlen(added_word), n - strlen(added_word), &added))
				return -EBADMSG;
			seen_added = true;
		} else {
			return -EBADMSG;
		}
	}
	if (!seen_boot || !seen_added)
		return -EBADMSG;
	if (same_boot)
		*ret_added = added;
	return same_boot;
}

void reservations_print_record(const struct portlist *added, const char *boot, struct buffer *out)
{
	buffer_text(out, record_title);
	buffer_format(out, "%s %s\n%s ", boot_word, boot, added_word);
	portlist_print(added, out);
	buffer_char(out, '\n');
}

int reservations_read_drop_in(const char *text, size_t len, struct portlist *ret_kept)
{
	const char *line = NULL;
	size_t n = 0;
	struct portlist kept;
	bool seen = false;

	memset(&kept, 0, sizeof(kept));
	for (const char *end = text + len; text_next_line(&text, end, &line, &n);) {
		if (!starts(line, n, kept_word))
			continue;
		if (portlist_parse(line + strlen(kept_word), n - strlen(kept_word), &kept))
			return -EBADMSG;
		seen = true;
	}
	if (!seen)
		return -EBADMSG;
	*ret_kept = kept;
	return 0;
}

void reservations_print_drop_in(
	const struct portlist *kept, const struct portlist *value, struct buffer *out)
{
	buffer_text(out,
		"# Written by berth reserve, and taken back by berth unreserve: see "
		"berth-reserve(1).\n"
		"# The setting replaces the whole list, so it names what others had reserved "
		"too.\n");
	buffer_text(out, kept_word);
	buffer_char(out, ' ');
	portlist_print(kept, out);
	buffer_text(out, "\n" RESERVATIONS_SETTING " = ");
	portlist_print(value, out);
	buffer_char(out, '\n');
}

/* sysctl.d(5): "." and "/" may stand for each other, whichever separates first. */
static bool names_setting(const char *key, size_t len)
{
	static const char name[] = RESERVATIONS_SETTING;

	if (len && *key == '-') {
		key++;
		len--;
	}
	if (len != strlen(name))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (key[i] != name[i] && !(name[i] == '.' && key[i] == '/'))
			return false;
	}
	return true;
}

bool reservations_read_settings(const char *text, size_t len, struct portlist *list)
{
	const char *line = NULL;
	size_t n = 0;
	bool seen = false;

	for (const char *end = len ? text + len : text; text_next_line(&text, end, &line, &n);) {
		n = text_trim(&line, n);
		const char *equals = n ? memchr(line, '=', n) : NULL;

		if (!equals || *line == '#' || *line == ';')
			continue;
		const char *key = line;
		size_t key_len = text_trim(&key, (size_t)(equals - line));

		if (!names_setting(key, key_len))
			continue;
		seen = true;
		/* What the kernel would refuse reserves nothing. */
		(void)portlist_parse(equals + 1, n - (size_t)(equals - line) - 1, list);
	}
	return seen;
}
