/* SPDX-License-Identifier: MIT */
/* Many ports at a glance: one line each, neighbours that are alike on one line together. */
#ifndef BERTH_CLI_PORT_TABLE_H
#define BERTH_CLI_PORT_TABLE_H

#include <berth.h>

#include "cli/output.h"

struct port_table;

/* NULL: no memory. */
struct port_table *port_table_new(struct output *output);

/* 0 or -ENOMEM. */
int port_table_add(struct port_table *table, const struct berth_report *report);

/* Appends it to the output. 0 or -ENOMEM. */
int port_table_draw(struct port_table *table);

void port_table_free(struct port_table *table);

#endif
