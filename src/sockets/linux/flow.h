/* SPDX-License-Identifier: MIT */
/*
 * A part of the traffic to this machine, while it is followed through rules: first connections of
 * one family and protocol to any of some ports; each match narrows it. Pure.
 */
#ifndef BERTH_SOCKETS_LINUX_FLOW_H
#define BERTH_SOCKETS_LINUX_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

enum {
	FLOW_RANGES = 64,
	FLOW_TEXT = 192,
};

struct flow_ports {
	size_t count;
	struct berth_port_range all[FLOW_RANGES]; /* ascending, apart from each other */
};

struct flow {
	uint8_t family; /* 4 or 6 */
	enum berth_proto proto;
	const char *hook; /* "prerouting" or "output" */
	struct flow_ports ports;
	unsigned narrowings; /* how often it was narrowed by something other than ports */
	bool conditional; /* by something that is not understood, or by chance */
	bool has_address; /* only to this one, or to those with the same first bits */
	uint8_t address_bits;
	uint8_t address[16];
	char conditions[FLOW_TEXT]; /* in words, as far as they fit */
};

/* IPPROTO_…, of the five that have ports. */
uint8_t flow_number(enum berth_proto proto);

/*
 * Each of these narrows the flow. False: nothing is left. Where there are too many ranges to keep
 * apart, more is kept than there is, and the flow becomes conditional.
 */
bool flow_only_port(struct flow *flow, uint16_t first, uint16_t last);
bool flow_without_port(struct flow *flow, uint16_t first, uint16_t last);
bool flow_only_ports(struct flow *flow, const struct flow_ports *ports);
bool flow_without_ports(struct flow *flow, const struct flow_ports *ports);
bool flow_only_address(struct flow *flow, const uint8_t *address, unsigned bits);

/* Something else that must hold, in words. */
void flow_condition(struct flow *flow, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Something that is not understood. */
void flow_doubt(struct flow *flow, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds ports to a set. False: there is no room. */
bool flow_ports_add(struct flow_ports *ports, uint16_t first, uint16_t last);

/* Appends "192.0.2.1" or "192.0.2.0/24". */
void flow_write_address(
	char *ret_text, size_t size, uint8_t family, const uint8_t *address, unsigned bits);

#endif
