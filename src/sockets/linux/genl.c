// SPDX-License-Identifier: MIT
/*
 * Speaks to generic netlink families. What their answers mean is for tunnels.c.
 */
#include "sockets/linux/genl.h"
#include "sockets/linux/message.h"

#include <linux/genetlink.h>
#include <stdalign.h>
#include <string.h>

struct message_rest genl_attributes(const void *payload, size_t len)
{
	return messages_behind(payload, len, GENL_HDRLEN);
}

static uint16_t *number_of(
	struct genl_families *families, const struct messages_attribute *attribute)
{
	const struct {
		const char *name;
		uint16_t *number;
	} known[] = {
		{"TIPCv2", &families->tipc},
		{"fou", &families->fou},
		{"l2tp", &families->l2tp},
		{"mptcp_pm", &families->mptcp_pm},
		{"wireguard", &families->wireguard},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (messages_is(attribute, known[i].name))
			return known[i].number;
	}
	return NULL;
}

int genl_family(void *families, uint16_t type, const void *payload, size_t len)
{
	struct message_rest attributes = genl_attributes(payload, len);
	struct messages_attribute attribute;
	uint16_t *number = NULL;
	uint16_t id = 0;

	if (type != GENL_ID_CTRL)
		return 0;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == CTRL_ATTR_FAMILY_ID)
			id = messages_u16(&attribute);
		else if (attribute.type == CTRL_ATTR_FAMILY_NAME)
			number = number_of(families, &attribute);
	}
	if (number && id >= GENL_MIN_ID)
		*number = id;
	return 0;
}

int genl_dump(const struct sockets_system *system, const struct genl_question *question,
	messages_seen *seen, void *context)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	struct nlmsghdr *request = message_begin(bytes, question->family, NLM_F_DUMP);
	struct messages_answer answer = {.seen = seen, .context = context};

	struct genlmsghdr *header = message_put_header(request, sizeof(*header));
	header->cmd = question->command;
	header->version = question->version;
	if (question->attribute)
		message_put_u32(request, question->attribute, question->number);
	int r = system_ask_washed(system, NETLINK_GENERIC, question->name, request,
		request->nlmsg_len, question->wash, messages_decode, &answer);
	return r ? r : answer.error;
}

void genl_find(const struct sockets_system *system, struct genl_families *families)
{
	const struct genl_question question = {
		.family = GENL_ID_CTRL,
		.command = CTRL_CMD_GETFAMILY,
		.version = 1,
		.name = "generic/families.bin",
	};

	if (families->asked)
		return;
	families->asked = true;
	/* What cannot be asked is not there. */
	(void)genl_dump(system, &question, genl_family, families);
}
