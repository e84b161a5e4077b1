"""One fault in each file of `bad/`, with what shall be said of it in the first lines."""

from pathlib import Path

import pytest

from router.dialplan.load import load
from tests.dialplan.conftest import HERE, faults

BAD = sorted((HERE / "bad").glob("*.yaml"))
EXPECT = "# expect: "


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_fault_is_told_with_its_place_and_what_is_known(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    expected = [f"{file.name}:{line.removeprefix(EXPECT)}" for line in lines if line.startswith(EXPECT)]
    assert expected

    loaded = load(file)

    assert faults(loaded) == expected
    assert loaded.plan is None
    assert loaded.files == {file.name: file.read_text("utf-8")}


def test_every_kind_of_fault_has_its_file() -> None:
    assert len(BAD) >= 200
