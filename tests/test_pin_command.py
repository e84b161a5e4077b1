"""`callrouter pin`: what stands in the plan for a PIN."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from router.cli import main
from router.dialplan.pins import is_kept, is_right, kept
from router.model.pin import Pin


def test_what_it_prints_fits_the_pin_and_no_other() -> None:
    printed = CliRunner().invoke(main, ["pin"], input="2468\n2468\n").stdout.strip()

    assert is_kept(printed)
    assert "2468" not in printed
    assert is_right("2468", Pin(kept=printed))
    assert not is_right("2469", Pin(kept=printed))
    assert not is_right("24680", Pin(kept=printed))


@pytest.mark.parametrize("typed", ["123", "1234567890123", "12 34", "abcd", "١٢٣٤"])
def test_what_no_phone_could_type_is_refused_and_not_repeated(typed: str) -> None:
    told = CliRunner().invoke(main, ["pin"], input=f"{typed}\n{typed}\n")

    assert told.exit_code == 2
    assert "4 to 12 digits" in told.output
    assert typed not in told.output


def test_two_people_with_the_same_pin_have_nothing_in_common() -> None:
    assert kept("2468") != kept("2468")


@pytest.mark.parametrize(
    "written", ["2468\n", "  2468", kept("2468") + "\n"], ids=["with a line end", "indented", "as a hash"]
)
def test_a_pin_may_stand_in_a_file_or_a_variable(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pin"
    file.write_text(written, "ascii")
    monkeypatch.setenv("PIN_OF_ALICE", written)

    for place in (Pin(file=str(file)), Pin(env="PIN_OF_ALICE")):
        assert is_right("2468", place)
        assert not is_right("2469", place)


@pytest.mark.parametrize("written", ["", "secret-word", "123"])
def test_what_is_no_pin_there_is_told_but_not_shown(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN_OF_ALICE", written)

    with pytest.raises(ValueError, match="the variable PIN_OF_ALICE holds neither") as told:
        is_right("2468", Pin(env="PIN_OF_ALICE"))
    assert not written or written not in str(told.value)


def test_a_pin_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="the file /nowhere/pin cannot be read: No such file"):
        is_right("2468", Pin(file="/nowhere/pin"))
    with pytest.raises(ValueError, match="the variable NO_SUCH_PIN is not set"):
        is_right("2468", Pin(env="NO_SUCH_PIN"))
