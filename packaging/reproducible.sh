#!/usr/bin/env bash
# Two builds of the scanner, in two places and without a cache in common: is it the same file?
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

go=$(ensure_go)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
mapfile -t flags < <(.venv/bin/python - <<'P'
import tomllib
from pathlib import Path

from hatch_build import LDFLAGS

version = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["version"]
print(LDFLAGS.format(version=version))
P
)
for place in one another/deeper; do
  mkdir -p "$scratch/$place"
  cp -R scanner_go "$scratch/$place/scanner_go"
  (cd "$scratch/$place/scanner_go" && CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off \
    GOCACHE="$scratch/$place/cache" "$go" build -trimpath -buildvcs=false \
    -ldflags "${flags[0]}" -o "$scratch/$place/vst-scanner" ./cmd/vst-scanner)
  digest <"$scratch/$place/vst-scanner" >>"$scratch/sums"
done
mapfile -t sums <"$scratch/sums"
built=$(digest <vst_desktop/_bin/vst-scanner)
[[ ${sums[0]} == "${sums[1]}" ]] || { echo "two builds differ: ${sums[*]}"; exit 1; }
[[ ${sums[0]} == "$built" ]] || { echo "the built-in scanner differs: $built, not ${sums[0]}"; exit 1; }
echo "two builds and the built-in scanner are the same file: sha256 $built"
