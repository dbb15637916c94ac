/* SPDX-License-Identifier: MIT */
/* The folder that names of leases belong to. */
#ifndef BERTH_CLI_PROJECT_ROOT_H
#define BERTH_CLI_PROJECT_ROOT_H

/*
 * The folder that we are in, or the next above it with a berth.toml or a .git: each worktree of a
 * repository has a .git of its own, and so is a project of its own. From malloc; NULL: not known.
 */
char *project_root(void);

#endif
