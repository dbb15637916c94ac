// SPDX-License-Identifier: MIT
/*
 * Reads the attributes of sock_diag that tell how a socket is set up and how it fares: options
 * (inet_diag_msg_attrs_fill), memory, congestion control and tcp_info (inet_sk_diag_fill, all of
 * net/ipv4/inet_diag.c), and what sits on top of TCP (tcp_diag_put_ulp in net/ipv4/tcp_diag.c,
 * tls_get_info in net/tls/tls_main.c). Of a struct that grew over the years, as tcp_info, what an
 * older kernel does not send stays 0.
 */
#include "sockets/linux/details.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <stddef.h>
#include <string.h>

#include "sockets/linux/message.h"

#define BIT_OF(extension) (uint8_t)(1U << ((extension)-1))

uint8_t details_extensions(void)
{
	return BIT_OF(INET_DIAG_INFO) | BIT_OF(INET_DIAG_CONG) | BIT_OF(INET_DIAG_TOS) |
		BIT_OF(INET_DIAG_TCLASS) | BIT_OF(INET_DIAG_SKMEMINFO);
}

void details_start(struct details *details)
{
	*details = (struct details){.told = {.traffic_class = -1}};
}

/* The first bytes of the attribute that there are, and zeros behind them. */
static void copy_front(const struct nlattr *attr, void *ret, size_t size)
{
	size_t len = 0;
	const void *value = message_value(attr, &len);

	memset(ret, 0, size);
	memcpy(ret, value, len < size ? len : size);
}

/* The text of an attribute, up to its NUL; NULL when it is empty or too long. */
static const char *take_name(const struct nlattr *attr, char ret_name[DETAILS_NAME_MAX])
{
	size_t len = 0;
	const char *text = message_value(attr, &len);

	len = strnlen(text, len);
	if (!len || len >= DETAILS_NAME_MAX)
		return NULL;
	memcpy(ret_name, text, len);
	ret_name[len] = '\0';
	return ret_name;
}

static void take_options(struct berth_socket_details *told, const struct nlattr *attr)
{
	struct inet_diag_sockopt options; /* bit fields: the compiler knows their order */

	copy_front(attr, &options, sizeof(options));
	const bool set[BERTH_SOCKET_OPTIONS] = {options.recverr, options.freebind, options.hdrincl,
		options.mc_loop, options.transparent, options.mc_all, options.nodefrag,
		options.bind_address_no_port, options.recverr_rfc4884, options.defer_connect};
	told->has_options = true;
	told->options = 0;
	for (unsigned i = 0; i < BERTH_SOCKET_OPTIONS; i++)
		told->options |= (uint32_t)set[i] << i;
}

static void take_shutdown(struct berth_socket_details *told, const struct nlattr *attr)
{
	uint8_t bits = 0; /* RCV_SHUTDOWN, SEND_SHUTDOWN of net/sock.h */

	(void)message_copy(attr, &bits, sizeof(bits));
	told->shut_receive = bits & 1;
	told->shut_send = bits & 2;
}

static void take_memory(struct berth_socket_details *told, const struct nlattr *attr)
{
	uint32_t values[SK_MEMINFO_VARS];

	copy_front(attr, values, sizeof(values));
	told->has_memory = true;
	told->memory = (struct berth_socket_memory){
		.receive_used = values[SK_MEMINFO_RMEM_ALLOC],
		.receive_limit = values[SK_MEMINFO_RCVBUF],
		.send_used = values[SK_MEMINFO_WMEM_ALLOC],
		.send_limit = values[SK_MEMINFO_SNDBUF],
		.forward = values[SK_MEMINFO_FWD_ALLOC],
		.send_queued = values[SK_MEMINFO_WMEM_QUEUED],
		.options = values[SK_MEMINFO_OPTMEM],
		.backlog = values[SK_MEMINFO_BACKLOG],
		.drops = values[SK_MEMINFO_DROPS],
	};
}

/* Of a listener, tcp_info repeats the backlog (tcp_get_info since 3.7): rows have it anyhow. */
static void take_metrics(struct berth_socket_details *told, const struct nlattr *attr)
{
	struct tcp_info info;

	copy_front(attr, &info, sizeof(info));
	told->has_tcp = true;
	told->tcp = (struct berth_tcp_metrics){
		.rtt_us = info.tcpi_rtt,
		.rtt_variation_us = info.tcpi_rttvar,
		.min_rtt_us = info.tcpi_min_rtt,
		.congestion_window = info.tcpi_snd_cwnd,
		.mss = info.tcpi_snd_mss,
		.path_mtu = info.tcpi_pmtu,
		.retransmits = info.tcpi_total_retrans,
		.bytes_sent = info.tcpi_bytes_sent,
		.bytes_received = info.tcpi_bytes_received,
	};
}

/* ---- Upper layer protocols ------------------------------------------------------------------- */

static const char *version_name(uint16_t version)
{
	if (version == TLS_1_2_VERSION)
		return "1.2";
	return version == TLS_1_3_VERSION ? "1.3" : NULL;
}

/* TLS_CIPHER_… of linux/tls.h. */
static const char *cipher_name(uint16_t cipher)
{
	static const char *const names[] = {"aes-gcm-128", "aes-gcm-256", "aes-ccm-128",
		"chacha20-poly1305", "sm4-gcm", "sm4-ccm", "aria-gcm-128", "aria-gcm-256"};
	const uint16_t first = TLS_CIPHER_AES_GCM_128;

	if (cipher < first || cipher >= first + sizeof(names) / sizeof(*names))
		return NULL;
	return names[cipher - first];
}

static const char *encryption_name(uint16_t conf)
{
	switch (conf) {
	case TLS_CONF_BASE:
		return "none";
	case TLS_CONF_SW:
		return "software";
	case TLS_CONF_HW:
		return "device";
	case TLS_CONF_HW_RECORD:
		return "record";
	default:
		return NULL; /* newer than this list */
	}
}

