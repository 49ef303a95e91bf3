#!/usr/bin/env bash
# The frozen application, from a clean locked environment of its own (.uv/package) into dist/:
# called by `make package`. Set VST_SKIP_ARCHIVES=1 to stop at build/frozen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

HOME_OF=.uv/package
KEY=$({ pwd; cat requirements.lock packaging/freeze.lock packaging/package.sh; } | digest)

ensure_qt_libraries
uv=$(ensure_uv)
if ! [[ -f $HOME_OF/.stamp && $(<"$HOME_OF/.stamp") == "$KEY" ]] || ! "$HOME_OF/bin/python" -c '' 2>/dev/null; then
  python=$(find_shared_python) || python=$(<.python-version)
  say "installing the locked dependencies into $HOME_OF"
  "$uv" venv --quiet --clear --python "$python" "$HOME_OF"
  "$uv" pip install --quiet --compile-bytecode --require-hashes --python "$HOME_OF/bin/python" \
    -r requirements.lock -r packaging/freeze.lock
  printf '%s' "$KEY" >"$HOME_OF/.stamp"
fi
say "installing the package and building the scanner"
"$uv" pip install --quiet --no-deps --reinstall-package vst-desktop --python "$HOME_OF/bin/python" .
PATH=$(dirname "$(ensure_go)"):$PATH exec "$HOME_OF/bin/python" packaging/package.py "$@"
