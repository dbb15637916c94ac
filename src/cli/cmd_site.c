// SPDX-License-Identifier: MIT
/*
 * berth site: a page for every port, as files. They are made in a new folder beside the one that
 * was named, which takes its place when all are written: nobody sees half a site, and what was
 * there before, if it was no site, stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/commands.h"
#include "web/assets.h"
#include "web/page.h"
#include "web/site.h"

struct site {
	struct cli *cli;
	int fd; /* the new folder */
	struct site_entry *entries; /* of all 65,536 ports */
	struct arena names;
	char date[16]; /* of the registry */
	struct buffer text;
	size_t files;
	uint64_t bytes;
};

/* Not synced one by one: syncfs(2) does it once for all, before the site takes its place. */
static int write_file(
	struct site *site, int folder, const char *name, const char *bytes, size_t len)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int error = fd < 0 ? -errno : file_write(fd, bytes, len);

	if (fd >= 0 && close(fd) < 0 && !error)
		error = -errno;
	site->files++;
	site->bytes += len;
	return error;
}

static int write_text(struct site *site, int folder, const char *name)
{
	int error = site->text.error;

	if (!error)
		error = write_file(site, folder, name, site->text.data, site->text.len);
	buffer_clear(&site->text);
	return error;
}

/* ---- Ports -------------------------------------------------------------------------------------
 */

static int write_port(struct site *site, int folder, uint16_t port)
{
	struct page page = {.html = {.out = &site->text}, .site = true};
	struct berth_report *report = NULL;
	char name[16];
	int error = berth_report(site->cli->berth, NULL, port, NULL, &report);

	if (error < 0)
		return error;
	page.report = report;
	page_write(&page);
	site->entries[port] = site_entry(report, &site->names);
	if (!*site->date)
		(void)snprintf(site->date, sizeof(site->date), "%s", report->registry_date);
	berth_report_free(report);
	(void)snprintf(name, sizeof(name), "%u.html", port);
	return write_text(site, folder, name);
}

static int write_folder(struct site *site, unsigned number)
{
	unsigned first = number * SITE_PORTS_OF_FOLDER;
	char name[8];
	int folder;
	int error = 0;

	(void)snprintf(name, sizeof(name), "%02u", number);
	if (mkdirat(site->fd, name, 0755) < 0)
		return -errno;
	folder = openat(site->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	for (unsigned i = 0; i < SITE_PORTS_OF_FOLDER && !error; i++)
		error = write_port(site, folder, (uint16_t)(first + i));
	if (!error) {
		site_folder_write(&site->text, number, &site->entries[first], site->date, false);
		error = write_text(site, folder, "index.html");
	}
	(void)close(folder);
	return error;
}

/* The picture, and what the search and the picture of the script are made from. */
static int write_picture(struct site *site)
{
	struct atlas *atlas = calloc(1, sizeof(*atlas));
	int error;

	if (!atlas)
		return -ENOMEM;
	atlas_fill(atlas, site->cli->berth, NULL, ATLAS_LAYERS_ALL);
	atlas_svg(&site->text, atlas, false);
	error = write_text(site, site->fd, "map.svg");
	site_search_write(&site->text, site->entries, atlas);
	free(atlas);
	return error ? error : write_text(site, site->fd, "ports.js");
}

static int write_all(struct site *site)
{
	int error = 0;

	for (unsigned folder = 0; folder < SITE_FOLDERS && !error; folder++)
		error = write_folder(site, folder);
	if (!error)
		error = write_picture(site);
	if (error)
		return error;
	site_map_write(&site->text, site->date);
	error = write_text(site, site->fd, "sitemap.html");
	site_index_write(&site->text, site->date, false);
	if (!error)
		error = write_text(site, site->fd, "index.html");
	if (!error)
		error = write_file(site, site->fd, "style.css", assets_style, strlen(assets_style));
	if (!error)
		error = write_file(
			site, site->fd, "script.js", assets_script, strlen(assets_script));
	if (!error)
		error = write_file(site, site->fd, "icon.svg", assets_icon, strlen(assets_icon));
	if (!error && syncfs(site->fd) < 0)
		error = -errno;
	return error;
}

/* ---- The folder --------------------------------------------------------------------------------
 */

/* Removes what write_all() made, by its own names and no other. */
static void take_back(int fd)
{
	static const char *const files[] = {"map.svg", "ports.js", "sitemap.html", "index.html",
		"style.css", "script.js", "icon.svg"};
	char name[24];

	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		(void)snprintf(
			name, sizeof(name), "%02u/%u.html", page_folder((uint16_t)port), port);
		(void)unlinkat(fd, name, 0);
	}
	for (unsigned folder = 0; folder < SITE_FOLDERS; folder++) {
		(void)snprintf(name, sizeof(name), "%02u/index.html", folder);
		(void)unlinkat(fd, name, 0);
		(void)snprintf(name, sizeof(name), "%02u", folder);
		(void)unlinkat(fd, name, AT_REMOVEDIR);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(fd, files[i], 0);
}

/* Makes everything in `path`, a new folder, which rename(2) puts in place of an empty one or none.
 */
static int make(struct site *site, const char *path, const char *target)
{
	int error;

	site->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (site->fd < 0)
		return -errno;
	error = fchmod(site->fd, 0755) < 0 ? -errno : write_all(site);
	if (!error && rename(path, target) < 0)
		error = -errno;
	if (error) {
		take_back(site->fd);
		(void)rmdir(path);
	}
	(void)close(site->fd);
	return error;
}

static int build(struct site *site, const char *target)
{
	struct buffer path = {0};
	size_t len = strlen(target);
	int error;

	while (len > 1 && target[len - 1] == '/')
		len--;
	buffer_bytes(&path, target, len);
	buffer_text(&path, ".new-XXXXXX");
	site->entries = calloc(UINT16_MAX + 1, sizeof(*site->entries));
	if (path.error || !site->entries)
		error = -ENOMEM;
	else if (!mkdtemp(path.data))
		error = -errno;
	else
		error = make(site, path.data, target);
	free(site->entries);
	arena_free(&site->names);
	buffer_free(&site->text);
	buffer_free(&path);
	return error;
}

/* Before the work: a folder with something in it is not ours to replace, which rename(2) would say
 * only behind it. */
static int look_at(const char *target)
{
	DIR *folder = opendir(target);
	const struct dirent *entry;
	int error = 0;

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = -ENOTEMPTY;
	}
	(void)closedir(folder);
	return error;
}

