/* SPDX-License-Identifier: MIT */
/* Reading the files of a project, and ports from a command line behind them. */
#ifndef BERTH_API_WISHES_H
#define BERTH_API_WISHES_H

#include <berth.h>

/* berth_project_read(), and a list of ports that stands in no file (NULL: none): their file is "".
 */
int wishes_read(const char *const *paths, size_t n_paths, const char *const *settings,
	const char *ports, struct berth_project **ret_project);

#endif
