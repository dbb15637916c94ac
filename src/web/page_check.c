// SPDX-License-Identifier: MIT
/*
 * How to check who uses the port, with what each system brings: iproute2's ss(8), lsof(8),
 * fuser(1), macOS's netstat(1) and sysctl(8), PowerShell's Get-NetTCPConnection, netstat, netsh.
 * Port 0 is on no socket, so there is nothing to look for.
 */
#include <string.h>

#include "web/page.h"

/* A command with "%u" where the port goes, at most once. */
struct check {
	const char *command;
	const char *shows;
};

static const struct check linux_checks[] = {
	{"berth %u", "everything on this page, for your machine"},
	{"ss -tulpn 'sport = :%u'", "who listens, with the process (others’ with sudo)"},
	{"ss -tanp 'sport = :%u'", "TCP connections that use it too"},
	{"sudo lsof -nP -i :%u", "processes with it at either end"},
	{"cat /proc/sys/net/ipv4/ip_local_port_range", "what the kernel lends to connections"},
	{NULL, NULL},
};

static const struct check mac_checks[] = {
	{"sudo lsof -nP -iTCP:%u -sTCP:LISTEN", "who listens on TCP"},
	{"sudo lsof -nP -iUDP:%u", "who has it on UDP"},
	{"netstat -anv | grep '[.]%u '", "all its sockets"},
	{"sysctl net.inet.ip.portrange.first net.inet.ip.portrange.last",
		"what the kernel lends to connections"},
	{NULL, NULL},
};

static const struct check windows_checks[] = {
	{"Get-NetTCPConnection -LocalPort %u | Select-Object LocalAddress, State, OwningProcess",
		"TCP, in PowerShell; Get-Process -Id names the process"},
	{"Get-NetUDPEndpoint -LocalPort %u | Select-Object LocalAddress, OwningProcess",
		"UDP, in PowerShell"},
	{"netstat -ano | findstr \":%u \"", "all its sockets, with process ids"},
	{"netsh interface ipv4 show excludedportrange protocol=tcp",
		"ranges that Windows keeps from programs"},
	{"netsh interface ipv4 show dynamicport tcp", "what Windows lends to connections"},
	{NULL, NULL},
};

static void put_command(struct page *page, const char *command)
{
	const char *place = strstr(command, "%u");
	struct buffer text = {0};

	if (place) {
		buffer_bytes(&text, command, (size_t)(place - command));
		buffer_uint(&text, page->report->port);
		command = place + 2;
	}
	buffer_text(&text, command);
	html_element(&page->html, "code", NULL, buffer_string(&text));
	buffer_free(&text);
}

static void put_system(struct page *page, const char *name, const struct check *checks)
{
	struct html *html = &page->html;

	html_element(html, "h3", NULL, name);
	html_open(html, "dl", "commands");
	for (; checks->command; checks++) {
		html_open(html, "div", NULL);
		html_open(html, "dt", NULL);
		put_command(page, checks->command);
		html_close(html, "dt");
		html_element(html, "dd", NULL, checks->shows);
		html_close(html, "div");
	}
	html_close(html, "dl");
}

void page_check_write(struct page *page)
{
	if (!page->report->port)
		return;
	page_section(&page->html, "check", "Check it yourself");
	put_system(page, "Linux", linux_checks);
	put_system(page, "macOS", mac_checks);
	put_system(page, "Windows", windows_checks);
	html_close(&page->html, "section");
}
