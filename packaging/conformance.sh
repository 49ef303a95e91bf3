#!/usr/bin/env bash
# Clients that this project did not write, each in an environment of its own under
# .uv/conformance, against `vst sim`. Called by `make conformance`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

HOME_OF=$PWD/.uv/conformance
LOCKS=packaging/conformance
KEY=$({ pwd; cat "$LOCKS"/* packaging/conformance.sh; } | digest)

if ! [[ -f $HOME_OF/.stamp && $(<"$HOME_OF/.stamp") == "$KEY" ]]; then
  command -v npm >/dev/null || die "the TypeScript client needs Node.js 20 or later with npm: install it and run again"
  uv=$(ensure_uv)
  python=$(find_python) || python=$(<.python-version)
  rm -rf "$HOME_OF"
  for lock in "$LOCKS"/*.lock; do
    name=$(basename "$lock" .lock)
    say "installing $name into .uv/conformance"
    "$uv" venv --quiet --python "$python" "$HOME_OF/$name"
    "$uv" pip sync --quiet --require-hashes --python "$HOME_OF/$name/bin/python" "$lock"
  done
  say "installing @stoqey/ib into .uv/conformance"
  mkdir -p "$HOME_OF/node"
  cp "$LOCKS"/package*.json "$HOME_OF/node/"
  (cd "$HOME_OF/node" && npm ci --silent --no-audit --no-fund)
  printf '%s' "$KEY" >"$HOME_OF/.stamp"
fi
exec .venv/bin/python tests/conformance/run.py "$HOME_OF" docs/conformance.md