static void take_tls(struct berth_socket_details *told, const struct nlattr *nest)
{
	struct message_rest rest = message_nested(nest);
	const struct nlattr *attr;

	while (message_next_attribute(&rest, &attr)) {
		uint16_t value = 0;

		if (!message_copy(attr, &value, sizeof(value)))
			continue;
		switch (message_type(attr)) {
		case TLS_INFO_VERSION:
			told->tls_version = version_name(value);
			break;
		case TLS_INFO_CIPHER:
			told->tls_cipher = cipher_name(value);
			break;
		case TLS_INFO_TXCONF:
			told->tls_send = encryption_name(value);
			break;
		case TLS_INFO_RXCONF:
			told->tls_receive = encryption_name(value);
			break;
		default:
			break; /* of how it is done, and of what newer kernels tell */
		}
	}
}

static void take_ulp(struct details *details, const struct nlattr *nest)
{
	struct message_rest rest = message_nested(nest);
	const struct nlattr *attr;

	while (message_next_attribute(&rest, &attr)) {
		if (message_type(attr) == INET_ULP_INFO_NAME)
			details->told.ulp = take_name(attr, details->ulp);
		else if (message_type(attr) == INET_ULP_INFO_TLS)
			take_tls(&details->told, attr);
	}
}

/* ---- All of them -------------------------------------------------------------------------------
 */

/* The least that makes sense of each attribute that is read here; 0: it is none of ours. */
static size_t least_of(unsigned type)
{
	static const uint8_t least[] = {
		[INET_DIAG_INFO] = offsetof(struct tcp_info, tcpi_pacing_rate), /* before 3.15 */
		[INET_DIAG_CONG] = 1,
		[INET_DIAG_TOS] = sizeof(uint8_t),
		[INET_DIAG_TCLASS] = sizeof(uint8_t),
		[INET_DIAG_SKMEMINFO] = SK_MEMINFO_BACKLOG * sizeof(uint32_t), /* before 2.6.34 */
		[INET_DIAG_SHUTDOWN] = sizeof(uint8_t),
		[INET_DIAG_MARK] = sizeof(uint32_t),
		[INET_DIAG_CLASS_ID] = sizeof(uint32_t),
		[INET_DIAG_ULP_INFO] = sizeof(struct nlattr),
		[INET_DIAG_SOCKOPT] = sizeof(struct inet_diag_sockopt),
	};

	return type < sizeof(least) ? least[type] : 0;
}

bool details_take(struct details *details, const struct nlattr *attr)
{
	struct berth_socket_details *told = &details->told;
	unsigned type = message_type(attr);
	size_t least = least_of(type);
	size_t len = 0;
	uint8_t byte = 0;

	(void)message_value(attr, &len);
	if (!least || len < least)
		return least > 0;
	(void)message_copy(attr, &byte, sizeof(byte));
	if (type == INET_DIAG_INFO)
		take_metrics(told, attr);
	else if (type == INET_DIAG_CONG)
		told->congestion = take_name(attr, details->congestion);
	else if (type == INET_DIAG_TOS || type == INET_DIAG_TCLASS)
		told->traffic_class = byte;
	else if (type == INET_DIAG_SKMEMINFO)
		take_memory(told, attr);
	else if (type == INET_DIAG_SHUTDOWN)
		take_shutdown(told, attr);
	else if (type == INET_DIAG_SOCKOPT)
		take_options(told, attr);
	else if (type == INET_DIAG_ULP_INFO)
		take_ulp(details, attr);
	told->has_mark |= type == INET_DIAG_MARK;
	told->has_class |= type == INET_DIAG_CLASS_ID;
	if (type == INET_DIAG_MARK)
		(void)message_copy(attr, &told->mark, sizeof(told->mark));
	if (type == INET_DIAG_CLASS_ID)
		(void)message_copy(attr, &told->class_id, sizeof(told->class_id));
	return true;
}

/* MPTCP's subflows tell their tokens, with which data can be injected (RFC 8684 section 5). */
static void rewrite_ulp(void *bytes, const struct nlattr *nest)
{
	struct message_rest rest = message_nested(nest);
	const struct nlattr *attr;

	while (message_next_attribute(&rest, &attr)) {
		unsigned type = message_type(attr);

		size_t len = 0;
		const void *value = message_value(attr, &len);

		if (type != INET_ULP_INFO_NAME && type != INET_ULP_INFO_TLS)
			memset(message_writable(bytes, value), 0, len);
	}
}

/* tcp_info goes: it tells when somebody last typed, and of MPTCP and SCTP it is another struct with
 * tokens and addresses in it. */
bool details_rewrite(void *bytes, const struct nlattr *attr)
{
	unsigned type = message_type(attr);

	if (!least_of(type))
		return false;
	if (type == INET_DIAG_INFO) {
		/* Not told rather than zero. */
		struct nlattr *own = message_writable(bytes, attr);

		own->nla_type = INET_DIAG_NONE;
		return false;
	}
	if (type == INET_DIAG_ULP_INFO)
		rewrite_ulp(bytes, attr);
	return true;
}

static bool copy_name(struct arena *arena, const char **name)
{
	if (*name)
		*name = arena_text(arena, *name, strlen(*name));
	return *name != NULL;
}

const struct berth_socket_details *details_copy(
	struct arena *arena, const struct berth_socket_details *details)
{
	struct berth_socket_details *copy = arena_alloc(arena, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *details;
	if ((details->congestion && !copy_name(arena, &copy->congestion)) ||
		(details->ulp && !copy_name(arena, &copy->ulp)))
		return NULL;
	return copy;
}
