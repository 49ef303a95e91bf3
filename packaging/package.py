"""Freezes the application and, on Linux, packs it: dist/*.tar.xz and dist/*.deb.

Run by packaging/package.sh inside the clean environment; on Windows and macOS by the release
workflow, which makes the installers of build/frozen itself.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import distribution, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD, DIST = ROOT / "build", ROOT / "dist"
ICONS, FROZEN = BUILD / "icons", BUILD / "frozen"
APP = FROZEN / "vst-desktop"
LINUX = ROOT / "packaging" / "linux"
LIMIT_UNPACKED_MB, LIMIT_PACKED_MB = 520, 150
MB = 1e6
DEPENDS = (
    "libc6, libegl1, libgl1, libxkbcommon0, libxkbcommon-x11-0, libdbus-1-3, libfontconfig1,"
    " libxcb-cursor0, libxcb-icccm4, libxcb-image0, libxcb-keysyms1, libxcb-render-util0,"
    " libxcb-xkb1, libwayland-client0, libwayland-cursor0, libwayland-egl1"
)


def main() -> int:
    freeze()
    size = sum(path.stat().st_size for path in APP.rglob("*") if not path.is_symlink()) / MB
    print(f"frozen: {APP.relative_to(ROOT)}, {size:.0f} MB of at most {LIMIT_UNPACKED_MB}")
    too_large = size > LIMIT_UNPACKED_MB
    if sys.platform == "linux" and not os.environ.get("VST_SKIP_ARCHIVES"):
        for packed in (tarball(), debian()):
            size = packed.stat().st_size / MB
            print(f"packed: {packed.relative_to(ROOT)}, {size:.0f} MB of at most {LIMIT_PACKED_MB}")
            too_large |= size > LIMIT_PACKED_MB
    if too_large:
        print("package: larger than promised", file=sys.stderr)
    return int(too_large)


def freeze() -> None:
    started = time.monotonic()
    shutil.rmtree(FROZEN, ignore_errors=True)
    run(sys.executable, "packaging/icons.py", ICONS)
    run(
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"),
        *("--distpath", FROZEN, "--workpath", BUILD / "pyinstaller", "packaging/vst.spec"),
        # The installed package, not the sources in the working directory.
        env={"VST_ICONS": str(ICONS), "PYTHONSAFEPATH": "1"},
    )
    check_data()
    run(sys.executable, "packaging/licenses.py", APP / "NOTICE.txt")
    shutil.copy2(ROOT / "LICENSE", APP / "LICENSE.txt")
    for bundle in FROZEN.glob("*.app/Contents/Resources"):
        shutil.copy2(APP / "NOTICE.txt", bundle)
        shutil.copy2(APP / "LICENSE.txt", bundle)
    if sys.platform == "linux" and (strip := shutil.which("strip")):
        for library in (APP / "_internal").glob("libpython*.so*"):  # may carry debug symbols
            run(strip, "--strip-debug", library)
    print(f"froze in {time.monotonic() - started:.0f} s", flush=True)


def check_data() -> None:
    """Every file that the installed package brings beside its code must have come along."""
    installed = Path(str(distribution("vst-desktop").locate_file("vst_desktop")))
    frozen = APP / "_internal" / "vst_desktop"
    files = (path.relative_to(installed) for path in installed.rglob("*") if path.is_file())
    missing = [
        str(file)
        for file in files
        if file.suffix not in (".py", ".pyc", ".pyi") and not (frozen / file).exists()
    ]
    if missing:
        sys.exit(f"package: left out of the frozen application: {', '.join(sorted(missing))}")


def tarball() -> Path:
    """The folder with its own installer: install.sh and uninstall.sh."""
    name = f"vst-desktop-{version('vst-desktop')}-linux-{platform.machine()}"
    stage = fresh(BUILD / "tarball") / name
    shutil.copytree(APP, stage / "app", symlinks=True)
    for script in ("install.sh", "uninstall.sh", "vst-desktop.desktop"):
        shutil.copy2(LINUX / script, stage / script)
    icons(stage / "icons")
    packed = DIST / f"{name}.tar.xz"
    DIST.mkdir(exist_ok=True)
    run(
        *("tar", "--create", "--file", packed, "--directory", stage.parent, "--sort=name"),
        *("--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{epoch()}"),
        *("--use-compress-program=xz -3 -T0", name),
    )
    return packed


def debian() -> Path:
    """The same for Debian and Ubuntu: /usr/lib/vst-desktop and links in /usr/bin."""
    name, number = "vst-desktop", version("vst-desktop")
    machine = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    stage = fresh(BUILD / "debian")
    shutil.copytree(APP, stage / "usr/lib" / name, symlinks=True)
    links = stage / "usr/bin"
    links.mkdir(parents=True)
    for program in (name, "vst"):
        (links / program).symlink_to(f"../lib/{name}/{program}")
    entry = stage / "usr/share/applications/vst-desktop.desktop"
    entry.parent.mkdir(parents=True)
    shutil.copy2(LINUX / "vst-desktop.desktop", entry)
    icons(stage / "usr/share/icons")
    notices = stage / "usr/share/doc" / name
    notices.mkdir(parents=True)
    shutil.copy2(APP / "LICENSE.txt", notices / "copyright")
    installed = sum(p.stat().st_size for p in stage.rglob("*") if not p.is_symlink()) // 1024
    (stage / "DEBIAN").mkdir()
    (stage / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {number}\nArchitecture: {machine}\n"
        "Maintainer: Vertical Spread Trader Station developers <noreply@localhost>\n"
        f"Installed-Size: {installed}\nDepends: {DEPENDS}\n"
        "Section: misc\nPriority: optional\n"
        "Description: station for vertical option spreads with Interactive Brokers\n"
        " Scans for signals, selects vertical spreads, trades them through TWS after one click,\n"
        " and watches their exits. Comes with a TWS simulator for a demo without an account.\n",
        encoding="utf-8",
    )
    packed = DIST / f"{name}_{number}_{machine}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-z2", "--build", stage, packed)
    return packed


def icons(theme: Path) -> None:
    """The icon in the folders of the hicolor theme."""
    for picture in ICONS.glob("*.png"):
        size = picture.stem.rpartition("-")[2]
        place = theme / "hicolor" / f"{size}x{size}" / "apps" / "vst-desktop.png"
        place.parent.mkdir(parents=True)
        shutil.copy2(picture, place)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def epoch() -> str:
    """Time of the commit: what an archive says must not depend on when it was packed."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout.strip() or "0"


def run(*command: object, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [str(part) for part in command], cwd=ROOT, check=True, env=os.environ | (env or {})
    )


if __name__ == "__main__":
    sys.exit(main())
