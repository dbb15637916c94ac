/* SPDX-License-Identifier: MIT */
/*
 * registry_parse() with the thresholds as a parameter: tests and fuzz targets read small files.
 */
#ifndef BERTH_REGISTRY_INTAKE_H
#define BERTH_REGISTRY_INTAKE_H

#include "registry/checks.h"
#include "registry/registry.h"
#include "registry/source.h"

int intake_parse(const struct source *source, const struct checks_least *least,
	struct registry **ret_registry);

#endif
