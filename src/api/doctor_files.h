/* SPDX-License-Identifier: MIT */
/* What the host's configuration says of ports, beside what listens. */
#ifndef BERTH_API_DOCTOR_FILES_H
#define BERTH_API_DOCTOR_FILES_H

#include "base/arena.h"
#include "binding/findings.h"

struct doctor_files {
	struct arena *arena; /* for lists and texts */
	struct findings_configured *all;
	size_t n;
	size_t size;
};

/*
 * Adds the ports of socket units that are enabled (those in a folder *.wants of systemd's), the
 * range of fsports, and Kubernetes' node ports where one of its programs is among the sockets'
 * owners. What cannot be read is left out. 0; -ENOMEM.
 */
int doctor_files_read(
	struct doctor_files *files, const struct berth_socket *sockets, size_t n_sockets);

#endif
