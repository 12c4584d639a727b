#!/bin/sh
# Tests start.sh as a process. It runs as this user and, for root, also as a user without privileges.
# usage: test.sh    needs HAProxy, curl and util-linux (setpriv)
# exit status: 1 if a check fails, 3 if a program is missing
set -u

cd "$(dirname "$0")" || exit
PATH=$PATH:/usr/sbin
haproxy=$(command -v haproxy) || { echo 'test.sh: HAProxy is not installed' >&2; exit 3; }
command -v curl >/dev/null || { echo 'test.sh: curl is not installed' >&2; exit 3; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/proxy-test.XXXXXX") || exit
server='' servers='' failures=0
exec 3>&2 # for logs, because holds discards stderr
# shellcheck disable=SC2317 # the EXIT trap calls it
cleanup() {
  for p in $server $servers; do kill -TERM "$p" 2>/dev/null; done
  wait
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' TERM INT HUP

# is CHECK WANT GOT: prints whether GOT equals WANT, and counts failures
is() {
  [ "$2" = "$3" ] && echo "ok    $1" && return
  echo "FAIL  $1: want '$2', got '$3'"
  failures=$((failures + 1))
}

# holds CHECK COMMAND...: checks that COMMAND succeeds
holds() {
  what=$1
  shift
  is "$what" 0 "$("$@" >/dev/null 2>&1; echo $?)"
}

# get [ARGUMENT...]: sends a request to the proxy with these arguments of curl
get() { curl -s --max-time 10 "$@" "http://127.0.0.1:$port/"; }

# gone PID...: whether none of the processes runs after at most a second (zombies do not count)
gone() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=''
    for p; do
      case $(ps -o stat= -p "$p") in '' | Z*) ;; *) left="$left $p" ;; esac
    done
    [ -z "$left" ] && return
    sleep 0.1
  done
  return 1
}

child() { ps -e -o pid= -o ppid= | awk -v parent="$server" '$2 == parent { print $1 }'; }

# start BACKENDS [NAME=VALUE]: starts a copy of start.sh through the command in $as and sets server to its pid
start() {
  # shellcheck disable=SC2086 # $as is empty or a command
  env HOST=127.0.0.1 PORT="$port" TMPDIR="$temp" BACKENDS="$1" "${2:-THREADS=1}" $as sh "$scratch/app/start.sh" >"$scratch/log" 2>&1 &
  server=$!
}

# ready: whether the proxy responds within 10 s
ready() {
  for _ in $(seq 100); do
    get >/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$scratch/log" >&3
  return 1
}

# await_exit: waits for the server for at most 10 s and sets status to its exit status
await_exit() {
  for _ in $(seq 100); do
    case $(ps -o stat= -p "$server") in '' | Z*) break ;; esac
    sleep 0.1
  done
  kill -KILL "$server" 2>/dev/null
  wait "$server"
  status=$?
  server=''
}

