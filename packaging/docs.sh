#!/usr/bin/env bash
# Builds the documentation into out/site; a warning or a dead link fails it: called by `make docs`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

HOME_OF=.uv/docs
KEY=$({ pwd; cat packaging/docs.lock packaging/docs.sh; } | digest)

if ! [[ -f $HOME_OF/.stamp && $(<"$HOME_OF/.stamp") == "$KEY" ]] || ! "$HOME_OF/bin/python" -c '' 2>/dev/null; then
  uv=$(ensure_uv)
  python=$(find_python) || python=$(<.python-version)
  say "installing mkdocs-material into $HOME_OF"
  "$uv" venv --quiet --clear --python "$python" "$HOME_OF"
  "$uv" pip sync --quiet --require-hashes --python "$HOME_OF/bin/python" packaging/docs.lock
  printf '%s' "$KEY" >"$HOME_OF/.stamp"
fi

.venv/bin/python packaging/docs_pages.py --check
NO_MKDOCS_2_WARNING=1 "$HOME_OF/bin/python" -m mkdocs build --quiet --strict
echo "the documentation stands in out/site: open out/site/index.html"
