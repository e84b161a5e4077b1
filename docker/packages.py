"""Packages of this host's distribution, downloaded and unpacked without being installed.

apt runs with a state of its own, so that neither the host's lists nor what it has installed matter, and nothing of
the host is changed. The mirror is the host's own: no name of one stands here.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class CannotFetch(Exception):
    """What stood in the way, in words for whoever runs `make demo`."""


class Source(NamedTuple):
    """A package source of this host. signed_by: as apt reads it (a path, or a key in the source itself), or ""."""

    uri: str
    suite: str
    signed_by: str


class Apt:
    """apt with a state of its own: it sees one source of the host and nothing that is installed."""

    def __init__(self, folder: Path, architecture: str, source: str) -> None:
        self.archives = folder / "archives"
        for path in (folder / "lists/partial", self.archives / "partial"):
            path.mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(source)
        options = {
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": folder,
            "Dir::State::Lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder,
            "Dir::Cache::Archives": self.archives,
            # Images for containers switch these off, and each command would read 10 MB of gzip anew.
            "Dir::Cache::pkgcache": folder / "pkgcache.bin",
            "Dir::Cache::srcpkgcache": folder / "srcpkgcache.bin",
            "Acquire::GzipIndexes": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            # A mirror that is a frozen snapshot is signed, but no longer "valid".
            "Acquire::Check-Valid-Until": "false",
            "APT::Architecture": architecture,
            # apt's own user may not read a private folder.
            "APT::Sandbox::User": output("id", "-un").strip(),
        }
        # Read after the host's own configuration, whose proxy is needed and whose hooks are for the host.
        cleared = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
        lines = [f"#clear {name};" for name in (*cleared, "APT::Architectures")]
        lines += [f'{name} "{value}";' for name, value in options.items()]
        self._conf = folder / "apt.conf"
        self._conf.write_text("\n".join(lines) + "\n")

    def __call__(self, tool: str, *arguments: str, cwd: Path | None = None) -> str:
        return output(tool, "-qq", f"-c={self._conf}", *arguments, cwd=cwd)

    def origin(self) -> str:
        return self("apt-get", "indextargets", "--format", "$(ORIGIN)").partition("\n")[0]

    def version(self, package: str) -> str:
        match = re.search(r"^Version: (.+)$", self("apt-cache", "show", "--no-all-versions", package), re.MULTILINE)
        if match is None:
            raise CannotFetch(f"This distribution has no package {package}.")
        return match[1]

    def depends(self, packages: Iterable[str]) -> set[str]:
        """Every package that an installation of `packages` could bring."""
        left_out = ("suggests", "recommends", "conflicts", "breaks", "replaces", "enhances", "pre-depends")
        options = [f"--no-{kind}" for kind in left_out]
        told = self("apt-cache", "depends", "--recurse", *options, *packages)
        return {line for line in told.splitlines() if re.match(r"[a-z0-9]", line)}

    def unpack(self, packages: Iterable[str], root: Path) -> None:
        self("apt-get", "download", *packages, cwd=self.archives)
        for archive in self.archives.glob("*.deb"):
            output("dpkg-deb", "--extract", str(archive), str(root))
            archive.unlink()


def open_apt(folder: Path, architecture: str) -> Apt:
    """apt over the first of the host's sources that is the distribution itself, by its signed Release file."""
    host = os_release()
    ubuntu = host.get("UBUNTU_CODENAME", "")
    origin, suite = ("Ubuntu", ubuntu) if ubuntu else ("Debian", "testing")
    components = "main universe" if ubuntu else "main"
    own = ubuntu or host.get("VERSION_CODENAME", "")
    sources = sorted(set(read_sources()), key=lambda source: (source.suite != own, source.uri))
    if not sources:
        raise CannotFetch("apt has no package source here (/etc/apt/sources.list, /etc/apt/sources.list.d/).")
    tried: dict[str, str] = {}
    for place, source in enumerate(sources):
        if source.uri in tried:
            continue
        state = folder / str(place)
        state.mkdir(parents=True)
        signed = f" signed-by={key_file(source.signed_by, state)}" if source.signed_by else ""
        line = f"deb [target=Packages arch={architecture}{signed}] {source.uri} {suite} {components}\n"
        apt = Apt(state, architecture, line)
        try:
            apt("apt-get", "update")
            if apt.origin() == origin:
                return apt
            tried[source.uri] = f'its origin is "{apt.origin()}"'
        except CannotFetch as problem:
            tried[source.uri] = str(problem)
    looked = "\n".join(f"  {uri}: {why}" for uri, why in tried.items())
    raise CannotFetch(f'None of apt\'s sources gave {origin} "{suite}":\n{looked}')


def read_sources() -> Iterator[Source]:
    """The host's package sources, from both of apt's formats (sources.list(5))."""
    parts = Path("/etc/apt/sources.list.d")
    for path in (Path("/etc/apt/sources.list"), *sorted(parts.glob("*.list"))):
        if path.is_file():
            yield from read_one_line_sources(path.read_text(errors="replace"))
    for path in sorted(parts.glob("*.sources")):
        yield from read_deb822_sources(path.read_text(errors="replace"))


def read_one_line_sources(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if match := re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)", line):
            signed = re.search(r"signed-by=(\S+)", match[1] or "")
            yield Source(match[2], match[3], signed[1] if signed else "")


def read_deb822_sources(text: str) -> Iterator[Source]:
    plain = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for stanza in re.split(r"\n\s*\n", plain):
        fields = dict(re.findall(r"^([A-Za-z0-9-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE))
        fields = {name.lower(): value.strip() for name, value in fields.items()}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, fields.get("signed-by", ""))


def key_file(signed_by: str, folder: Path) -> str:
    """The path of the key, written out when the source carries the key itself."""
    if "BEGIN PGP" not in signed_by:
        return ",".join(signed_by.split())
    lines = [line.strip() for line in signed_by.splitlines()]
    path = folder / "source.asc"
    path.write_text("\n".join("" if line == "." else line for line in lines) + "\n")
    return str(path)


def os_release() -> dict[str, str]:
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return {}
    return {name: value.strip("\"'") for name, value in re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)}


def output(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CannotFetch(f"{command[0]}: {problem}") from None
    if done.returncode:
        wrong = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))]
        raise CannotFetch(f"{command[0]}: {' '.join(wrong[:3]) or done.stderr.strip()[-300:]}")
    return done.stdout