static enum cli_exit say(struct cli *cli, const struct site *site, const char *target)
{
	struct buffer *out = &cli->output.text;

	if (cli->settings.quiet)
		return CLI_YES;
	buffer_format(out, "Wrote %zu files, %llu MB, to ", site->files,
		(unsigned long long)(site->bytes / 1000000));
	describe_text(out, target);
	buffer_text(out, "; begin at index.html.\n");
	return CLI_YES;
}

/* A site is for everybody: what this host's services file says is no part of it. */
static enum cli_exit site_open(struct cli *cli)
{
	struct berth_options options = {
		.size = sizeof(options), .registry_path = cli->settings.registry};

	if (!options.registry_path)
		options.registry_path = environment_image(&cli->environment);
	if (berth_open(&options, &cli->berth) < 0) {
		cli_complain("%s", berth_error());
		return CLI_UNKNOWN;
	}
	return CLI_YES;
}

static enum cli_exit site_run(struct cli *cli)
{
	struct site site = {.cli = cli};
	enum cli_exit code;
	int error;

	if (cli->n_operands != 1 || !*cli->operands[0]) {
		cli_complain("a site goes into one new folder; try berth site DIR");
		return CLI_USAGE;
	}
	if (cli->settings.format != CLI_TEXT) {
		cli_complain("a site is HTML; for JSON try berth --jsonl 0-65535");
		return CLI_USAGE;
	}
	error = look_at(cli->operands[0]);
	if (error < 0) {
		cli_complain("%s: %s; a site goes into a new folder or an empty one",
			cli->operands[0], strerror(-error));
		return CLI_UNKNOWN;
	}
	code = site_open(cli);
	if (code != CLI_YES)
		return code;
	error = build(&site, cli->operands[0]);
	if (error < 0) {
		cli_complain("%s: %s; nothing was written", cli->operands[0], strerror(-error));
		return CLI_UNKNOWN;
	}
	return say(cli, &site, cli->operands[0]);
}

const struct command cmd_site = {
	.name = "site",
	.args = "DIR",
	.help = "a page for every port, as a folder of HTML files",
	.run = site_run,
};
