#!/bin/sh
# Runs PostgreSQL with a new cluster and removes the cluster afterwards. It has database bench, user bench without a
# password, and the contents of schema.sql.
#
# environment: HOST (127.0.0.1), PORT (5432), TMPDIR (/tmp)
# exit status: 0 after SIGTERM or SIGINT, 3 if PostgreSQL is not installed
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit
nobody=65534

say() { echo "start.sh: $*" >&2; }

# program FILE: whether FILE is executable and not a script. A script in place of the server might not pass signals on.
program() { [ -x "$1" ] && [ "$(head -c 2 "$1")" != '#!' ]; }

# whole FOLDER: whether FOLDER has both programs. initdb needs postgres in its own folder.
whole() { program "$1/initdb" && program "$1/postgres"; }

# find_bin: sets bin to the folder of the programs. PATH comes first, then the newest of Debian's versions.
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

# become COMMAND...: replaces this subshell with COMMAND, without root's rights, because PostgreSQL refuses to run as
# root. If start.sh is killed, the kernel signals COMMAND to stop.
become() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --pdeathsig INT "$@"
  elif command -v setpriv >/dev/null; then
    exec setpriv --pdeathsig INT "$@"
  fi
  exec "$@"
}

# step COMMAND...: runs COMMAND and prints its output only if it fails
step() {
  (become "$@") >"$dir/log" 2>&1 && return
  cat "$dir/log" >&2
  say "${1##*/} failed"
  exit 1
}

# load DATABASE: runs the SQL of standard input in a stand-alone backend, which opens no port. An empty line ends each
# statement.
load() { step "$bin/postgres" --single -j -D "$data" -c exit_on_error=on "$1"; }

# stop: stops PostgreSQL and exits. SIGINT makes PostgreSQL stop without waiting for clients. A background process of a
# shell ignores SIGINT, but not SIGTERM, until PostgreSQL sets its own handler. The loop repeats both, because a
# subshell that is just becoming PostgreSQL may lose a signal.
stop() {
  while kill -TERM "$pid" 2>/dev/null && kill -INT "$pid" 2>/dev/null; do sleep 0.1; done
  wait "$pid"
  status=$?
  case $status in 130 | 143) status=0 ;; esac # a signal came before PostgreSQL set its handlers
  exit "$status"
}

# shellcheck disable=SC2317 # the EXIT trap calls it
cleanup() {
  [ -n "$dir" ] || return
  # A killed server leaves a System V segment. Its id is on line 7 of the pid file.
  segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid" 2>/dev/null)
  [ -z "$segment" ] || (become ipcrm -m "$segment") 2>/dev/null
  # The children of a killed server need a moment to notice that it is gone, and may write until then.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$dir" 2>/dev/null && return
    sleep 0.2
  done
  rm -rf "$dir"
}

find_bin || { say 'PostgreSQL is not installed'; exit 3; }
# The user's settings must not change the cluster.
unset PGDATA PGPORT PGTZ PGDATESTYLE PGOPTIONS
export LC_ALL=C TZ=UTC

stopping='' dir=''
trap cleanup EXIT
trap 'exit 0' TERM INT HUP # runs after the current step
dir=$(mktemp -d "${TMPDIR:-/tmp}/claimbench-postgres.XXXXXX") && dir=$(cd "$dir" && pwd) || exit
data=$dir/data

cp "$here/schema.sql" "$here/postgresql.conf" "$here/pg_hba.conf" "$dir" || exit
[ "$(id -u)" != 0 ] || chown -R "$nobody:$nobody" "$dir" || exit # user 65534 may have no access to the project's folder
cd "$dir" || exit

step "$bin/initdb" -D "$data" -U postgres --auth=trust --no-sync --no-instructions --locale=C --encoding=UTF8
step cp postgresql.conf pg_hba.conf "$data"
load postgres <<'END'
CREATE ROLE bench LOGIN;

CREATE DATABASE bench OWNER bench;

END
load bench <schema.sql

trap 'stopping=1' TERM INT HUP # until PostgreSQL is there to stop
become "$bin/postgres" -D "$data" -c "listen_addresses=${HOST:-127.0.0.1}" -p "${PORT:-5432}" &
pid=$!
trap stop TERM INT HUP
[ -z "$stopping" ] || stop

wait "$pid"
status=$?
say "PostgreSQL exited with status $status"
exit "$status"
