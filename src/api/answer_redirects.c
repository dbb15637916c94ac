// SPDX-License-Identifier: MIT
/*
 * Translates rules. A rule for both families becomes two. REDIRECT without a target goes to this
 * machine: to loopback for what it sends itself (nf_nat_redirect_ipv4 and _ipv6 in
 * net/netfilter/nf_nat_redirect.c), and otherwise to the address that it came in by, which the
 * judge keeps.
 */
#include "api/answer_redirects.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"

static bool is_sure(const struct berth_redirect *rule)
{
	return !rule->conditional && !rule->conditions && rule->action != BERTH_ACTION_STEER;
}

static void translate(
	const struct berth_redirect *rule, uint8_t family, struct answers_redirect *ret_redirect)
{
	static const uint8_t loopback4[16] = {127, 0, 0, 1};
	static const uint8_t loopback6[16] = {[15] = 1};
	bool local = strcmp(rule->hook, "prerouting") != 0;
	bool to_loopback = rule->action == BERTH_ACTION_REDIRECT && !rule->has_target && local;

	*ret_redirect = (struct answers_redirect){
		.family = family,
		.protos = rule->protos,
		.first = rule->first,
		.last = rule->last,
		.prefix_len = rule->has_address ? rule->address_bits : 0,
		.local = local,
		.to_family = rule->has_target || to_loopback ? family : 0,
		.to_port = rule->to_first == rule->to_last ? rule->to_first : 0,
	};
	memcpy(ret_redirect->prefix, rule->address, sizeof(ret_redirect->prefix));
	if (rule->has_target)
		memcpy(ret_redirect->to, rule->target, sizeof(ret_redirect->to));
	else if (to_loopback)
		memcpy(ret_redirect->to, family == 4 ? loopback4 : loopback6,
			sizeof(ret_redirect->to));
}

static const char *words(struct arena *arena, const struct berth_redirect *rule)
{
	struct buffer text = {0};

	buffer_text(&text, berth_redirect_kind_name(rule->kind));
	if (rule->table)
		buffer_format(&text, " %s", rule->table);
	if (rule->chain)
		buffer_format(&text, "/%s", rule->chain);
	buffer_format(&text, ": %s", rule->rule);
	const char *copy = text.error ? NULL : arena_text(arena, buffer_string(&text), text.len);
	buffer_free(&text);
	return copy;
}

int answer_redirects(const struct berth_snapshot *snapshot, struct arena *arena,
	struct answer_redirects *ret_redirects)
{
	const struct berth_redirect *rules;
	size_t n = berth_snapshot_redirects(snapshot, &rules);
	struct answer_redirects made = {
		.all = arena_array(arena, 2 * n, sizeof(*made.all)),
		.texts = arena_array(arena, 2 * n, sizeof(*made.texts)),
	};

	if (!made.all || !made.texts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *text = is_sure(&rules[i]) ? words(arena, &rules[i]) : "";

		if (!text)
			return -ENOMEM;
		for (uint8_t family = 4; *text && family <= 6; family += 2) {
			if (rules[i].family && rules[i].family != family)
				continue;
			translate(&rules[i], family, &made.all[made.count]);
			made.texts[made.count++] = text;
		}
	}
	*ret_redirects = made;
	return 0;
}
