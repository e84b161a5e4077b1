"""The scripts and files of `docker/`: what can be known of them without a Docker engine and without a download."""

import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from router.settings import SECTIONS, CallSettings, load_settings

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
DOCKERFILE = (DOCKER / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def fetch() -> Iterator[ModuleType]:
    """docker/fetch-asterisk as a module."""
    loader = importlib.machinery.SourceFileLoader("fetch_asterisk", str(DOCKER / "fetch-asterisk"))
    spec = importlib.util.spec_from_loader("fetch_asterisk", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCKER))
        loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def packages(fetch: ModuleType) -> ModuleType:
    return sys.modules["packages"]


@pytest.fixture(scope="module")
def libraries(fetch: ModuleType) -> ModuleType:
    return sys.modules["libraries"]


def expanded(value: str) -> str:
    """What compose makes of ${NAME:-default} and ${NAME:?message} where only the secrets are set."""
    return re.sub(r"\$\{\w+:([-?])([^}]*)\}", lambda m: m[2] if m[1] == "-" else "secret", value)


def environment(service: str) -> dict[str, str]:
    return {name: expanded(str(value)) for name, value in COMPOSE["services"][service]["environment"].items()}


def placeholders() -> set[str]:
    return {
        name
        for conf in (ROOT / "asterisk-conf").glob("*.conf")
        for name in re.findall(r"@([A-Z_]+)@", conf.read_text())
    }


