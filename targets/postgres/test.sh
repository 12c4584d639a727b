#!/bin/sh
# Tests start.sh as a process. It runs as this user and, for root, also as a user without privileges.
# usage: test.sh    needs PostgreSQL with psql and util-linux (setpriv, ipcs)
# exit status: 1 if a check fails, 3 if a program is missing
set -u

cd "$(dirname "$0")" || exit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/postgres-test.XXXXXX") || exit
server='' failures=0
exec 3>&2 # for logs, because holds discards stderr
# shellcheck disable=SC2317 # the EXIT trap calls it
cleanup() {
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null
  wait
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' TERM INT HUP

psql=$(PATH=$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin) && command -v psql) || { echo "test.sh: psql is not installed" >&2; exit 3; }

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

sql() { PGCONNECT_TIMEOUT=3 timeout 20 "$psql" -XqAt -h 127.0.0.1 -p "$port" -U "${2:-bench}" -d "${3:-bench}" -c "$1" 2>&1; }

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

family() { ps -e -o pid= -o ppid= | awk -v top="$1" '{ parent[$1] = $2 } END { for (p in parent) { q = p; while (q in parent && q != top) q = parent[q]; if (q == top) print p } }'; }

# start: starts a copy of the folder through the command in $as and sets server to its pid. It may only write to TMPDIR.
start() {
  # shellcheck disable=SC2086 # $as is empty or a command
  env HOST=127.0.0.1 PORT="$port" TMPDIR="$temp" $as sh "$scratch/app/start.sh" >"$scratch/log" 2>&1 &
  server=$!
}

# ready: whether the server responds within 15 s
ready() {
  for _ in $(seq 150); do
    [ "$(sql 'SELECT 1')" = 1 ] && return
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
cp start.sh schema.sql postgresql.conf pg_hba.conf "$scratch/app"
chmod 755 "$scratch" "$scratch/app"
chmod 644 "$scratch"/app/*
port=$((20000 + $$ % 12000))

suite() {
  echo "# $1"
  temp=$scratch/tmp
  mkdir "$temp" && chmod 1777 "$temp"

  start
  holds 'it starts' ready
  is 'no server runs as root' '' "$(for p in $(family "$server"); do ps -o user=,comm= -p "$p"; done | awk '$1 == "root" && $2 == "postgres"')"
  is 'rows of items' '10000|1|10000|0|0' "$(sql "SELECT count(*), min(id), max(id), max(stock), count(*) FILTER (WHERE name <> 'Item ' || id OR cents <> id * 37 % 100000) FROM items")"
  is 'columns of items' 'id integer NO|name text NO|cents integer NO|stock integer NO' \
    "$(sql "SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable, '|' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'items'")"
  is 'settings' 'UTF8|C|C|off|off|off|200' \
    "$(sql "SELECT pg_encoding_to_char(encoding), datcollate, datctype, current_setting('fsync'), current_setting('synchronous_commit'), current_setting('jit'), current_setting('max_connections') FROM pg_database WHERE datname = 'bench'")"
  is 'the superuser cannot log in' 1 "$(sql 'SELECT 1' postgres postgres | grep -c 'no pg_hba.conf entry')"

  sql 'SELECT pg_stat_statements_reset()' >/dev/null
  for _ in 1 2 3 4 5 6 7; do sql 'BEGIN; UPDATE items SET stock = stock + 1 WHERE id = 7; COMMIT' >/dev/null; done
  is 'updates are counted' 7 "$(sql "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE 'UPDATE items%'")"
  is 'only queries are counted' 9 "$(sql 'SELECT sum(calls) FROM pg_stat_statements')" # 7 updates, the reset and the count before
  is 'updates are made' 7 "$(sql 'SELECT stock FROM items WHERE id = 7')"

  before=$(sql "SELECT pg_relation_size('items'), pg_indexes_size('items')")
  sql "DO \$\$ BEGIN FOR r IN 0..49999 LOOP UPDATE items SET stock = stock + 1 WHERE id = (r * 7919::bigint) % 10000 + 1; COMMIT; END LOOP; END \$\$" >/dev/null
  is '50,000 updates do not enlarge the table' "$before" "$(sql "SELECT pg_relation_size('items'), pg_indexes_size('items')")"

  sql 'SELECT pg_sleep(60)' >/dev/null & # a busy client must not delay the stop
  sleep 0.3
  all=$(family "$server")
  kill -TERM "$server"
  started=$(date +%s)
  await_exit
  is 'exit status after SIGTERM is 0' 0 "$status"
  holds 'it stops within 5 s' test $(($(date +%s) - started)) -le 5
  # shellcheck disable=SC2086 # split into words on purpose
  holds 'no process is left' gone $all
  is 'no file is left' '' "$(ls -A "$temp")"

  for wait in 0 0.1 0.3 0.6 0.9; do
    start
    sleep "$wait"
    kill -TERM "$server"
    await_exit
    case $status in 0 | 143) status=0 ;; esac # 143: the signal came before the shell set its traps
    is "exit status after SIGTERM within $wait s is 0" 0 "$status"
  done
  is 'no file is left' '' "$(ls -A "$temp")"

  start
  holds 'it starts again' ready
  first=$server
  started=$(date +%s)
  start
  await_exit
  holds 'a port in use makes it exit' test "$status" -ne 0
  holds 'it prints a message' grep -qi 'address already in use' "$scratch/log"
  server=$first
  is 'the first server keeps the port' 1 "$(sql 'SELECT 1')"

  all=$(family "$server")
  pidfile=$(ls "$temp"/*/data/postmaster.pid)
  segment=$(sed -n '7s/.* //p' "$pidfile")
  holds 'it has a System V segment' ipcs -m -i "$segment"
  kill -KILL "$(head -n 1 "$pidfile")"
  await_exit
  holds 'start.sh exits after PostgreSQL is killed' test "$status" -ne 0
  # shellcheck disable=SC2086
  holds 'no process is left' gone $all
  is 'no file is left' '' "$(ls -A "$temp")"
  is 'no System V segment is left' 0 "$(ipcs -m | awk -v id="$segment" '$2 == id' | wc -l)"

  if command -v setpriv >/dev/null; then
    start
    holds 'it starts again' ready
    all=$(family "$server")
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

# Imitate a machine without PostgreSQL: offer every program that start.sh needs, except the server.
if ! [ -d /usr/lib/postgresql ]; then
  echo '# without PostgreSQL: cannot be tested on this machine'
elif command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
  echo '# without PostgreSQL'
  mkdir "$scratch/bin" "$scratch/empty"
  for p in sh id head dirname readlink mktemp; do ln -s "$(command -v $p)" "$scratch/bin"; done
  # shellcheck disable=SC2016 # the inner shell expands it
  said=$(unshare -m sh -c 'mount --bind "$1/empty" /usr/lib/postgresql && exec env PATH="$1/bin" sh "$1/app/start.sh"' sh "$scratch" 2>&1)
  is 'exit status is 3' 3 $?
  is 'message' 'start.sh: PostgreSQL is not installed' "$said"
fi

[ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
