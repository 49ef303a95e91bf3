#!/usr/bin/env bash
# Makes .uv/peers, the environment of vectorbt, which `vst bench scan` then measures too.
# Called by `make bench`; one line when there is nothing to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

PEERS=.uv/peers
KEY=$({ pwd; cat packaging/peers.lock packaging/peers.sh; } | digest)

if [[ -f $PEERS/.stamp && $(<"$PEERS/.stamp") == "$KEY" ]] && "$PEERS/bin/python" -c '' 2>/dev/null; then
  say "ready ($PEERS)"
  exit 0
fi
uv=$(ensure_uv)
python=$(find_python) || python=$(<.python-version)
say "installing vectorbt into $PEERS"
"$uv" venv --quiet --clear --python "$python" "$PEERS"
"$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$PEERS/bin/python" packaging/peers.lock ||
  die "vectorbt could not be installed: see uv's lines above; vst bench scan goes without it"
printf '%s' "$KEY" >"$PEERS/.stamp"
say "ready ($PEERS)"
