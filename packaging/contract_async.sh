#!/usr/bin/env bash
# Runs the adapter's tests on ib_async, in an environment of its own: .uv/ib_async.
# Called by `make contract-async`. The product's library has to be absent there, since both bring
# a package `eventkit`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

HOME_OF=.uv/ib_async
KEY=$({ pwd; cat requirements-dev.lock packaging/ib_async.lock packaging/contract_async.sh; } | digest)

if ! [[ -f $HOME_OF/.stamp && $(<"$HOME_OF/.stamp") == "$KEY" ]] || ! "$HOME_OF/bin/python" -c '' 2>/dev/null; then
  uv=$(ensure_uv)
  python=$(find_python) || python=$(<.python-version)
  say "installing ib_async into $HOME_OF"
  "$uv" venv --quiet --clear --python "$python" "$HOME_OF"
  "$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$HOME_OF/bin/python" requirements-dev.lock
  "$uv" pip uninstall --quiet --python "$HOME_OF/bin/python" ib-insync eventkit
  "$uv" pip install --quiet --no-deps --require-hashes --python "$HOME_OF/bin/python" -r packaging/ib_async.lock
  printf '%s' "$KEY" >"$HOME_OF/.stamp"
fi
exec env PYTHONPATH=. "$HOME_OF/bin/python" -m pytest -q -n 2 --dist worksteal -p no:cacheprovider \
  tests/contract/test_broker_contract.py tests/contract/test_order_life.py \
  tests/integration/test_ibkr_faults.py tests/integration/test_ibkr_storm.py \
  tests/integration/test_ibkr_fuzz.py tests/integration/test_orders_withdrawn.py \
  tests/unit/adapters/ibkr "$@"
