// SPDX-License-Identifier: MIT
/*
 * Whatever image somebody puts in our place: what opens can be read everywhere. An input is a list
 * of changes to a sound image, five bytes each (where, as a 32-bit number, and the new byte), under
 * a right checksum; an input that starts with "berth" is taken as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/image.h"
#include "registry/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rows[] =
	"Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,"
	"Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,"
	"Assignment Notes\r\n"
	"http,80,tcp,World Wide Web HTTP,[IESG],[IETF_Chair],,2021-10-01,[RFC9110],,,note\r\n"
	"www,80,tcp,World Wide Web HTTP,[IESG],[IETF_Chair],,2021-10-01,[RFC9110],,,\r\n"
	"x11,6000-6063,tcp,X Window System,[Stephen_Gildea],,,,,,Known on port 6003,\r\n"
	",6060-6100,,Unassigned,,,,,,,,\r\n"
	"discard,9,dccp,Discard,,,,,[RFC4340],1145656131,,\r\n"
	"raop,,,Remote Audio Output Protocol,,,,2011-10-14,,,,\r\n";

static void make_image(struct buffer *image)
{
	static const struct checks_least any_size;
	struct buffer problem = {0};
	const struct source source = {"rows", rows, strlen(rows), &problem};
	struct registry *registry = NULL;

	if (intake_parse(&source, &any_size, &registry) || registry_image(registry, image))
		abort();
	registry_free(registry);
	buffer_free(&problem);
}

static void change(struct buffer *image, const uint8_t *data, size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t at;

		memcpy(&at, data, sizeof(at));
		/* The 256 KB of set numbers are all alike: every other change is made behind them.
		 */
		size_t from = at & 1 ? 120 + SPANS_NUMBERS * sizeof(uint32_t) : 0;
		image->data[from + (at >> 1) % (image->len - from)] = (char)data[4];
	}
	image_seal(image->data, image->len);
}

static size_t read_everywhere(const struct registry *registry)
{
	struct berth_registry_info info;
	size_t sum = 0;

	registry_info(registry, &info);
	sum += strlen(info.date);
	for (unsigned port = 0; port < SPANS_NUMBERS; port++) {
		const uint16_t *ids;
		size_t n_ids = registry_at(registry, (uint16_t)port, &ids);

		for (size_t i = 0; i < n_ids; i++)
			sum += ids[i];
		sum += registry_state(registry, (uint16_t)port, BERTH_DCCP);
	}
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		sum += strlen(record.name) + strlen(record.description) + strlen(record.assignee) +
			strlen(record.contact) + strlen(record.registered) +
			strlen(record.modified) + strlen(record.reference) +
			strlen(record.service_code) + strlen(record.unauthorized) +
			strlen(record.notes);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buffer sound;
	struct buffer image = {0};
	struct registry *registry = NULL;

	if (!sound.len)
		make_image(&sound);
	if (size >= 5 && memcmp(data, "berth", 5) == 0) {
		buffer_bytes(&image, data, size);
	} else {
		buffer_bytes(&image, sound.data, sound.len);
		change(&image, data, size);
	}
	/* Never true: it keeps compilers from leaving the reading out. */
	if (!image_open(&image, &registry) && read_everywhere(registry) == SIZE_MAX)
		abort();
	registry_free(registry);
	buffer_free(&image);
	return 0;
}
