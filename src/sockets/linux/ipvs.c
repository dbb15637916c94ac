// SPDX-License-Identifier: MIT
/*
 * Reads the table of IPVS: a line for each service, below it one for each of its servers, with
 * addresses and ports in hex.
 *
 *	TCP  C0000201:0050 rr
 *	  -> 0A000001:1F90      Masq    1      0          0
 *	UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 wlc
 *
 * Services of a firewall mark (FWM) have no port, so what marks packets decides; they are left out.
 */
#include "sockets/linux/ipvs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
	LARGEST_FILE = 8 << 20,
};

struct service {
	struct flow flow;
	char first[64]; /* its first server */
	size_t servers;
	bool wanted;
};

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at && (c <= '9' || c >= 'A') ? (int)(at - digits) : -1;
}

/* `count` bytes of hex; false: something else stands there. */
static bool take_hex(const char **text, const char *end, uint8_t *ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (end - *text < 2 || digit((*text)[0]) < 0 || digit((*text)[1]) < 0)
			return false;
		ret[i] = (uint8_t)(digit((*text)[0]) << 4 | digit((*text)[1]));
		*text += 2;
	}
	return true;
}

static bool take_char(const char **text, const char *end, char c)
{
	bool there = *text < end && **text == c;

	*text += there;
	return there;
}

static bool take_place(const char **text, const char *end, uint8_t *ret_family, uint8_t address[16],
	uint16_t *ret_port)
{
	uint8_t port[2];
	bool six = take_char(text, end, '[');

	memset(address, 0, 16);
	for (size_t i = 0; six && i < 8; i++) {
		if ((i && !take_char(text, end, ':')) || !take_hex(text, end, address + i * 2, 2))
			return false;
	}
	if (six ? !take_char(text, end, ']') : !take_hex(text, end, address, 4))
		return false;
	if (!take_char(text, end, ':') || !take_hex(text, end, port, 2))
		return false;
	*ret_family = six ? 6 : 4;
	*ret_port = (uint16_t)(port[0] << 8 | port[1]);
	return true;
}

static void skip_spaces(const char **text, const char *end)
{
	while (*text < end && **text == ' ')
		++*text;
}

static void tell(struct service *service, struct redirects *redirects)
{
	char text[128];

	if (!service->wanted)
		return;
	if (service->servers == 0)
		(void)snprintf(text, sizeof(text), "no server");
	else if (service->servers == 1)
		(void)snprintf(text, sizeof(text), "%s", service->first);
	else
		(void)snprintf(text, sizeof(text), "%s or %zu other%s", service->first,
			service->servers - 1, service->servers == 2 ? "" : "s");
	redirects_add(redirects, &service->flow,
		&(struct redirects_target){
			.kind = BERTH_REDIRECT_IPVS, .action = BERTH_ACTION_BALANCE, .text = text});
	service->wanted = false;
}

static void read_service(
	const char *line, const char *end, const struct flow_ports *wanted, struct service *service)
{
	static const struct {
		const char *name;
		enum berth_proto proto;
	} protos[] = {{"TCP ", BERTH_TCP}, {"UDP ", BERTH_UDP}, {"SCTP", BERTH_SCTP}};
	uint8_t address[16];
	uint16_t port = 0;

	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		const char *at = line;

		if (end - line < 4 || memcmp(line, protos[i].name, 4) != 0)
			continue;
		*service = (struct service){.flow = {.proto = protos[i].proto, .hook = "input"}};
		at += 4;
		skip_spaces(&at, end);
		if (!take_place(&at, end, &service->flow.family, address, &port))
			return;
		service->flow.ports = *wanted;
		service->wanted = (port ? flow_only_port(&service->flow, port, port) : true) &&
			flow_only_address(
				&service->flow, address, service->flow.family == 4 ? 32 : 128);
		return;
	}
}

static void read_server(const char *line, const char *end, struct service *service)
{
	static const char arrow[] = "  -> ";
	uint8_t family = 0;
	uint8_t address[16];
	uint16_t port = 0;
	char text[48];

	if (end - line < (ptrdiff_t)sizeof(arrow) || memcmp(line, arrow, sizeof(arrow) - 1) != 0)
		return;
	line += sizeof(arrow) - 1;
	if (!take_place(&line, end, &family, address, &port))
		return;
	if (!service->servers++) {
		flow_write_address(text, sizeof(text), family, address, family == 4 ? 32 : 128);
		(void)snprintf(service->first, sizeof(service->first),
			family == 6 ? "[%s]:%u" : "%s:%u", text, port);
	}
}

void ipvs_decode(
	const char *text, size_t len, const struct flow_ports *wanted, struct redirects *redirects)
{
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	struct service service = {0};

	while (!redirects->error && text_next_line(&text, end, &line, &line_len)) {
		if (line_len && *line == ' ') {
			read_server(line, line + line_len, &service);
		} else {
			tell(&service, redirects);
			read_service(line, line + line_len, wanted, &service);
		}
	}
	tell(&service, redirects);
}

int ipvs_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	struct buffer text = {0};
	int r = system_file(system, "/proc/net/ip_vs", LARGEST_FILE, &text);

	if ((!r || r == -EFBIG) && text.data)
		ipvs_decode(text.data, text.len, wanted, redirects);
	if (r == -EFBIG)
		redirects->cut = true;
	buffer_free(&text);
	return r == -ENOMEM ? r : redirects->error;
}
