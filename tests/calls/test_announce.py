"""What a waiting caller is told, in Asterisk's own words."""

import pytest

from router.calls.announce import digits, position, wait


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1, "1"),
        (13, "13"),
        (20, "20"),
        (21, "20 1"),
        (70, "70"),
        (99, "90 9"),
        (100, "1 hundred"),
        (342, "3 hundred 40 2"),
    ],
)
def test_a_number_is_said_as_one_says_it(number: int, spoken: str) -> None:
    """As single sounds, which can be stopped at once."""
    assert digits(number) == [f"sound:digits/{word}" for word in spoken.split()]


def test_whoever_is_next_is_told_so_in_place_of_a_number() -> None:
    assert position(1) == ["sound:queue-youarenext"]
    assert position(4) == ["sound:queue-thereare", "sound:digits/4", "sound:queue-callswaiting"]


@pytest.mark.parametrize(("minutes", "unit"), [(1, "queue-minute"), (2, "queue-minutes")])
def test_one_minute_is_not_minutes(minutes: int, unit: str) -> None:
    assert wait(minutes) == ["sound:queue-holdtime", f"sound:digits/{minutes}", f"sound:{unit}"]
