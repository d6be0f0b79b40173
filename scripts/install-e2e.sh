#!/bin/sh
# Installs what the end-to-end tests run against: rclone, an S3 server (moto) and a Blob server (azurite).
# rclone comes from the system's packages; the servers go into .isthmus/e2e. Run again, it does nothing.
set -eu
cd "$(dirname "$0")/.."

MOTO="moto[s3]==5.2.1 flask==3.1.3 flask-cors==6.0.5"
# The last azurite that runs on Node.js 20.
AZURITE="azurite@3.35.0"

root=.isthmus/e2e
venv=$root/venv
azurite=$root/azurite

fail() {
  printf 'cannot install the end-to-end tests: %s\n' "$1" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$1" >&2
}

system_package() { # Debian's name of it, what to install by hand where that does not work
  command -v apt-get >/dev/null || fail "this system has no apt-get: install $2 by hand, then run this again"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || fail "neither root nor sudo: install $2 by hand, then run this again"
  apt_install "$1" || { as_root apt-get update --quiet >&2 && apt_install "$1"; } ||
    fail "apt-get could not install $1: install $2 by hand, then run this again"
}

# Debian ships what makes an environment apart from Python, in python3-venv; it serves the system's own Python only.
python() {
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

is_done() { # folder, what it must have been made from
  [ -f "$1/.installed" ] && [ "$(cat "$1/.installed")" = "$2" ]
}

command -v rclone >/dev/null || system_package rclone "rclone (1.60 or newer)"

if ! is_done "$venv" "$MOTO"; then
  [ -n "$(python)" ] || system_package python3-venv "Python 3 with its venv module"
  [ -n "$(python)" ] || fail "python3 has no venv module"
  rm -rf "$venv"
  mkdir -p "$root"
  "$(python)" -m venv "$venv"
  # shellcheck disable=SC2086 # one requirement a word
  "$venv/bin/pip" install --quiet --disable-pip-version-check $MOTO || fail "pip could not install $MOTO"
  printf '%s' "$MOTO" >"$venv/.installed"
fi

if ! is_done "$azurite" "$AZURITE"; then
  command -v npm >/dev/null || fail "npm is not on PATH: install Node.js with npm"
  rm -rf "$azurite"
  mkdir -p "$azurite"
  npm install --prefix "$azurite" --no-save --no-audit --no-fund --ignore-scripts --loglevel error "$AZURITE" ||
    fail "npm could not install $AZURITE"
  printf '%s' "$AZURITE" >"$azurite/.installed"
fi
