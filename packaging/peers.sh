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
say "installing the peers of vst bench into $PEERS"
"$uv" venv --quiet --clear --python "$python" "$PEERS"
"$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$PEERS/bin/python" packaging/peers.lock ||
  die "vectorbt could not be installed: see uv's lines above; vst bench scan goes without it"
# It compiles at its first call and keeps the outcome.
few=$(mktemp -d)
"$PEERS/bin/python" - "$few" <<'P'
import sys, numpy as np
for name in ("close", "high", "low"):
    np.save(f"{sys.argv[1]}/{name}.npy", np.full((250, 2), 10.0, order="F"))
P
"$PEERS/bin/python" -P vst_desktop/cli/bench/vectorbt_peer.py "$few" <<<"" >/dev/null 2>&1 ||
  die "vectorbt was installed and does not run; vst bench scan goes without it"
rm -rf "$few"
printf '%s' "$KEY" >"$PEERS/.stamp"
say "ready ($PEERS)"
