#!/bin/sh
# Installs what the end-to-end tests run against: rclone, an S3 server (moto), a Blob server (azurite), Prometheus, and a
# Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager, and kubectl), which `isthmus serve --kubernetes real`
# uses too. rclone comes from the system's packages; all else goes into .isthmus/e2e. Run again, it does nothing.
set -eu
cd "$(dirname "$0")/.."

MOTO="moto[s3]==5.2.1 flask==3.1.3 flask-cors==6.0.5"
# The last azurite that runs on Node.js 20.
AZURITE="azurite@3.35.0"

root=.isthmus/e2e
venv=$root/venv
azurite=$root/azurite
prometheus=$root/prometheus
kubernetes=$root/kubernetes
# The module that says which versions are built, with their checksums.
kubernetes_module=scripts/kubernetes

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

# Unpacked and not installed, since Debian's package starts a service. What it depends on is its web interface's.
if ! [ -x "$prometheus/usr/bin/prometheus" ]; then
  command -v apt-get >/dev/null || fail "this system has no apt-get: put prometheus (2.42 or newer) at $prometheus/usr/bin/prometheus"
  rm -rf "$prometheus"
  mkdir -p "$prometheus"
  (
    cd "$prometheus"
    download() { apt-get download --quiet prometheus >&2; }
    download || { as_root apt-get update --quiet >&2 && download; }
    dpkg-deb --extract prometheus_*.deb .
    rm prometheus_*.deb
  ) || fail "apt-get could not download prometheus"
fi

built_from=$(cksum "$kubernetes_module/go.mod" "$kubernetes_module/go.sum")
if ! is_done "$kubernetes" "$built_from"; then
  command -v go >/dev/null || fail "go is not on PATH: install Go 1.24 or newer, which builds the Kubernetes control plane"
  rm -rf "$kubernetes"
  mkdir -p "$kubernetes/bin"
  bin=$PWD/$kubernetes/bin
  echo "building the Kubernetes control plane, once: some minutes of both cores" >&2
  (
    cd "$kubernetes_module"
    export CGO_ENABLED=0 GOFLAGS=-mod=readonly
    # Clients read the version, and a build outside of Kubernetes' own makefiles does not know it.
    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
    stamp="-X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version"
    nice go build -trimpath -ldflags "-s -w $stamp" -o "$bin/" go.etcd.io/etcd/server/v3 k8s.io/kubernetes/cmd/kube-apiserver \
      k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kubectl
  ) || fail "go could not build the programs of $kubernetes_module/go.mod"
  # The package of etcd's program is called server.
  mv "$bin/server" "$bin/etcd"
  printf '%s' "$built_from" >"$kubernetes/.installed"
fi

sh scripts/install-crds.sh
