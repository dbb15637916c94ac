#!/bin/sh
# SPDX-License-Identifier: MIT
# Leases a port until this script ends: berth-protocol(7) for the shell, with nc(1) of OpenBSD.
# The lease is bound to $$, as the process that connects, nc, ends at once.
path=${2:-/run/berth/leases.sock}
[ -S "$path" ] || path=$XDG_RUNTIME_DIR/berth/leases.sock
answer=$(echo "op=lease name=$1 folder=$PWD pid=$$" | nc -N -U "$path")
case $answer in
"status=ok port="*) port=${answer#*port=}; port=${port%% *}; echo "$port" ;;
*) echo "$answer" >&2; exit 1 ;;
esac
read -r _ || : # the server would run here
