// SPDX-License-Identifier: MIT
/*
 * The table of spellings. The states are those of RFC 6335 section 6: unassigned ports can be had
 * for the asking, reserved ones cannot, assigned ones are taken. Found in IANA's files of
 * 2020-12-16 and 2026-02-13.
 */
#include "registry/spelling.h"

#include <errno.h>
#include <string.h>

struct spelling {
	const char *description;
	enum berth_state state;
};

static const struct spelling spellings[] = {
	{"Unassigned", BERTH_UNASSIGNED}, {"unassigned", BERTH_UNASSIGNED},
	{"Unassigned [was netstat]", BERTH_UNASSIGNED}, /* 15/tcp */
	{"Unassigned (FRP-Released 12/7/00)", BERTH_UNASSIGNED}, /* 2925 */

	/* A suspicion that somebody uses the port is no assignment and keeps it from nobody: IANA
	 * says "Unassigned" in 26 other rows whose ports it knows to be used all the same. */
	{"(unassigned) Possibly assigned", BERTH_UNASSIGNED}, /* 2825 */
	{"Possibly used by Sun Solaris????", BERTH_UNASSIGNED}, /* 1008/udp */

	{"Reserved", BERTH_RESERVED}, {"Reserved - IANA", BERTH_RESERVED}, /* 1109 */
	{"IANA Reserved", BERTH_RESERVED}, /* 49151, until 2020 */

	/* A number that was given back is marked reserved and not given out again while there are
	 * others (RFC 6335 section 8.2). sua 14001/udp says so although it kept its name. */
	{"De-registered", BERTH_RESERVED}, {"De-Registered", BERTH_RESERVED},
	{"Removed", BERTH_RESERVED}, {"Deprecated", BERTH_RESERVED}, /* 1028 */
	{"De-Commissioned Port", BERTH_RESERVED}, /* 9006 */
	{"Decomissioned Port 04/14/00, ms", BERTH_RESERVED}, /* 1783 */

	/* Given to a use rather than to a service, before names were asked for: whoever runs one on
	 * his own network may take the port, nobody else can have it. */
	{"any private mail system", BERTH_ASSIGNED}, /* 24 */
	{"any private printer server", BERTH_ASSIGNED}, /* 35 */
	{"any private terminal access", BERTH_ASSIGNED}, /* 57 */
	{"any private file service", BERTH_ASSIGNED}, /* 59 */
	{"any private dial out service", BERTH_ASSIGNED}, /* 75 */
	{"any private RJE service", BERTH_ASSIGNED}, /* 77 */
	{"any private terminal link", BERTH_ASSIGNED}, /* 87 */
};

int spelling_state(const char *name, const char *description, enum berth_state *ret_state)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		if (strcmp(spellings[i].description, description) == 0) {
			*ret_state = spellings[i].state;
			return 0;
		}
	}
	if (!*name)
		return -ENOENT;
	*ret_state = BERTH_ASSIGNED;
	return 0;
}
