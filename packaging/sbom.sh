#!/usr/bin/env bash
# The bill of materials of the frozen application, checked against its schema: `make sbom`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

CHECKER=.uv/sbom FILE=${1:-dist/sbom.cdx.json}
KEY=$({ pwd; cat packaging/sbom.lock packaging/sbom.sh; } | digest)

[[ -f build/frozen/vst-desktop/NOTICE.txt ]] || VST_SKIP_ARCHIVES=1 packaging/package.sh
PATH=$(dirname "$(ensure_go)"):$PATH .uv/package/bin/python packaging/sbom.py "$FILE"

if ! [[ -f $CHECKER/.stamp && $(<"$CHECKER/.stamp") == "$KEY" ]]; then
  uv=$(ensure_uv)
  "$uv" venv --quiet --clear --python .uv/package/bin/python "$CHECKER"
  "$uv" pip install --quiet --require-hashes --python "$CHECKER/bin/python" -r packaging/sbom.lock
  printf '%s' "$KEY" >"$CHECKER/.stamp"
fi
"$CHECKER/bin/python" - "$FILE" <<'P'
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(sys.argv[1]).read_text("utf-8"))
sys.exit(f"sbom: {error}" if error else print("valid against the CycloneDX 1.6 schema"))
P
