#!/bin/sh
# Installs the folder beside this script: ./install.sh [PREFIX]
# PREFIX is ~/.local, or /usr/local for root. uninstall.sh takes it back.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" = 0 ]; then default=/usr/local; else default=${HOME:?}/.local; fi
prefix=${1:-$default}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
app=$prefix/lib/vst-desktop

mkdir -p "$prefix/lib" "$prefix/bin" "$prefix/share/applications" "$prefix/share/icons"
# The new one stands whole before the old one goes.
rm -rf "$app.new"
cp -a "$here/app" "$app.new"
cp "$here/uninstall.sh" "$app.new/uninstall.sh"
[ ! -d "$app" ] || mv "$app" "$app.old"
mv "$app.new" "$app"
rm -rf "$app.old"
ln -sf ../lib/vst-desktop/vst "$prefix/bin/vst"
ln -sf ../lib/vst-desktop/vst-desktop "$prefix/bin/vst-desktop"
cp -R "$here/icons/." "$prefix/share/icons/"
sed "s|^Exec=.*|Exec=\"$prefix/bin/vst-desktop\"|" "$here/vst-desktop.desktop" \
  >"$prefix/share/applications/vst-desktop.desktop"

echo "installed: $prefix/bin/vst-desktop and $prefix/bin/vst"
echo "to remove: $app/uninstall.sh"
case :$PATH: in *":$prefix/bin:"*) ;; *) echo "note: $prefix/bin is not on your PATH" ;; esac
missing=$(ldd "$app/_internal/PySide6/Qt/plugins/platforms/libqxcb.so" 2>/dev/null |
  awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
[ -z "$missing" ] || echo "note: a window also needs these libraries of your system: $missing"
