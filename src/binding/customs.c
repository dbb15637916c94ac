// SPDX-License-Identifier: MIT
/*
 * The defaults are those that the programs' own manuals and the files that they install state; each
 * row says where. Protocols with many programs (HTTP) are left out: nobody could list them.
 */
#include "binding/customs.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

static const struct custom table[] = {
	{"postgresql", "postgres postmaster pgbouncer pgpool odyssey cockroach", {0}, "PostgreSQL",
		"postgresql.conf: listen_addresses = 'localhost'"},
	{"mysql", "mysqld mariadbd", {0}, "MySQL",
		"Debian's 50-server.cnf: bind-address = 127.0.0.1"},
	{"redis", "redis-server valkey-server keydb-server redict-server dragonfly", {0}, "Redis",
		"redis.conf: bind 127.0.0.1 -::1"},
	{"mongodb", "mongod mongos ferretdb", {0}, "MongoDB", "mongod.conf: bindIp: 127.0.0.1"},
	{"memcache", "memcached", {0}, "memcached", "Debian's memcached.conf: -l 127.0.0.1"},
	{"elasticsearch", "elasticsearch opensearch java", {9200, 9300}, "Elasticsearch",
		"Elasticsearch's network settings: network.host is loopback"},
	{"couchdb", "beam.smp couchdb", {5984}, "CouchDB",
		"CouchDB's default.ini: bind_address = 127.0.0.1"},
	{"etcd-client", "etcd", {2379, 2380}, "etcd",
		"etcd --help: --listen-client-urls http://localhost:2379"},
	{"ipp", "cupsd ipp-usb", {631}, "CUPS", "cupsd.conf: Listen localhost:631"},
	{"docker", "dockerd", {2375}, "Docker's API without TLS",
		"dockerd(8): a Unix socket is the default, and a TCP port without TLS is for no "
		"network"},
	{"consul", "consul", {8500}, "Consul's API", "Consul's agent: client_addr is 127.0.0.1"},
	{NULL, "node nodejs", {9229}, "Node's inspector, which runs any code for who connects",
		"node --help: --inspect listens at 127.0.0.1:9229"},
	{NULL, "java", {5005, 8787}, "Java's debugger, which runs any code for who connects",
		"JDK 9 and later: jdwp listens at localhost"},
	{NULL, "python python3 debugpy", {5678},
		"Python's debugger, which runs any code for who connects",
		"debugpy: --listen 5678 is at 127.0.0.1"},
	{NULL, "dlv", {0}, "Go's debugger, which runs any code for who connects",
		"dlv help: --listen 127.0.0.1:0"},
	{NULL, "chrome chromium chromium-browse", {9222},
		"a browser's debugger, which sees all of it",
		"Chromium: --remote-debugging-port is at 127.0.0.1"},
	{NULL, "jupyter-lab jupyter-noteboo jupyter-server jupyter", {0}, "Jupyter",
		"jupyter_server: ServerApp.ip is 'localhost'"},
	{"ssh", "sshd dropbear", {0}, "SSH", NULL},
	{"smtp", "master exim4 exim sendmail smtpd opensmtpd", {0}, "SMTP", NULL},
	{"domain",
		"named systemd-resolve dnsmasq unbound pdns_server pdns_recursor coredns kresd "
		"knotd "
		"nsd",
		{0}, "DNS", NULL},
	{"amqp", "beam.smp qpidd", {0}, "AMQP", NULL},
	{"epmd", "epmd systemd", {0}, "Erlang's port mapper", NULL},
	{"sunrpc", "rpcbind portmap systemd", {0}, "rpcbind", NULL},
};

static bool has_port(const struct custom *custom, uint16_t port)
{
	const size_t n = sizeof(custom->ports) / sizeof(*custom->ports);

	for (size_t i = 0; i < n && custom->ports[i]; i++) {
		if (custom->ports[i] == port)
			return true;
	}
	return !custom->ports[0];
}

const struct custom *customs_of_service(const char *service)
{
	for (size_t i = 0; service && i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].service && !strcmp(table[i].service, service))
			return &table[i];
	}
	return NULL;
}

const struct custom *customs_of_program(const char *program, uint16_t port)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (text_has_word(table[i].programs, program) && has_port(&table[i], port))
			return &table[i];
	}
	return NULL;
}

bool customs_has_program(const struct custom *custom, const char *program)
{
	return text_has_word(custom->programs, program);
}

bool customs_is_carrier(const char *program)
{
	static const char carriers[] = "docker-proxy rootlessport rootlesskit slirp4netns pasta "
				       "passt conmon haproxy envoy "
				       "nginx traefik caddy ssh sshd socat kubectl systemd "
				       "systemd-socket- inetd xinetd stunnel "
				       "stunnel4 proxysql maxscale pilot-agent linkerd2-proxy";

	return text_has_word(carriers, program);
}
