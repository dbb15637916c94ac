// SPDX-License-Identifier: MIT
/*
 * From a request to its answer: who may ask (door.h), what for (route.h), and where the answer
 * comes from: this file, the shelf, or the teller. Nothing of a request is ever sent back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "serve/door.h"
#include "serve/front.h"
#include "web/assets.h"

enum {
	OK = 200,
	SEE_OTHER = 303,
	NOT_MODIFIED = 304,
	BAD_REQUEST = 400,
	UNAUTHORIZED = 401,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	NO_METHOD = 405,
	TOO_LARGE = 413,
	TOO_LONG = 414,
	MISDIRECTED = 421,
	BUSY = 503,
	FIRST_ERROR = 400,
	COOKIE = 160,
	TAG = 24,
};

/* ---- Responses --------------------------------------------------------------------------------
 */

/* Pages run nothing and fetch nothing but what is served here. */
#define PAGE_POLICY                                                                                \
	"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "                \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/* A picture has its style within it; opened by itself it can do nothing. */
#define PICTURE_POLICY                                                                             \
	"default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'"

static const struct {
	const char *type;
	const char *policy;
} types[WIRE_TYPES] = {
	[WIRE_HTML] = {"text/html; charset=utf-8", PAGE_POLICY},
	[WIRE_JSON] = {"application/json", DATA_POLICY},
	[WIRE_SVG] = {"image/svg+xml", PICTURE_POLICY},
	[WIRE_SCRIPT] = {"text/javascript; charset=utf-8", DATA_POLICY},
	[WIRE_METRICS] = {"text/plain; version=0.0.4; charset=utf-8", DATA_POLICY},
	[WIRE_PLAIN] = {"text/plain; charset=utf-8", DATA_POLICY},
	[WIRE_LOOK] = {"text/plain", DATA_POLICY},
	[WIRE_NEWS] = {"text/plain", DATA_POLICY},
};

static void add_headers(struct MHD_Response *response, const char *type, const char *policy)
{
	(void)MHD_add_response_header(response, "Content-Type", type);
	(void)MHD_add_response_header(response, "Content-Security-Policy", policy);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	(void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	(void)MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
}

/* FNV-1a (draft-eastlake-fnv): tells one version from another, and keeps nobody out. */
static void add_tag(struct MHD_Response *response, const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char tag[TAG];

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	(void)snprintf(tag, sizeof(tag), "\"%016llx\"", (unsigned long long)hash);
	(void)MHD_add_response_header(response, "ETag", tag);
	(void)MHD_add_response_header(response, "Cache-Control", "no-cache");
}

struct MHD_Response *front_answers_make(
	enum wire_type type, void *text, size_t len, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);

	if (!response) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return NULL;
	}
	add_headers(response, types[type].type, types[type].policy);
	if (type == WIRE_SCRIPT)
		add_tag(response, text, len);
	else
		(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	return response;
}

/* MHD takes constants as not constant, and changes none of them. */
static struct MHD_Response *make_constant(enum wire_type type, const char *text)
{
	union {
		const char *constant;
		void *any;
	} same = {.constant = text};

