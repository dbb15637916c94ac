// SPDX-License-Identifier: MIT
/* Which tool is which function, and how failures are told. */
#include "mcp/calls.h"

#include <stdlib.h>

#include "mcp/foreign.h"

int calls_fail(struct tool_answer *answer, int error)
{
	buffer_text(&answer->text, "It could not be done: ");
	foreign_sentence(&answer->text, berth_error());
	buffer_char(&answer->text, '.');
	return error;
}

int calls_make(void *context, enum tool_id tool, const struct input_value values[INPUTS_MOST],
	struct tool_answer *answer)
{
	struct calls *calls = context;

	switch (tool) {
	case TOOL_REPORT:
		return calls_look_report(calls, values, answer);
	case TOOL_LIST:
		return calls_look_list(calls, values, answer);
	case TOOL_WHY:
		return calls_look_why(calls, values, answer);
	case TOOL_FREE:
		return calls_look_free(calls, values, answer);
	case TOOL_DOCTOR:
		return calls_look_doctor(calls, answer);
	case TOOL_HISTORY:
		return calls_look_history(calls, values, answer);
	case TOOL_LEASE:
		return calls_lease_take(calls, values, answer);
	case TOOL_RELEASE:
		return calls_lease_release(calls, values, answer);
	case TOOL_LEASES:
		return calls_lease_list(calls, answer);
	case TOOLS:
		break;
	}
	return 0;
}

void calls_free(struct calls *calls)
{
	for (size_t i = 0; i < calls->n_leased; i++)
		free(calls->leased[i]);
	free(calls->leased);
	calls->leased = NULL;
	calls->n_leased = 0;
}
