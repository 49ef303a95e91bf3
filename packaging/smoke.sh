#!/usr/bin/env bash
# The frozen application under the hands of a stranger: `make smoke`. See smoke.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

command -v Xvfb >/dev/null || install_packages xvfb ||
  die "the window is tested under Xvfb: install it as root (apt-get install xvfb) and run make smoke again"
python=.uv/package/bin/python
[[ -x $python ]] || python=$(command -v python3)
exec "$python" packaging/smoke.py "$@"
