/* SPDX-License-Identifier: MIT */
/*
 * Which block of ports a project has, and which port of it a name: the one that the hash gives,
 * unless another had it before. Those that were given are kept in files of the user, one line each,
 * so that project and name keep them. Lines are only appended, by one write(2) each, so no lock is
 * needed: of two that write at the same time the one whose line stands first has it.
 */
#ifndef BERTH_LEASES_BLOCKS_H
#define BERTH_LEASES_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The block of a project (its number) among n_blocks, not 0; and the place of a name in it, among
 * n_places. `state_folder`: where the files are, NULL or not writable: nothing is remembered.
 * Always gives one.
 */
uint32_t blocks_of_project(const char *state_folder, uint64_t project, uint32_t n_blocks);
uint32_t blocks_of_name(
	const char *state_folder, uint64_t project, const char *name, uint32_t n_places);

/* ---- Pure ------------------------------------------------------------------------------------ */

/* Looks a project or name (its hash) up in the text of a file. 1: *ret_block is what it has; 0: it
 * has none, and *ret_block is the one to take. Lines that are none are passed over. */
int blocks_find(const char *text, size_t len, uint64_t key, uint32_t n_blocks, uint32_t *ret_block);

#endif
