// SPDX-License-Identifier: MIT
/* All about ports as JSON, one object a line, as berth --jsonl does: report WHAT, as 8080 or 80,443
 */
#include <berth.h>
#include <stdio.h>

static int write_to_file(void *context, const char *bytes, size_t len)
{
	return fwrite(bytes, 1, len, context) == len ? 0 : -1;
}

/* 0 or a negative errno, as the functions of the library. */
static int print_port(struct berth *berth, struct berth_snapshot *snapshot, uint16_t port,
	const struct berth_query_part *part)
{
	struct berth_report *report;
	int r = berth_report(berth, snapshot, port, part, &report);

	if (r < 0)
		return r;
	r = berth_report_json(report, write_to_file, stdout);
	putchar('\n');
	berth_report_free(report);
	return r;
}

static int print_all(struct berth *berth, const char *text)
{
	struct berth_snapshot *snapshot = NULL;
	struct berth_query *query = NULL;
	int r = berth_query_parse(berth, text, &query);

	if (r < 0)
		goto out;
	struct berth_ask ask = {.size = sizeof(ask), .query = query, .owners = true};
	r = berth_snapshot(berth, &ask, &snapshot);
	if (r < 0)
		goto out;
	for (size_t i = 0; i < query->n_parts; i++) {
		const struct berth_query_part *part = &query->parts[i];

		for (unsigned port = part->first; port <= part->last && r >= 0; port++)
			r = print_port(berth, snapshot, (uint16_t)port, part);
	}
out:
	berth_snapshot_free(snapshot);
	berth_query_free(query);
	return r;
}

int main(int argc, char **argv)
{
	struct berth *berth = NULL;
	int r = berth_open(NULL, &berth);

	if (r >= 0)
		r = print_all(berth, argc > 1 ? argv[1] : "60587");
	if (r < 0)
		fprintf(stderr, "report: %s\n", berth_error());
	berth_close(berth);
	return r < 0;
}
