# SPDX-License-Identifier: MIT
# What the scripts share: where the project is, and how missing Debian packages are installed.
# Sourced by them; sets berth_root and puts Debian's own programs first in PATH, because Debian's
# python3 is the one that has the modules.

berth_root=$(readlink -f -- "$0")
berth_root=${berth_root%/*/*}
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH

# What a build needs. gcc only recommends libc6-dev, so it is named.
build_packages='gcc libc6-dev meson ninja-build pkgconf python3
	musl-tools linux-libc-dev libexpat1-dev libcsv-dev libjson-c-dev libyaml-dev libsqlite3-dev libmicrohttpd-dev libpng-dev clang bpftool libbpf-dev'

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		say 'this needs root and there is no sudo; run as root: apt-get install' $missing
		return 1
	fi
}

# Those of the named packages that are not installed.
missing_packages() {
	installed=$(dpkg-query -W -f '|${db:Status-Status} ${Package}|' "$@" 2>/dev/null || true)
	for package in "$@"; do
		case $installed in
		*"|installed $package|"*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Runs as root. Package lists may be missing or out of date: then they are fetched and it tries again.
# Services that come with test packages (nginx, PostgreSQL, Prometheus) are neither started (policy-rc.d) nor left
# enabled: the tests start their own, in namespaces of their own.
install_as_root='
	export DEBIAN_FRONTEND=noninteractive
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap "rm -f $policy" EXIT
		trap "exit 1" INT TERM HUP
		printf "#!/bin/sh\nexit 101\n" >"$policy" && chmod 755 "$policy"
	fi
	install() {
		apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
	}
	install "$@" || { apt-get -q -o DPkg::Lock::Timeout=300 update && install "$@"; } || exit 1
	for service in nginx redis-server postgresql prometheus; do
		case " $* " in
		*" $service"[\ -]*)
			if [ -d /run/systemd/system ]; then
				systemctl disable "$service" || true
			fi ;;
		esac
	done
'

# install_packages NAME…: quiet unless it fails.
install_packages() {
	command -v dpkg-query >/dev/null || {
		say 'this is not a Debian system; see CONTRIBUTING.md for what has to be installed'
		return 1
	}
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say "installing Debian packages with apt-get: $missing"
	# The list is meant to be split.
	# shellcheck disable=SC2086
	log=$(as_root sh -c "$install_as_root" sh $missing 2>&1 </dev/null) || {
		printf '%s\n' "$log" >&2
		return 1
	}
}
