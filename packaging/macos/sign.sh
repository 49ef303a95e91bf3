#!/usr/bin/env bash
# Signs, notarises and packs the macOS bundle: packaging/macos/sign.sh BUNDLE OUT.dmg
# Unproven: run by the release workflow, never yet with a real certificate.
#
# MACOS_IDENTITY                        Developer ID Application; without it the signature is ad hoc
# MACOS_APPLE_ID MACOS_TEAM MACOS_PASSWORD   for the notary; without them nothing is notarised
set -euo pipefail
bundle=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
identity=${MACOS_IDENTITY:--}
options=(--force --sign "$identity" --entitlements "$here/entitlements.plist")
[[ $identity == - ]] || options+=(--options runtime --timestamp)

# Signing changes the scanner, so its stamp is written anew before the bundle is sealed around it.
while IFS= read -r -d '' scanner; do
  codesign "${options[@]}" "$scanner"
  stamp=$(find "$bundle" -type f -name scanner.json)
  sum=$(shasum -a 256 "$scanner" | cut -d' ' -f1)
  python3 - "$stamp" "$sum" <<'P'
import json
import sys
from pathlib import Path

stamp = Path(sys.argv[1])
content = json.loads(stamp.read_text("utf-8")) | {"sha256": sys.argv[2]}
stamp.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
P
done < <(find "$bundle" -type f -name vst-scanner -print0)

while IFS= read -r -d '' library; do
  codesign "${options[@]}" "$library"
done < <(find "$bundle" -type f \( -name '*.dylib' -o -name '*.so' -o -name Python \) -print0)
codesign "${options[@]}" "$bundle"
codesign --verify --strict "$bundle"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
ditto "$bundle" "$stage/$(basename "$bundle")"
ln -s /Applications "$stage/Applications"
hdiutil create -quiet -volname "Vertical Spread Trader" -srcfolder "$stage" -format ULFO -ov "$out"

if [[ -n ${MACOS_APPLE_ID:-} && -n ${MACOS_TEAM:-} && -n ${MACOS_PASSWORD:-} && $identity != - ]]; then
  codesign --force --sign "$identity" --timestamp "$out"
  xcrun notarytool submit "$out" --wait \
    --apple-id "$MACOS_APPLE_ID" --team-id "$MACOS_TEAM" --password "$MACOS_PASSWORD"
  xcrun stapler staple "$out"
else
  echo "sign: not notarised (no credentials)" >&2
fi
