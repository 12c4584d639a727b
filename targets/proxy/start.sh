#!/bin/sh
# Runs HAProxy as an HTTP proxy in front of several servers.
#
# environment: BACKENDS ("host:port host:port ..."), HOST (127.0.0.1), PORT (8080), THREADS (1), TMPDIR (/tmp)
# exit status: 0 after SIGTERM or SIGINT, 2 for a bad setting, 3 if HAProxy is not installed
set -u

nobody=65534
descriptors=41000 # two per connection for 20,000 connections, and some for HAProxy itself

say() { echo "start.sh: $*" >&2; }

# become COMMAND...: replaces this subshell with COMMAND, without root's rights. If start.sh is killed, the kernel kills
# COMMAND.
become() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --pdeathsig KILL "$@"
  elif command -v setpriv >/dev/null; then
    exec setpriv --pdeathsig KILL "$@"
  fi
  exec "$@"
}

# configuration BACKEND...: prints the configuration. README.md gives the reasons.
configuration() {
  cat <<END
global
  nbthread $threads
  noreuseport

defaults
  mode http
  balance roundrobin
  http-reuse always
  default-server pool-purge-delay 60s
  option http-no-delay
  retries 0
  timeout connect 3s
  timeout client 80s
  timeout server 80s
  timeout tunnel 1h

listen proxy
  bind ${HOST:-127.0.0.1}:${PORT:-8080}
END
  i=0
  for backend; do
    i=$((i + 1))
    echo "  server s$i $backend"
  done
}

# stop: stops HAProxy and exits. The loop repeats the signal, because a subshell that is just becoming HAProxy may lose
# it.
stop() {
  while kill -TERM "$pid" 2>/dev/null; do sleep 0.1; done
  wait "$pid"
  status=$?
  [ "$status" != 143 ] || status=0 # HAProxy's status after SIGTERM
  exit "$status"
}

haproxy=$(PATH=$PATH:/usr/sbin && command -v haproxy) || { say 'HAProxy is not installed'; exit 3; }
threads=${THREADS:-1}
case $threads in
  *[!0-9]* | 0*) say "THREADS must be a positive whole number, not \"$threads\""; exit 2 ;;
esac
set -f # keep a star in BACKENDS as it is
# shellcheck disable=SC2086 # split into words on purpose
set -- ${BACKENDS:-}
[ $# -gt 0 ] || { say 'BACKENDS must list at least one server: "host:port host:port ..."'; exit 2; }
for backend; do
  case $backend in
    ?*:*) number=${backend##*:} ;;
    *) number='' ;; # without a port, HAProxy would use the port of the request
  esac
  case $number in '' | *[!0-9]*) say "BACKENDS must list servers as host:port, not \"$backend\""; exit 2 ;; esac
done

stopping='' dir=''
umask 022 # HAProxy reads the configuration without root's rights
trap '[ -z "$dir" ] || rm -rf "$dir"' EXIT
trap 'stopping=1' TERM INT HUP # until HAProxy is there to stop
dir=$(mktemp -d "${TMPDIR:-/tmp}/claimbench-proxy.XXXXXX") && dir=$(cd "$dir" && pwd) || exit
configuration "$@" >"$dir/haproxy.cfg" || exit
chmod 755 "$dir" || exit
cd "$dir" || exit # user 65534 may have no access to the project's folder

# The limit of descriptors decides how many connections HAProxy makes room for.
# shellcheck disable=SC3045 # dash, bash and busybox have -n
ulimit -n "$descriptors" 2>/dev/null ||
  say "warning: the limit of open files is $(ulimit -Hn), not $descriptors: room for fewer than 20,000 connections"

become "$haproxy" -db -f "$dir/haproxy.cfg" &
pid=$!
trap stop TERM INT HUP
[ -z "$stopping" ] || stop

wait "$pid"
status=$?
say "HAProxy exited with status $status"
exit "$status"