	return front_answers_make(type, same.any, strlen(text), MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result queue(
	struct front *front, struct client *client, unsigned status, struct MHD_Response *response)
{
	const char *tag = NULL;
	const char *known = NULL;

	if (!response)
		return MHD_NO;
	if (status == OK) {
		tag = MHD_get_response_header(response, "ETag");
		known = tag ? MHD_lookup_connection_value(
				      client->connection, MHD_HEADER_KIND, "If-None-Match")
			    : NULL;
	}
	front->counts.refused += status >= FIRST_ERROR;
	front_clients_stage(front, client, CLIENT_ANSWERED);
	if (known && !strcmp(known, tag)) {
		struct MHD_Response *empty =
			MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		if (!empty)
			return MHD_NO;
		(void)MHD_add_response_header(empty, "ETag", tag);
		enum MHD_Result queued =
			MHD_queue_response(client->connection, NOT_MODIFIED, empty);
		MHD_destroy_response(empty);
		return queued;
	}
	return MHD_queue_response(client->connection, status, response);
}

static enum MHD_Result queue_once(
	struct front *front, struct client *client, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued = queue(front, client, status, response);

	if (response)
		MHD_destroy_response(response);
	return queued;
}

/* ---- Refusals ---------------------------------------------------------------------------------
 */

static const char who_page[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	"<title>Who are you?</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>"
	"<header><h1>Who are you?</h1></header><main><p>Everybody on this machine can connect "
	"here, so "
	"a token is asked for. Open the address that <code>berth serve</code> printed, or send the "
	"token: <code>Authorization: Bearer …</code>.</p></main></body></html>\n";

static const char *sentence_of(unsigned status)
{
	switch (status) {
	case BAD_REQUEST:
		return "This is no request that is understood here.\n";
	case FORBIDDEN:
		return "Another site asked for this.\n";
	case NOT_FOUND:
		return "There is no such page; / leads to all of them.\n";
	case NO_METHOD:
		return "Nothing can be changed here: GET and HEAD are all there is.\n";
	case TOO_LARGE:
		return "A request has no body here.\n";
	case TOO_LONG:
		return "The address is too long.\n";
	case MISDIRECTED:
		return "This host name is not known here; berth serve --host NAME makes it so.\n";
	case BUSY:
		return "Too much is asked at once; try again.\n";
	default:
		return "This did not work.\n";
	}
}

static enum MHD_Result refuse(struct front *front, struct client *client, unsigned status)
{
	struct MHD_Response *response = status == UNAUTHORIZED
		? make_constant(WIRE_HTML, who_page)
		: make_constant(WIRE_PLAIN, sentence_of(status));

	if (response && status == UNAUTHORIZED)
		(void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (response && status == NO_METHOD)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
	return queue_once(front, client, status, response);
}

/* ---- Who may ask ------------------------------------------------------------------------------
 */

struct headers {
	const char *host;
	unsigned n_hosts;
	const char *origin;
	const char *cookie;
	const char *authorization;
	const char *site;
	const char *mode;
	bool body;
};

static bool is_name(const char *name, const char *wanted)
{
	return !text_compare_fold(name, wanted);
}

static enum MHD_Result take_header(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct headers *headers = context;

	(void)kind;
	value = value ? value : "";
	if (is_name(name, "Host")) {
		headers->host = value;
		headers->n_hosts++;
	} else if (is_name(name, "Origin")) {
		headers->origin = value;
	} else if (is_name(name, "Cookie")) {
		headers->cookie = value;
	} else if (is_name(name, "Authorization")) {
		headers->authorization = value;
	} else if (is_name(name, "Sec-Fetch-Site")) {
		headers->site = value;
	} else if (is_name(name, "Sec-Fetch-Mode")) {
		headers->mode = value;
	} else if (is_name(name, "Transfer-Encoding") ||
		(is_name(name, "Content-Length") && strcmp(value, "0") != 0)) {
		headers->body = true;
	}
	return MHD_YES;
}

static bool has_token(
	const struct front *front, struct client *client, const struct headers *headers)
{
	const char *token = front->settings.token;
	const char *text = NULL;
	size_t len = 0;

	if (!client->tcp || !front->settings.has_token)
		return false;
	client->by_address =
		client->route.has_token && door_is_token(client->route.token, ROUTE_TOKEN, token);
	explicit_bzero(client->route.token, sizeof(client->route.token));
	if (client->by_address)
		return true;
	text = headers->authorization ? door_bearer(headers->authorization, &len) : NULL;
	if (text && door_is_token(text, len, token))
		return true;
	text = headers->cookie ? door_cookie(headers->cookie, front->cookie, &len) : NULL;
	return text && door_is_token(text, len, token);
}

/* With whose eyes; WIRE_VIEWS: with none, a token is missing. */
static enum wire_view view_of(const struct front *front, const struct client *client, bool known)
{
	const struct front_settings *settings = &front->settings;

	if (client->tcp && settings->has_token)
		return known ? WIRE_OWN : WIRE_VIEWS;
	/* Root could see all of it anyway. */
	if (settings->share || (!client->tcp && (client->uid == settings->uid || client->uid == 0)))
		return WIRE_OWN;
	/* Only root can look with another user's eyes. */
	return !client->tcp && !settings->uid ? WIRE_USER : WIRE_PUBLIC;
}

static bool is_asset(enum route_kind kind)
{
	return kind == ROUTE_STYLE || kind == ROUTE_SCRIPT || kind == ROUTE_ICON;
}

/* What is no secret, and looks at nothing. */
static bool is_open(enum route_kind kind)
{
	return is_asset(kind) || kind == ROUTE_HEALTH;
}

static unsigned check_headers(const struct front *front, const struct headers *headers)
{
	if (headers->n_hosts != 1)
		return BAD_REQUEST;
	if (headers->body)
		return TOO_LARGE;
	if (!door_is_host(headers->host, front->names))
		return MISDIRECTED;
	if ((headers->origin && !door_is_origin(headers->origin, headers->host)) ||
		door_is_foreign(headers->site, headers->mode))
		return FORBIDDEN;
	return 0;
}

/* A page whose address has the token: the cookie takes its place, so that the token is not left in
 * the address that is shown, copied and sent on. */
static enum MHD_Result redirect(struct front *front, struct client *client)
{
	struct MHD_Response *response = make_constant(WIRE_PLAIN, "Go on.\n");
	char cookie[COOKIE];
	char place[ROUTE_PLACE];

	if (!response)
		return MHD_NO;
	route_place(&client->route, place);
	(void)snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Strict",
		front->cookie, front->settings.token);
	(void)MHD_add_response_header(response, "Set-Cookie", cookie);
	(void)MHD_add_response_header(response, "Location", place);
	explicit_bzero(cookie, sizeof(cookie));
	return queue_once(front, client, SEE_OTHER, response);
}

/* ---- What for ---------------------------------------------------------------------------------
 */

static enum MHD_Result answer_asset(struct front *front, struct client *client)
{
	static const struct {
		const char *text;
		const char *type;
	} assets[] = {{assets_style, "text/css; charset=utf-8"}, {assets_script, NULL},
		{assets_icon, "image/svg+xml"}};
	unsigned i = (unsigned)(client->route.kind - ROUTE_STYLE);
	struct MHD_Response **response = &front->assets[i];

	if (!*response) {
		*response = make_constant(WIRE_SCRIPT, assets[i].text);
		if (*response && assets[i].type) {
			(void)MHD_del_response_header(
				*response, "Content-Type", types[WIRE_SCRIPT].type);
			(void)MHD_add_response_header(*response, "Content-Type", assets[i].type);
		}
	}
	return queue(front, client, OK, *response);
}

static enum MHD_Result wait_for(
	struct front *front, struct client *client, const struct route *route)
{
	struct question *question = front_wire_ask(front, route, client->view, client->uid);

	if (!question)
		return refuse(front, client, BUSY);
	front_clients_wait(client, question);
	return MHD_YES;
}

/* Takes what was waited for; NULL: nothing was, or there is no text to it. */
static enum MHD_Result answer_asked(struct front *front, struct client *client)
{
	struct question *question = client->question;
	unsigned status = question->status;
	enum MHD_Result queued;

	if (!question->response)
		queued = refuse(front, client, status >= FIRST_ERROR ? status : BUSY);
	else
		queued = queue(front, client, status, question->response);
	client->question = NULL;
	front_wire_leave(question);
	return queued;
}

static enum MHD_Result answer_port(struct front *front, struct client *client)
{
	const struct route look = {.kind = ROUTE_LOOK};
	struct MHD_Response *response = NULL;

	if (!front_shelf_is_fresh(front, client->view))
		return wait_for(front, client, &look);
	response = front_shelf_find(front, client->view, client->route.port);
	if (response)
		return queue(front, client, OK, response);
	return wait_for(front, client, &client->route);
}

static enum MHD_Result answer(struct front *front, struct client *client)
{
	enum route_kind kind = client->route.kind;

	if (client->question && client->question->asked.route.kind != ROUTE_LOOK)
		return answer_asked(front, client);
	if (client->question) {
		/* The teller has looked, or has not in all that time. */
		bool looked = client->question->status == OK;

		front_wire_leave(client->question);
		client->question = NULL;
		if (!looked)
			return refuse(front, client, BUSY);
	}
	if (is_asset(kind))
		return answer_asset(front, client);
	if (kind == ROUTE_EVENTS && front_feed_is_full(front, client->view))
		return refuse(front, client, BUSY);
	if (kind == ROUTE_EVENTS)
		return front_feed_open(front, client);
	if (kind == ROUTE_PORT && client->view != WIRE_USER)
		return answer_port(front, client);
	return wait_for(front, client, &client->route);
}

/* 0: it may have an answer; or a status. */
static unsigned admit(struct front *front, struct client *client, const char *method)
{
	struct headers headers = {0};

	(void)MHD_get_connection_values(client->connection, MHD_HEADER_KIND, take_header, &headers);
	unsigned status = check_headers(front, &headers);
	if (!status && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		status = NO_METHOD;
	if (!status)
		status = (unsigned)client->status;
	if (status)
		return status;
	client->view = view_of(front, client, has_token(front, client, &headers));
	if (client->view != WIRE_VIEWS)
		return 0;
	client->view = WIRE_PUBLIC;
	return is_open(client->route.kind) ? 0 : UNAUTHORIZED;
}

void *front_answers_target(void *context, const char *target, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;

	(void)context;
	if (client) {
		client->route = (struct route){.kind = ROUTE_KINDS};
		client->by_address = false;
		client->status = route_parse(target, &client->route);
	}
	return client;
}

enum MHD_Result front_answers_handle(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **place)
{
	struct front *front = context;
	struct client *client = *place;

	(void)connection;
	(void)url;
	(void)version;
	(void)upload;
	(void)upload_size;
	if (!client)
		return MHD_NO;
	/* The first call comes with the headers. An answer to it would end the connection (MHD
	 * takes it for one that spares the body), which is right for a request that has one. */
	if (client->stage == CLIENT_IDLE) {
		front->counts.requests++;
		front_clients_stage(front, client, CLIENT_ADMITTED);
		client->refused = admit(front, client, method);
		return client->refused == TOO_LARGE ? refuse(front, client, TOO_LARGE) : MHD_YES;
	}
	if (client->refused)
		return refuse(front, client, client->refused);
	if (client->by_address && client->route.kind <= ROUTE_HISTORY)
		return redirect(front, client);
	return answer(front, client);
}