mkdir "$scratch/app"
cp start.sh "$scratch/app"
chmod 755 "$scratch" "$scratch/app"
chmod 644 "$scratch"/app/*
port=$((20000 + $$ % 12000))
one=$((port + 1)) two=$((port + 2)) dead=$((port + 3))

# Two servers that respond with their name and the port of the client. They respond to /slow after 60 s.
cat >"$scratch/servers.cfg" <<END
defaults
  mode http
  timeout client 75s
  timeout server 75s
  timeout connect 5s
  timeout tarpit 60s
listen one
  bind 127.0.0.1:$one
  http-request tarpit if { path /slow }
  http-request return status 200 content-type text/plain lf-string "one %[src_port]\n"
listen two
  bind 127.0.0.1:$two
  http-request tarpit if { path /slow }
  http-request return status 200 content-type text/plain lf-string "two %[src_port]\n"
END
"$haproxy" -db -f "$scratch/servers.cfg" >/dev/null 2>&1 &
servers=$!
both="127.0.0.1:$one 127.0.0.1:$two"

suite() {
  echo "# $1"
  temp=$scratch/tmp
  mkdir "$temp" && chmod 1777 "$temp"

  start "$both"
  holds 'it starts' ready
  is 'no proxy runs as root' '' "$(ps -o user=,comm= -p "$(child)" | awk '$1 == "root"')"
  for _ in 1 2 3 4 5 6 7 8; do get; done >"$scratch/answers"
  is 'round robin' '4 one 4 two' "$(cut -d ' ' -f 1 "$scratch/answers" | sort | uniq -c | xargs)"
  is 'one connection to each server' 2 "$(sort -u "$scratch/answers" | wc -l)"
  curl -s --max-time 10 -w '%{num_connects}\n' "http://127.0.0.1:$port/[1-4]" >"$scratch/answers"
  is 'one connection from the client' 1 "$(grep -c '^1$' "$scratch/answers")"
  is 'round robin on that connection' '2 one 2 two' "$(grep -o '^[a-z]*' "$scratch/answers" | sort | uniq -c | xargs)"

  curl -s --max-time 30 "http://127.0.0.1:$port/slow" >/dev/null & # a request in progress must not delay the stop
  sleep 0.3
  all=$(child)
  started=$(date +%s)
  kill -TERM "$server"
  await_exit
  is 'exit status after SIGTERM is 0' 0 "$status"
  holds 'it stops within 5 s' test $(($(date +%s) - started)) -le 5
  # shellcheck disable=SC2086 # split into words on purpose
  holds 'no process is left' gone $all
  is 'no file is left' '' "$(ls -A "$temp")"

  for wait in 0 0.005 0.01 0.015 0.02 0.03 0.05 0.1 0.3; do
    start "$both"
    sleep "$wait"
    kill -TERM "$server"
    await_exit
    case $status in 0 | 143) status=0 ;; esac # 143: the signal came before the shell set its traps
    is "exit status after SIGTERM within $wait s is 0" 0 "$status"
  done
  is 'no file is left' '' "$(ls -A "$temp")"

  start "$both 127.0.0.1:$dead" THREADS=2
  holds 'it starts with a dead server' ready
  is 'the dead server shows as 503' '2 200 1 503' "$(for _ in 1 2 3; do get -o "$scratch/answers" -w '%{http_code}\n'; done | sort | uniq -c | xargs)"
  is 'two threads' 2 "$(ps -o nlwp= -p "$(child)" | xargs)"

  first=$server
  start "$both"
  await_exit
  holds 'a port in use makes it exit' test "$status" -ne 0
  holds 'it prints a message' grep -qi 'address already in use' "$scratch/log"
  server=$first
  holds 'the first proxy keeps the port' get

  all=$(child)
  kill -KILL "$all"
  await_exit
  holds 'start.sh exits after HAProxy is killed' test "$status" -ne 0
  is 'no file is left' '' "$(ls -A "$temp")"

  for bad in 'BACKENDS=' 'BACKENDS=127.0.0.1' 'BACKENDS=127.0.0.1:x' 'THREADS=0' 'THREADS=two'; do
    start "$both" "$bad"
    await_exit
    is "exit status with $bad is 2" 2 "$status"
    is 'it prints one message' 1 "$(grep -c "^start.sh: ${bad%%=*} " "$scratch/log")"
  done

  if command -v setpriv >/dev/null; then
    start "$both"
    holds 'it starts again' ready
    all=$(child)
    kill -KILL "$server"
    await_exit
    # shellcheck disable=SC2086
    holds 'a killed start.sh leaves no process' gone $all
  fi
  rm -rf "$temp"
}

as=''
suite "as $(id -un)"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  as='setpriv --reuid 65534 --regid 65534 --clear-groups'
  suite 'as a user without privileges'
fi

# Imitate a machine without HAProxy: cover its program with a file that is not executable.
if command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
  echo '# without HAProxy'
  # shellcheck disable=SC2016 # the inner shell expands it
  said=$(unshare -m sh -c 'mount --bind /dev/null "$2" && exec env BACKENDS=a:1 sh "$1/app/start.sh"' sh "$scratch" "$haproxy" 2>&1)
  is 'exit status is 3' 3 $?
  is 'message' 'start.sh: HAProxy is not installed' "$said"
fi

[ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
