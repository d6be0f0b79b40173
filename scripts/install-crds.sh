#!/bin/sh
# Fetches the meshes' own CustomResourceDefinitions for the end-to-end tests into .isthmus/e2e/crds, a folder a mesh. They come
# as Go modules, whose checksums Go verifies; what the module proxy does not give is left out, and its tests say so.
set -eu
cd "$(dirname "$0")/.."

root=.isthmus/e2e/crds

fetch() { # folder, module@version, folder in the module
  target=$root/$1
  if [ -f "$target/.installed" ] && [ "$(cat "$target/.installed")" = "$2" ]; then return; fi
  if ! command -v go >/dev/null; then
    echo "no CRDs of $1: go is not on PATH" >&2
    return
  fi
  # In a folder without a go.mod the module is taken by itself, without what it depends on.
  dir=$(cd /tmp && go mod download -json "$2" 2>/dev/null | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p') || dir=
  if [ -z "$dir" ]; then
    echo "no CRDs of $1: the Go module proxy does not give $2. Put its YAML files into $target by hand." >&2
    return
  fi
  rm -rf "$target"
  mkdir -p "$target"
  for file in "$dir/$3"/*.yaml; do
    # Helm's templates differ from manifests by lines of directives only.
    sed '/^[[:space:]]*{{.*}}[[:space:]]*$/d' "$file" >"$target/$(basename "$file")"
  done
  printf '%s' "$2" >"$target/.installed"
}

fetch gateway-api sigs.k8s.io/gateway-api@v1.5.1 config/crd/standard
fetch istio istio.io/api@v1.30.3 kubernetes
fetch linkerd github.com/linkerd/linkerd2@edge-26.8.3 charts/linkerd-crds/templates
fetch consul github.com/hashicorp/consul-k8s/control-plane@a507b1d config/crd/bases
