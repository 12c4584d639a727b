#!/usr/bin/env bash
# Builds base images from Debian packages with debootstrap, without an image registry:
#   claimbench/node:24       Debian's nodejs 24 and npm
#   claimbench/python:3.14   Debian's python3.14 with venv and pip
#   claimbench/postgres:18   Debian's postgresql-18
#   claimbench/haproxy:3.2   Debian's haproxy 3.2
#
# usage: build.sh [--force] [node|python|postgres|haproxy|all]
#
# Needs root, a running Docker daemon and, for node, npm on this machine. Environment:
#   MIRROR        Debian mirror; default: the mirror in this machine's apt configuration
#   SUITE         Debian suite that has these versions; default: sid
#   NPM_VERSION   npm for the node image
#   TMPDIR        parent folder of the root file systems (about 600 MB); default: /var/tmp
set -euo pipefail

suite=${SUITE:-sid}
npm_version=${NPM_VERSION:-11.19.1}

die() { echo "build.sh: $*" >&2; exit 1; }

force='' what=all
for arg; do
  case $arg in
    --force) force=1 ;;
    node | python | postgres | haproxy | all) what=$arg ;;
    *) die "usage: build.sh [--force] [node|python|postgres|haproxy|all]" ;;
  esac
done

# wanted TAG: whether the user wants this image and it must still be built
wanted() {
  [ "$what" = all ] || [[ $1 == */"$what":* ]] || return 1
  [ -n "$force" ] || ! docker image inspect "$1" >/dev/null 2>&1 || { echo "$1 exists"; return 1; }
}

prepare() {
  [ "$(id -u)" = 0 ] || die "debootstrap needs root"
  if ! command -v debootstrap >/dev/null || ! [ -e "$keyring" ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends debootstrap debian-archive-keyring
  fi
  mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)}
  [[ $mirror == http*://* || $mirror == file:* ]] ||
    die "apt has no Debian mirror configured: run 'apt-get update' or set MIRROR"
}

# in_root COMMAND...: runs COMMAND in $root, without this machine's environment variables
in_root() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" "$@"
}

# bootstrap PACKAGES: installs a minimal Debian with these packages in $root
bootstrap() {
  echo "debootstrap $suite with $1 ..."
  # debootstrap checks the Release file's signature, not its Valid-Until date.
  debootstrap --variant=minbase --force-check-gpg --keyring="$keyring" --cache-dir="$work/debs" \
    --include="ca-certificates,$1" "$suite" "$root" "$mirror" >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" "$root/debootstrap/debootstrap.log" >&2
    die "debootstrap failed"
  }
  # Copy this machine's extra certificates, such as that of a proxy. Debian's node, python and pip use the system's.
  find /usr/local/share/ca-certificates -name '*.crt' -exec cp -L {} "$root/usr/local/share/ca-certificates/" \; 2>/dev/null || true
  in_root update-ca-certificates >/dev/null 2>&1
  # An 'apt-get update' in a Dockerfile must accept an old Release file too.
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90no-valid-until"
}

