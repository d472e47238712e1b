"""Makes the package of the functions: a zip with the executable as `bootstrap`, the same for the same executable.

usage: package.py BINARY ZIP
"""

import re
import sys
import zipfile
from pathlib import Path

NEWEST_GLIBC = (2, 34)  # Of provided.al2023.


class Refused(Exception):
    """Nothing to show a traceback for."""


def make(binary: Path, target: Path) -> str:
    data = binary.read_bytes()
    asked = max(((int(a), int(b)) for a, b in re.findall(rb"GLIBC_(\d+)\.(\d+)", data)), default=NEWEST_GLIBC)
    if asked > NEWEST_GLIBC:
        raise Refused(f"{binary} needs glibc {asked[0]}.{asked[1]}, Lambda has 2.34: build it on an older system")
    entry = zipfile.ZipInfo("bootstrap")  # Of 1980, whenever this is: a package changes with its content alone.
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    entry.compress_type = zipfile.ZIP_DEFLATED
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as package:
        package.writestr(entry, data, compresslevel=9)
    return f"{target}: {target.stat().st_size / 1e6:.1f} MB, {len(data) / 1e6:.1f} MB unpacked"


def main() -> int:
    try:
        print(make(*map(Path, sys.argv[1:])), file=sys.stderr)
    except (Refused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
