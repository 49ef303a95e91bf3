#!/usr/bin/env bash
# Changes single lines of the money code and looks whether a test notices: called by `make mutation`.
# Works on a copy of the tree, in an environment of its own: .uv/mutation.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

HOME_OF=.uv/mutation
COPY=out/mutation
KEY=$({ pwd; cat requirements-dev.lock packaging/mutation.lock packaging/mutation.sh; } | digest)

if ! [[ -f $HOME_OF/.stamp && $(<"$HOME_OF/.stamp") == "$KEY" ]] || ! "$HOME_OF/bin/python" -c '' 2>/dev/null; then
  uv=$(ensure_uv)
  python=$(find_python) || python=$(<.python-version)
  say "installing mutmut into $HOME_OF"
  "$uv" venv --quiet --clear --python "$python" "$HOME_OF"
  "$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$HOME_OF/bin/python" requirements-dev.lock
  "$uv" pip install --quiet --require-hashes --python "$HOME_OF/bin/python" -r packaging/mutation.lock
  printf '%s' "$KEY" >"$HOME_OF/.stamp"
fi

rm -rf "$COPY"
mkdir -p "$COPY"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$COPY" 2>/dev/null || true
PYTHON=$PWD/$HOME_OF/bin/python
cd "$COPY"
exec "$PYTHON" packaging/mutation.py "$@"
