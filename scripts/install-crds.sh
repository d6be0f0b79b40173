#!/bin/sh
# Fetches the meshes' own CustomResourceDefinitions for the end-to-end tests into .isthmus/e2e/crds, a folder a mesh. They come
# as Go modules with pinned checksums; what the module proxy does not give is left out, and its tests say so. Of Linkerd and Consul
# they are older than the pinned charts: the newest that the public proxy has.
set -eu
cd "$(dirname "$0")/.."

root=.isthmus/e2e/crds

fetch() { # folder, module@version, its checksum as in a go.sum, files in the module
  target=$root/$1
  if [ -f "$target/.installed" ] && [ "$(cat "$target/.installed")" = "$2" ]; then return; fi
  if ! command -v go >/dev/null; then
    echo "no CRDs of $1: go is not on PATH" >&2
    return
  fi
  # In a folder without a go.mod the module is taken by itself, without what it depends on. The public checksum database does not
  # know all of them.
  answer=$(cd /tmp && GONOSUMDB='*' go mod download -json "$2" 2>/dev/null) || answer=
  dir=$(printf '%s' "$answer" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  sum=$(printf '%s' "$answer" | sed -n 's/^\t"Sum": "\(.*\)",\{0,1\}$/\1/p')
  if [ -z "$dir" ]; then
    echo "no CRDs of $1: the Go module proxy does not give $2. Put its YAML files into $target by hand." >&2
    return
  fi
  if [ "$sum" != "$3" ]; then
    echo "$2 has the checksum $sum, expected $3" >&2
    exit 1
  fi
  rm -rf "$target"
  mkdir -p "$target"
  for file in "$dir"/$4; do
    # Helm's templates differ from manifests by lines of directives, and labels that are one.
    sed '/{{.*}}[[:space:]]*$/d' "$file" >"$target/$(basename "$file")"
  done
  printf '%s' "$2" >"$target/.installed"
}

fetch gateway-api sigs.k8s.io/gateway-api@v1.5.1 \
  h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0= 'config/crd/standard/*.yaml'
fetch istio istio.io/api@v1.30.3 \
  h1:pPSa0uah/t7CEuwacS4rw5qK/oHGvxC0WO8i4RRGwEU= 'kubernetes/*.yaml'
fetch linkerd github.com/linkerd/linkerd2@v0.5.1-0.20260106143553-d22fbc715226 \
  h1:xnCUkJbqubg7678UVq46h0NL+be+BNoT8mxQuZfjuBg= 'charts/linkerd-crds/templates/policy/*.yaml'
fetch consul github.com/hashicorp/consul-k8s/control-plane@v0.0.0-20240226161840-f3842c41cb2b \
  h1:AdeWjUb+rxrRryC5ZHaL32oOZuxubOzV2q6oJ97UMT0= 'config/crd/bases/consul.hashicorp.com_*.yaml'