# --- compose, Dockerfile, unit


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_built_from_a_target_that_exists(name: str) -> None:
    build: dict[str, Any] = COMPOSE["services"][name]["build"]
    assert (DOCKER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert f"AS {build['target']}\n" in DOCKERFILE


def test_every_script_that_is_named_is_there_and_can_be_run() -> None:
    text = DOCKERFILE + (DOCKER / "compose.yaml").read_text() + (ROOT / "Makefile").read_text()
    named = set(re.findall(r"docker/[a-z]+-[a-z]+", text))
    assert len(named) >= 5
    assert {name for name in named if not os.access(ROOT / name, os.X_OK)} == set()


def test_everything_that_is_copied_into_an_image_is_there() -> None:
    copied = [word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert {word for word in copied if not (ROOT / word).exists()} == set()


def test_the_router_starts_with_the_settings_of_compose() -> None:
    settings = load_settings(None, environment("router"))
    assert settings.ari.url == "http://127.0.0.1:8088"
    assert settings.smtp.port == 2525


def test_systemd_waits_longer_for_the_router_to_stop_than_calls_may_take() -> None:
    unit = (DOCKER / "callrouter.service").read_text()
    [stop_s] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)

    assert int(stop_s) >= CallSettings().drain_s + 60


def test_every_setting_is_in_the_readme() -> None:
    readme = (DOCKER / "README.md").read_text()
    table = readme.partition("## Settings")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", table, re.M))

    assert documented == {f"{section}.{key}".lstrip(".") for section in SECTIONS for key in SECTIONS[section]}


def test_the_asterisk_of_compose_gets_every_value_its_configuration_wants() -> None:
    script = (DOCKER / "start-asterisk").read_text()
    given = set(re.findall(r'\b([A-Z_]+)="\$\{', script)) | {"ARI_SECRET", "PHONE_SECRET"}
    assert placeholders() <= given
    assert {"ARI_SECRET", "PHONE_SECRET"} <= set(environment("asterisk"))


def test_a_value_the_configuration_wants_is_asked_for_by_name(tmp_path: Path) -> None:
    description = tmp_path / "description"
    description.write_text("ASTERISK_MODULES=/m ASTERISK_DATA=/d ASTERISK_LOADER= ASTERISK_BINARY=/bin/false\n")
    command = [DOCKER / "run-asterisk", description, ROOT / "asterisk-conf", tmp_path / "state", "-f"]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    done = subprocess.run(command, env=known | {"ARI_PORT": "8088"}, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "ari.conf: not set: ARI_SECRET" in done.stderr


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    description, conf, state = tmp_path / "description", tmp_path / "conf", tmp_path / "state"
    description.write_text("ASTERISK_MODULES=/m ASTERISK_DATA=/d ASTERISK_LOADER= ASTERISK_BINARY=/bin/true\n")
    conf.mkdir()
    (conf / "ari.conf").write_text("password = @ARI_SECRET@ ; a & b\n")

    subprocess.run(
        [DOCKER / "run-asterisk", description, conf, state, "-f"],
        env={**os.environ, "ARI_SECRET": r"s&e\1c'r|e/t"},
        check=True,
    )

    written = state / "etc/ari.conf"
    assert written.read_text() == "password = s&e\\1c'r|e/t ; a & b\n"
    assert written.stat().st_mode & 0o077 == 0


def test_make_secrets_keeps_the_ones_that_are_there(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    script.write_bytes((DOCKER / "make-secrets").read_bytes())
    script.chmod(0o755)
    subprocess.run([script], check=True, capture_output=True)
    first = (tmp_path / ".env").read_text()
    assert re.fullmatch(r"ARI_SECRET=[0-9a-f]{48}\nPHONE_SECRET=[0-9a-f]{48}\n", first)
    subprocess.run([script], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == first


# --- finding an Asterisk


def test_package_sources_are_read_from_both_of_apts_formats(packages: ModuleType) -> None:
    one_line = """
        # deb http://no.example/debian bookworm main
        deb http://a.example/debian bookworm main contrib
        deb-src http://a.example/debian bookworm main
        deb [arch=amd64 signed-by=/k.gpg] mirror+file:/etc/apt/mirrors.list trixie main
    """
    deb822 = """
Types: deb deb-src
URIs: http://b.example/debian https://c.example/debian
# a comment inside
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/k.gpg

Types: deb
URIs: http://off.example/
Suites: x
Enabled: no

Types: deb
URIs: http://d.example/
Suites: noble
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""
    assert [tuple(source) for source in packages.read_one_line_sources(one_line)] == [
        ("http://a.example/debian", "bookworm", ""),
        ("mirror+file:/etc/apt/mirrors.list", "trixie", "/k.gpg"),
    ]
    sources = list(packages.read_deb822_sources(deb822))
    assert [source.uri for source in sources] == [
        "http://b.example/debian", "http://b.example/debian", "https://c.example/debian",
        "https://c.example/debian", "http://d.example/",
    ]  # fmt: skip
    assert sources[0].signed_by == "/usr/share/keyrings/k.gpg"
    assert "BEGIN PGP" in sources[-1].signed_by


def test_a_key_inside_a_source_becomes_a_file(packages: ModuleType, tmp_path: Path) -> None:
    inside = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"
    path = Path(packages.key_file(inside, tmp_path))
    assert path.read_text().splitlines()[1:3] == ["", "mQINBF"]
    assert packages.key_file("/a.gpg /b.gpg", tmp_path) == "/a.gpg,/b.gpg"


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libxml2.so.16", "libxml2-16"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libssl.so.3", "libssl3t64"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libsqlite3.so.0", "libsqlite3-0"),
    ],
)
def test_a_librarys_package_is_guessed_by_debians_rule(libraries: ModuleType, library: str, package: str) -> None:
    assert package in libraries.usual_packages(library)


@pytest.mark.parametrize(
    ("library", "package"), [("libxslt.so.1", "libxslt1.1"), ("libbsd.so.0", "libbsd0"), ("libz.so.1", "zlib1g")]
)
def test_else_by_likeness(libraries: ModuleType, library: str, package: str) -> None:
    assert libraries.nearest(library, {"libxslt1.1", "libbsd0", "zlib1g", "libssl3t64", "adduser"}) == package


def test_modules_behind_a_semicolon_find_their_libraries_when_it_is_taken_away(
    fetch: ModuleType, libraries: ModuleType, tmp_path: Path
) -> None:
    modules = tmp_path / "usr/lib" / libraries.triplet() / "asterisk/modules"
    modules.mkdir(parents=True)
    for name in ("res_ari.so", "res_stir_shaken.so", "app_voicemail.so"):
        (modules / name).touch()

    assert {path.name for path in fetch.programs(tmp_path)} == {"asterisk", "res_ari.so", "res_stir_shaken.so"}
    assert "res_stir_shaken.so" not in fetch.wanted_modules(), "an installed Asterisk may lack it"


def test_what_a_program_links_against_is_read_from_the_file(libraries: ModuleType) -> None:
    """The interpreter's own binary, or libc itself: any 64-bit ELF file here."""
    assert any(re.match(r"libc\.so\.6|libm\.so\.6|libpython", name) for name in libraries.needed(Path("/bin/sh")))
    assert libraries.needed(DOCKER / "fetch-asterisk") == set()


@pytest.mark.parametrize(
    ("version", "number"),
    [("1:22.10.1+dfsg+~cs6.17-1", (22, 10, 1)), ("20.6.0~dfsg", (20, 6, 0)), ("22", (22,)), ("git", ())],
)
def test_versions_are_compared_by_their_numbers(fetch: ModuleType, version: str, number: tuple[int, ...]) -> None:
    assert fetch.number(version) == number


def test_a_description_named_by_hand_wins(
    fetch: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASTERISK_DESCRIPTION", str(tmp_path / "own"))
    with pytest.raises(fetch.CannotFetch, match="which is no file"):
        fetch.find()
    (tmp_path / "own").touch()
    assert fetch.find() == tmp_path / "own"


def test_without_apt_it_says_what_to_do_next(
    fetch: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ASTERISK_DESCRIPTION", raising=False)
    monkeypatch.setattr(fetch, "CACHE", tmp_path)
    monkeypatch.setattr(fetch, "find_installed", lambda: None)
    monkeypatch.setattr(fetch.shutil, "which", lambda name, path=None: None)
    assert fetch.main() == 1
    said = capsys.readouterr().err
    assert "no apt-get here" in said
    assert "Next best" in said


@pytest.mark.parametrize(("told", "why"), [("Asterisk 18.10.0~dfsg", "older than 20"), ("?", "older than 20")])
def test_an_installed_asterisk_that_is_too_old_is_passed_over(
    fetch: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    told: str,
    why: str,
) -> None:
    binary = tmp_path / "asterisk"
    binary.write_text(f"#!/bin/sh\necho '{told}'\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert fetch.find_installed() is None
    assert why in capsys.readouterr().err
