#!/bin/sh
# Runs HAProxy as an HTTP proxy before several servers.
#
# environment: BACKENDS ("host:port host:port ..."), HOST (127.0.0.1), PORT (8080), THREADS (1), TMPDIR (/tmp)
# exit status: 0 after SIGTERM or SIGINT, 2 for a bad setting, 3 where there is no HAProxy
set -u

nobody=65534
descriptors=41000 # two for each of 20,000 connections, and some for HAProxy itself

say() { echo "start.sh: $*" >&2; }

# become COMMAND...: this subshell goes on as COMMAND, without root's rights.
# Should start.sh be killed, the kernel ends it.
become() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --pdeathsig KILL "$@"
  elif command -v setpriv >/dev/null; then
    exec setpriv --pdeathsig KILL "$@"
  fi
  exec "$@"
}

# configuration BACKEND...: writes it to standard output. README.md has the reasons.
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

# stop: ends HAProxy and this shell. Again and again, as a subshell that is just becoming HAProxy may lose a signal.
stop() {
  while kill -TERM "$pid" 2>/dev/null; do sleep 0.1; done
  wait "$pid"
  status=$?
  [ "$status" != 143 ] || status=0 # what HAProxy makes of SIGTERM
  exit "$status"
}

haproxy=$(PATH=$PATH:/usr/sbin && command -v haproxy) || { say 'no haproxy on this machine'; exit 3; }
threads=${THREADS:-1}
case $threads in
  *[!0-9]* | 0*) say "THREADS is no positive whole number: $threads"; exit 2 ;;
esac
set -f # a star is a star
# shellcheck disable=SC2086 # a list of words
set -- ${BACKENDS:-}
[ $# -gt 0 ] || { say 'BACKENDS names no server: "host:port host:port ..."'; exit 2; }
for backend; do
  case $backend in
    ?*:*) number=${backend##*:} ;;
    *) number='' ;; # HAProxy would take that of the request
  esac
  case $number in '' | *[!0-9]*) say "BACKENDS has a server that is not host:port: $backend"; exit 2 ;; esac
done

stopping='' dir=''
umask 022 # the configuration is read without root's rights
trap '[ -z "$dir" ] || rm -rf "$dir"' EXIT
trap 'stopping=1' TERM INT HUP # until there is something to stop
dir=$(mktemp -d "${TMPDIR:-/tmp}/claimbench-proxy.XXXXXX") && dir=$(cd "$dir" && pwd) || exit
configuration "$@" >"$dir/haproxy.cfg" || exit
chmod 755 "$dir" || exit
cd "$dir" || exit # the project's folder may be closed to others

# HAProxy makes room for as many connections as it may have descriptors for.
# shellcheck disable=SC3045 # dash, bash and busybox have -n
ulimit -n "$descriptors" 2>/dev/null || say "the limit of open files is $(ulimit -Hn), not $descriptors: fewer than 20,000 connections"

become "$haproxy" -db -f "$dir/haproxy.cfg" &
pid=$!
trap stop TERM INT HUP
[ -z "$stopping" ] || stop

wait "$pid"
status=$?
say "HAProxy ended with status $status"
exit "$status"
