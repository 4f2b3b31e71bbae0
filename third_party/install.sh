#!/bin/sh
# Installs the Debian packages of packages.txt that are missing; asks for nothing when all are there.
# Needs root or sudo only where something is missing.
set -eu
cd "$(dirname "$0")"

missing=
for package in $(sed 's/#.*//' packages.txt); do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  echo "missing packages:$missing" >&2
  echo "run as root: apt-get install$missing" >&2
  exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086  # a list of words is meant
$as_root apt-get install -q -y --no-install-recommends $missing
