"""Which shared libraries an unpacked program lacks, and which package may bring one.

Read from the ELF files themselves, so that no list of libraries has to follow the distribution.
"""

import difflib
import functools
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from packages import Apt, CannotFetch


def add_libraries(apt: Apt, packages: set[str], root: Path, programs: Iterable[Path]) -> None:
    """Unpacks those of `packages` that bring what `programs` link against. Raises CannotFetch."""
    programs, untried = tuple(programs), set(packages)
    for _ in range(12):
        missing = missing_libraries(root, programs)
        if not missing:
            return
        # By the library's own name first (Debian Policy 8.1); the rest may have come along with those.
        named = {name for library in missing for name in untried & usual_packages(library)}
        chosen = named or {nearest(library, untried) for library in missing}
        apt.unpack(chosen, root)
        untried -= chosen
    raise CannotFetch(f"No package was found that brings {', '.join(sorted(missing_libraries(root, programs)))}.")


def missing_libraries(root: Path, programs: Iterable[Path]) -> set[str]:
    """What `programs` and their libraries link against and `root` does not hold."""
    folders = library_folders(root)
    todo = list(programs)
    seen: set[str] = set()
    missing: set[str] = set()
    while todo:
        for library in needed(todo.pop()) - seen:
            seen.add(library)
            path = next((folder / library for folder in folders if (folder / library).exists()), None)
            if path:
                todo.append(path)
            else:
                missing.add(library)
    return missing


def usual_packages(library: str) -> set[str]:
    """libxml2.so.16 is in libxml2-16, libgcc_s.so.1 in libgcc-s1, libssl.so.3 in libssl3t64."""
    stem, _, version = library.partition(".so.")
    stem = stem.lower().replace("_", "-")
    name = f"{stem}-{version}" if stem[-1:].isdigit() else f"{stem}{version}"
    return {name, f"{name}t64"}


def nearest(library: str, packages: set[str]) -> str:
    wanted = library.lower().replace(".so.", "")
    return max(sorted(packages), key=lambda name: difflib.SequenceMatcher(None, wanted, name).ratio())


def needed(path: Path) -> set[str]:
    """The DT_NEEDED entries of an ELF file, 64 bit, little-endian (amd64 and arm64; elf(5))."""
    image = path.read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        return set()
    table, size, count = *struct.unpack_from("<Q", image, 32), *struct.unpack_from("<HH", image, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", image, table + i * size) for i in range(count)]
    loads = [(address, offset, length) for kind, _, offset, address, _, length, _, _ in headers if kind == 1]
    dynamic = next(((offset, length) for kind, _, offset, _, _, length, _, _ in headers if kind == 2), (0, 0))
    entries = list(struct.iter_unpack("<QQ", image[dynamic[0] : sum(dynamic)][: dynamic[1] // 16 * 16]))
    strings = next((value for tag, value in entries if tag == 5), 0)
    base = next(
        (offset + strings - start for start, offset, length in loads if start <= strings < start + length), 0
    )
    names = (base + value for tag, value in entries if tag == 1)
    return {image[start : image.index(b"\0", start)].decode() for start in names} - {"linux-vdso.so.1"}


def library_folders(root: Path) -> list[Path]:
    return [path for path in (root / "usr/lib" / triplet(), root / "lib" / triplet()) if path.is_dir()]


@functools.cache
def triplet() -> str:
    """The folder of this architecture's libraries, such as x86_64-linux-gnu."""
    machine = os.uname().machine
    return f"{'aarch64' if machine in ('arm64', 'aarch64') else machine}-linux-gnu"
