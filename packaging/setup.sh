#!/usr/bin/env bash
# Brings a clone to the point where .venv/bin/vst runs. Called by `make setup`; safe to call again.
#
# Steps, each skipped when its stamp still fits: Qt's system libraries, uv, a Python 3.12 or 3.13,
# the locked dependencies, the package itself (whose build hook compiles the scanner).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/lib.sh
source packaging/lib.sh

VENV=.venv
STAMPS=$VENV/.setup

# Two makes in one tree would install over each other.
if command -v flock >/dev/null; then exec 9<Makefile && flock 9; fi

deps_key() { { pwd; cat requirements-dev.lock .python-version packaging/setup.sh packaging/lib.sh; } | digest; }

# The scanner's sources stand in this key: the install step is also what builds the binary.
package_key() {
  { deps_key; cat pyproject.toml
    [[ ! -f hatch_build.py ]] || cat hatch_build.py
    find scanner_go proto -type f \( -name '*.go' -o -name 'go.*' -o -name '*.s' -o -name '*.proto' \) \
      -print0 | sort -z | xargs -0 -r cat; } | digest
}

fits() { [[ -f $STAMPS/$1 && $(<"$STAMPS/$1") == "$2" ]]; }

DEPS=$(deps_key) PACKAGE=$(package_key)
# Programs in an environment name its path: a copied tree needs a new one.
moved() { [[ -f $STAMPS/place && $(<"$STAMPS/place") != "$PWD" ]]; }
works() { "$VENV/bin/python" -c '' 2>/dev/null; }
built() { [[ -x $VENV/bin/vst ]] && { [[ ! -f hatch_build.py ]] || compgen -G 'vst_desktop/_bin/vst-scanner*' >/dev/null; }; }

if fits deps "$DEPS" && fits package "$PACKAGE" && works && built; then
  say "ready ($VENV/bin/vst)"
  exit 0
fi

if ! fits deps "$DEPS" || ! works; then
  ensure_qt_libraries
  uv=$(ensure_uv)
  if moved || ! python_supported "$VENV/bin/python"; then
    if python=$(find_python); then
      say "making $VENV with $("$python" --version)"
      "$uv" venv --quiet --clear --python "$python" "$VENV"
    else
      want=$(<.python-version)
      say "no Python 3.12 or 3.13 here: uv fetches $want"
      "$uv" venv --quiet --clear --managed-python --python "$want" "$VENV" ||
        die "no Python 3.12 or 3.13 was found and uv could not fetch one: install one (Debian, Ubuntu: python3.12 or python3.13) and run make setup again"
    fi
  fi
  say "installing the locked dependencies"
  "$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$VENV/bin/python" requirements-dev.lock ||
    die "the locked dependencies could not be installed: see uv's lines above, then run make setup again"
  mkdir -p "$STAMPS"
  rm -f "$STAMPS/package"
  printf '%s' "$PWD" >"$STAMPS/place"
  printf '%s' "$DEPS" >"$STAMPS/deps"
fi

uv=$(ensure_uv)
say "installing the package and building the scanner"
"$uv" pip install --quiet --no-deps --reinstall-package vst-desktop --python "$VENV/bin/python" --editable . ||
  die "the package could not be built: see the lines above, then run make setup again"
printf '%s' "$PACKAGE" >"$STAMPS/package"
say "ready ($VENV/bin/vst)"
