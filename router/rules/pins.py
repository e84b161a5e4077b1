"""How often a PIN may be wrong: three times in a call, and a few times in all before it is locked."""

from datetime import datetime, timedelta

from router.model.pin import PinStanding

TRIES = 3  # in one call
_WRONG = 6  # in a row, of all calls
_LOCKED_FOR = timedelta(minutes=15)  # the first time; then twice as long after every further three
_LONGEST = timedelta(days=1)


def after_wrong(standing: PinStanding, at: datetime) -> PinStanding:
    wrong = standing.wrong + 1
    if wrong < _WRONG or (wrong - _WRONG) % TRIES:
        return PinStanding(wrong=wrong, locked_until=standing.locked_until)
    doubled = min((wrong - _WRONG) // TRIES, 16)
    return PinStanding(wrong=wrong, locked_until=at + min(_LOCKED_FOR * 2**doubled, _LONGEST))


def is_locked(standing: PinStanding, at: datetime) -> bool:
    return standing.locked_until is not None and at < standing.locked_until
