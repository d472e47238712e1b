"""Makes the package of the functions: a zip with the executable as `bootstrap`, the same for the same executable.

usage: package.py BINARY ZIP
"""

import re
import sys
import zipfile
from pathlib import Path

NEWEST_GLIBC = (2, 34)  # Of provided.al2023.
# What an ELF header has in e_machine, and what Lambda calls it.
ARCHITECTURES = {62: "x86_64", 183: "arm64"}


class Refused(Exception):
    """Nothing to show a traceback for."""


def architecture(data: bytes, name: object) -> str:
    """Lambda's word for what this executable runs on. Refused is what Lambda could not start."""
    # 64 bits, little endian, for Linux or for no system in particular.
    if data[:6] != b"\x7fELF\x02\x01" or data[7:8] not in (b"\0", b"\3"):
        raise Refused(f"{name} is no program for Linux with 64 bits, and Lambda runs no other")
    machine = int.from_bytes(data[18:20], "little")
    if machine not in ARCHITECTURES:
        raise Refused(f"{name} is for another processor than x86-64 or ARM64, and Lambda has no other")
    asked = max(((int(a), int(b)) for a, b in re.findall(rb"GLIBC_(\d+)\.(\d+)", data)), default=NEWEST_GLIBC)
    if asked > NEWEST_GLIBC:
        raise Refused(f"{name} needs glibc {asked[0]}.{asked[1]}, Lambda has 2.34: scripts/build-small builds for that")
    return ARCHITECTURES[machine]


def executable(package: Path) -> bytes:
    try:
        with zipfile.ZipFile(package) as opened:
            return opened.read("bootstrap")
    except (zipfile.BadZipFile, KeyError) as error:
        raise Refused(f"{package} is no package of functions: {error}") from error


def pack(data: bytes, target: Path) -> None:
    entry = zipfile.ZipInfo("bootstrap")  # Of 1980, whenever this is: a package changes with its content alone.
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_DEFLATED
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as package:
        package.writestr(entry, data, compresslevel=9)


def make(binary: Path, target: Path) -> str:
    data = binary.read_bytes()
    kind = architecture(data, binary)
    pack(data, target)
    return f"{target}, for {kind}: {target.stat().st_size / 1e6:.1f} MB, {len(data) / 1e6:.1f} MB unpacked"


def main() -> int:
    try:
        print(make(*map(Path, sys.argv[1:])), file=sys.stderr)
    except (Refused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
