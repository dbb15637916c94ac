/* SPDX-License-Identifier: MIT */
/*
 * The schemas of docs/schema in outline: the members of an answer, and what they are, one level
 * deep. That is what a client may check answers by; all of a schema would cost the model that reads
 * the list of tools more than the tools. Made by outline.py when berth is built.
 */
#ifndef BERTH_MCP_OUTLINE_H
#define BERTH_MCP_OUTLINE_H

struct outline {
	const char *name; /* "berth-report-1"; NULL ends the list */
	const char *json;
};

extern const struct outline outlines[];

#endif