# import TAG COMMAND VERSIONS: makes the image from $root and prints its tag, size and VERSIONS
import() {
  local old
  old=$(docker image inspect -f '{{.Id}}' "$1" 2>/dev/null || true)
  (
    cd "$root"
    rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* var/cache/debconf/*-old tmp/* \
      usr/share/{doc,man,info,locale,lintian}/*
    : >etc/resolv.conf
    rm -f etc/hostname
    tar --numeric-owner --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' --exclude './run/*' -c .
  ) | docker import --change "CMD [\"$2\"]" - "$1" >/dev/null
  [ -z "$old" ] || docker image rm "$old" >/dev/null 2>&1 || true # it stays if another image uses it
  rm -rf --one-file-system "$root"
  echo "$1: $(docker image inspect -f '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1 / 1e6}'), $3"
}

build_node() {
  command -v npm >/dev/null || die "npm is not installed: the node image needs it to download npm from the npm registry"
  bootstrap nodejs
  local version npm=$root/usr/local/lib/node_modules/npm registry
  version=$(in_root node --version)
  [[ $version == v24.* ]] || die "$suite has node $version, not 24: set SUITE or MIRROR"

  # Debian's own npm package depends on hundreds of others.
  (cd "$work" && npm pack --silent "npm@$npm_version" >/dev/null)
  mkdir -p "$npm"
  tar -xzf "$work/npm-$npm_version.tgz" -C "$npm" --strip-components 1 --no-same-owner
  rm -rf "$npm/docs" "$npm/man"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  registry=$(npm config get registry --loglevel=error)
  printf 'prefix=/usr/local\nregistry=%s\nupdate-notifier=false\n' "$registry" >"$npm/npmrc"

  import "$node_tag" node "node $version, npm $(in_root npm --version)"
}

build_python() {
  bootstrap python3.14-venv
  local version index
  ln -s /usr/bin/python3.14 "$root/usr/local/bin/python3"
  ln -s /usr/bin/python3.14 "$root/usr/local/bin/python"
  version=$(in_root python3 --version)
  [[ $version == "Python 3.14."* ]] || die "$suite has $version, not 3.14"

  index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
  [ -z "$index" ] || printf '[global]\nindex-url = %s\n' "$index" >"$root/etc/pip.conf"

  import "$python_tag" python3 "$version, pip $(in_root sh -c 'ls /usr/share/python-wheels' | sed -n 's/^pip-\([^-]*\)-.*/\1/p')"
}

build_postgres() {
  bootstrap postgresql-18
  local version
  version=$(in_root /usr/lib/postgresql/18/bin/postgres --version)
  [[ $version == "postgres (PostgreSQL) 18."* ]] || die "$suite has $version, not 18: set SUITE or MIRROR"
  rm -rf "$root/var/lib/postgresql/18" "$root/etc/postgresql/18" # the cluster that the package created
  ln -s /usr/lib/postgresql/18/bin/{initdb,postgres} "$root/usr/local/bin/"

  import "$postgres_tag" postgres "$version"
}

build_haproxy() {
  bootstrap haproxy
  local version
  version=$(in_root haproxy -v | awk 'NR == 1 { print $1, $2, $3 }')
  [[ $version == "HAProxy version 3.2."* ]] || die "$suite has $version, not 3.2: set SUITE or MIRROR"

  import "$haproxy_tag" haproxy "$version"
}

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
node_tag=claimbench/node:24
python_tag=claimbench/python:3.14
postgres_tag=claimbench/postgres:18
haproxy_tag=claimbench/haproxy:3.2

docker info >/dev/null 2>&1 || die "the Docker daemon does not respond"
todo=()
wanted "$node_tag" && todo+=(build_node)
wanted "$python_tag" && todo+=(build_python)
wanted "$postgres_tag" && todo+=(build_postgres)
wanted "$haproxy_tag" && todo+=(build_haproxy)
# advise: writes the images to .env, which Compose, bench and make read. A .env without an image of this script belongs
# to the user and stays unchanged. In other cases, existing lines stay as they are.
advise() {
  local env line lines=()
  env=$(dirname "$0")/../../.env
  for line in "NODE_IMAGE=$node_tag" "PYTHON_IMAGE=$python_tag" "POSTGRES_IMAGE=$postgres_tag" "PROXY_IMAGE=$haproxy_tag"; do
    docker image inspect "${line#*=}" >/dev/null 2>&1 || continue # this image was not built
    lines+=("$line")
  done
  if [ -s "$env" ] && ! grep -q '=claimbench/' "$env"; then
    printf 'to use these images, run:\n  export %s\n' "${lines[*]}"
    return
  fi
  [ -z "$(tail -c 1 "$env" 2>/dev/null)" ] || echo >>"$env" # its last line has no newline
  for line in "${lines[@]}"; do
    grep -q "^${line%%=*}=" "$env" 2>/dev/null || echo "$line" >>"$env"
  done
  echo ".env names these images; Compose, bench and make read it"
}
[ ${#todo[@]} -gt 0 ] || { advise; exit 0; }

prepare
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" claimbench-base.XXXXXX)
root=$work/root
cleanup() {
  umount -q "$root/proc" "$root/sys" 2>/dev/null || true # mounts that an interrupted debootstrap left
  rm -rf --one-file-system "$work"
}
unset TMPDIR # the folder does not exist in the chroot
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir "$work/debs"
for step in "${todo[@]}"; do "$step"; done
advise
