#!/bin/sh
# Runs PostgreSQL with a new cluster that goes with it: database and user `bench`, no password, schema.sql.
#
# environment: HOST (127.0.0.1), PORT (5432), TMPDIR (/tmp)
# exit status: 0 after SIGTERM or SIGINT, 3 where there is no PostgreSQL
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit
nobody=65534

say() { echo "start.sh: $*" >&2; }

# A script in the place of a server might keep signals from it.
program() { [ -x "$1" ] && [ "$(head -c 2 "$1")" != '#!' ]; }

# whole FOLDER: whether it has all programs. initdb wants postgres beside it.
whole() { program "$1/initdb" && program "$1/postgres"; }

# find_bin: sets bin to the folder of the programs: that of PATH, else the newest of Debian's
find_bin() {
  bin=$(command -v initdb) && bin=$(readlink -f "$bin") && bin=${bin%/*} && whole "$bin" && return
  bin=''
  newest=0
  for folder in /usr/lib/postgresql/*/bin; do
    version=${folder%/bin}
    version=${version##*/}
    case $version in *[!0-9]*) continue ;; esac
    if [ "$version" -gt "$newest" ] && whole "$folder"; then
      bin=$folder newest=$version
    fi
  done
  [ -n "$bin" ]
}

# become COMMAND...: this subshell goes on as COMMAND, without root's rights, which PostgreSQL refuses.
# Should start.sh be killed, the kernel ends it.
become() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --pdeathsig INT "$@"
  elif command -v setpriv >/dev/null; then
    exec setpriv --pdeathsig INT "$@"
  fi
  exec "$@"
}

# step COMMAND...: runs it; what it says is told if it fails only
step() {
  (become "$@") >"$dir/log" 2>&1 && return
  cat "$dir/log" >&2
  say "${1##*/} failed"
  exit 1
}

# load DATABASE: runs the SQL of standard input in a stand-alone backend, which opens no port. Statements end with an empty line.
load() { step "$bin/postgres" --single -j -D "$data" -c exit_on_error=on "$1"; }

# stop: ends PostgreSQL and this shell. SIGINT says not to wait for clients; a background process of a shell ignores it
# until PostgreSQL sets its own handler, but not SIGTERM. Again and again, as a subshell that is just becoming PostgreSQL
# may lose a signal.
stop() {
  while kill -TERM "$pid" 2>/dev/null && kill -INT "$pid" 2>/dev/null; do sleep 0.1; done
  wait "$pid"
  status=$?
  case $status in 130 | 143) status=0 ;; esac # a signal found it before its handlers were set
  exit "$status"
}

# shellcheck disable=SC2317 # called at the end
cleanup() {
  [ -n "$dir" ] || return
  # A killed server leaves a System V segment, whose id is on line 7 of its pid file.
  segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid" 2>/dev/null)
  [ -z "$segment" ] || (become ipcrm -m "$segment") 2>/dev/null
  # Its children need a moment to see that they are alone, and may write until then.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$dir" 2>/dev/null && return
    sleep 0.2
  done
  rm -rf "$dir"
}

find_bin || { say 'no PostgreSQL on this machine'; exit 3; }
# Whatever the user's settings, all clusters are the same.
unset PGDATA PGPORT PGTZ PGDATESTYLE PGOPTIONS
export LC_ALL=C TZ=UTC

stopping='' dir=''
trap cleanup EXIT
trap 'exit 0' TERM INT HUP # once the step under way has ended
dir=$(mktemp -d "${TMPDIR:-/tmp}/claimbench-postgres.XXXXXX") && dir=$(cd "$dir" && pwd) || exit
data=$dir/data

cp "$here/schema.sql" "$here/postgresql.conf" "$here/pg_hba.conf" "$dir" || exit
[ "$(id -u)" != 0 ] || chown -R "$nobody:$nobody" "$dir" || exit # the project's folder may be closed to others
cd "$dir" || exit

step "$bin/initdb" -D "$data" -U postgres --auth=trust --no-sync --no-instructions --locale=C --encoding=UTF8
step cp postgresql.conf pg_hba.conf "$data"
load postgres <<'END'
CREATE ROLE bench LOGIN;

CREATE DATABASE bench OWNER bench;

END
load bench <schema.sql

trap 'stopping=1' TERM INT HUP # until there is something to stop
become "$bin/postgres" -D "$data" -c "listen_addresses=${HOST:-127.0.0.1}" -p "${PORT:-5432}" &
pid=$!
trap stop TERM INT HUP
[ -z "$stopping" ] || stop

wait "$pid"
status=$?
say "PostgreSQL ended with status $status"
exit "$status"
