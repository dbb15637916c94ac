/* SPDX-License-Identifier: MIT */
/*
 * The two forms in which IANA publishes the registry, each read into the same rows. They follow the
 * format only; what a cell may say is for the checks.
 */
#ifndef BERTH_REGISTRY_READER_H
#define BERTH_REGISTRY_READER_H

#include "registry/entries.h"
#include "registry/source.h"

/*
 * CSV (RFC 4180): a header row with IANA's twelve titles, then twelve fields a record. CRLF or LF
 * ends a record; inside quotes both are text. 0; -EBADMSG: refused, the reason is in
 * source->problem; -ENOMEM. On failure `rows` holds what was read so far and is freed as ever.
 */
int reader_csv(const struct source *source, struct rows *rows);

/* XML, in the namespace http://www.iana.org/assignments. Results as above. */
int reader_xml(const struct source *source, struct rows *rows);

#endif
