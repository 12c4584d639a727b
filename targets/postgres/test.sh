#!/bin/sh
# Tests start.sh in process mode: as this user and, for root, as a user without privileges too.
# usage: test.sh    needs PostgreSQL with psql, and util-linux (setpriv, ipcs); exit status 1 if anything is wrong
set -u

cd "$(dirname "$0")" || exit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/postgres-test.XXXXXX") || exit
server='' failures=0
exec 3>&2 # for what holds keeps quiet about
# shellcheck disable=SC2317 # called at the end
cleanup() {
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null
  wait
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' TERM INT HUP

psql=$(PATH=$PATH:$(printf '%s:' /usr/lib/postgresql/*/bin) && command -v psql) || { echo "test.sh: no psql" >&2; exit 3; }

# is WHAT WANT GOT
is() {
  [ "$2" = "$3" ] && echo "ok    $1" && return
  echo "WRONG $1: want '$2', got '$3'"
  failures=$((failures + 1))
}

# holds WHAT COMMAND...
holds() {
  what=$1
  shift
  is "$what" 0 "$("$@" >/dev/null 2>&1; echo $?)"
}

sql() { PGCONNECT_TIMEOUT=3 timeout 20 "$psql" -XqAt -h 127.0.0.1 -p "$port" -U "${2:-bench}" -d "${3:-bench}" -c "$1" 2>&1; }

# gone PID...: whether none of them runs (a zombie does not), soon
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

# start: starts a copy of the folder in the way of $as; server is its pid. Nothing but TMPDIR is for it to write to.
start() {
  # shellcheck disable=SC2086 # $as is a command, or nothing
  env HOST=127.0.0.1 PORT="$port" TMPDIR="$temp" $as sh "$scratch/app/start.sh" >"$scratch/log" 2>&1 &
  server=$!
}

# ready: whether the server answers within 15 s
ready() {
  for _ in $(seq 150); do
    [ "$(sql 'SELECT 1')" = 1 ] && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$scratch/log" >&3
  return 1
}

# ended: waits for the server, 10 s at most; status is its exit status
ended() {
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
  is 'no server is root' '' "$(for p in $(family "$server"); do ps -o user=,comm= -p "$p"; done | awk '$1 == "root" && $2 == "postgres"')"
  is 'items' '10000|1|10000|0|0' "$(sql "SELECT count(*), min(id), max(id), max(stock), count(*) FILTER (WHERE name <> 'Item ' || id OR cents <> id * 37 % 100000) FROM items")"
  is 'columns' 'id integer NO|name text NO|cents integer NO|stock integer NO' \
    "$(sql "SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable, '|' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'items'")"
  is 'settings' 'UTF8|C|C|off|off|off|200' \
    "$(sql "SELECT pg_encoding_to_char(encoding), datcollate, datctype, current_setting('fsync'), current_setting('synchronous_commit'), current_setting('jit'), current_setting('max_connections') FROM pg_database WHERE datname = 'bench'")"
  is 'the superuser has no way in' 1 "$(sql 'SELECT 1' postgres postgres | grep -c 'no pg_hba.conf entry')"

  sql 'SELECT pg_stat_statements_reset()' >/dev/null
  for _ in 1 2 3 4 5 6 7; do sql 'BEGIN; UPDATE items SET stock = stock + 1 WHERE id = 7; COMMIT' >/dev/null; done
  is 'updates are counted' 7 "$(sql "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE 'UPDATE items%'")"
  is 'and nothing but queries' 9 "$(sql 'SELECT sum(calls) FROM pg_stat_statements')" # with the reset and the count before
  is 'updates are made' 7 "$(sql 'SELECT stock FROM items WHERE id = 7')"

  before=$(sql "SELECT pg_relation_size('items'), pg_indexes_size('items')")
  sql "DO \$\$ BEGIN FOR r IN 0..49999 LOOP UPDATE items SET stock = stock + 1 WHERE id = (r * 7919::bigint) % 10000 + 1; COMMIT; END LOOP; END \$\$" >/dev/null
  is '50,000 updates do not make it larger' "$before" "$(sql "SELECT pg_relation_size('items'), pg_indexes_size('items')")"

  sql 'SELECT pg_sleep(60)' >/dev/null & # a client that is busy must not hold the end up
  sleep 0.3
  all=$(family "$server")
  kill -TERM "$server"
  begin=$(date +%s)
  ended
  is 'exit status after SIGTERM' 0 "$status"
  holds 'within 5 s' test $(($(date +%s) - begin)) -le 5
  # shellcheck disable=SC2086 # a list of words
  holds 'no process is left' gone $all
  is 'no file is left' '' "$(ls -A "$temp")"

  for wait in 0 0.1 0.3 0.6 0.9; do
    start
    sleep "$wait"
    kill -TERM "$server"
    ended
    case $status in 0 | 143) status=0 ;; esac # 143: before the shell has its traps
    is "exit status after SIGTERM within $wait s" 0 "$status"
  done
  is 'no file is left' '' "$(ls -A "$temp")"

  start
  holds 'it starts again' ready
  first=$server
  begin=$(date +%s)
  start
  ended
  holds 'a port in use ends it' test "$status" -ne 0
  holds 'with a message' grep -qi 'address already in use' "$scratch/log"
  server=$first
  is 'and not the one that has it' 1 "$(sql 'SELECT 1')"

  all=$(family "$server")
  pidfile=$(ls "$temp"/*/data/postmaster.pid)
  segment=$(sed -n '7s/.* //p' "$pidfile")
  holds 'it has a System V segment' ipcs -m -i "$segment"
  kill -KILL "$(head -n 1 "$pidfile")"
  ended
  holds 'a killed PostgreSQL ends start.sh' test "$status" -ne 0
  # shellcheck disable=SC2086
  holds 'no process is left' gone $all
  is 'no file is left' '' "$(ls -A "$temp")"
  is 'no System V segment is left' 0 "$(ipcs -m | awk -v id="$segment" '$2 == id' | wc -l)"

  if command -v setpriv >/dev/null; then
    start
    holds 'it starts again' ready
    all=$(family "$server")
    kill -KILL "$server"
    ended
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

# A machine without PostgreSQL: all programs that start.sh needs but the server.
if ! [ -d /usr/lib/postgresql ]; then
  echo '# without PostgreSQL: not tested here'
elif command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
  echo '# without PostgreSQL'
  mkdir "$scratch/bin" "$scratch/empty"
  for p in sh id head dirname readlink mktemp; do ln -s "$(command -v $p)" "$scratch/bin"; done
  # shellcheck disable=SC2016 # the inner shell's
  said=$(unshare -m sh -c 'mount --bind "$1/empty" /usr/lib/postgresql && exec env PATH="$1/bin" sh "$1/app/start.sh"' sh "$scratch" 2>&1)
  is 'exit status' 3 $?
  is 'message' 'start.sh: no PostgreSQL on this machine' "$said"
fi

[ "$failures" = 0 ] || { echo "$failures wrong"; exit 1; }
