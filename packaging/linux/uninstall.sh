#!/bin/sh
# Removes what install.sh put there. Settings, journal and logs stay where they are.
set -eu
app=$(cd "$(dirname "$0")" && pwd)
prefix=${app%/lib/vst-desktop}
[ "$prefix" != "$app" ] || { echo "uninstall: run it where it was installed" >&2; exit 1; }
rm -f "$prefix/bin/vst" "$prefix/bin/vst-desktop" "$prefix/share/applications/vst-desktop.desktop"
rm -f "$prefix"/share/icons/hicolor/*/apps/vst-desktop.png
rm -rf "$app"
echo "removed; your settings and the journal are where they were"
