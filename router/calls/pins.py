"""PINs that are typed: compared, counted when they are wrong, locked when they were guessed at too often.

A wrong PIN counts for the person, whichever call it was typed in, and also after a restart.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from router.calls.state import State
from router.dialplan.pins import is_pin, is_right
from router.model.department import DialPlan, Person
from router.model.pin import NEVER_WRONG
from router.rules.alerts import Words, pin_locked
from router.rules.pins import after_wrong, is_locked

log = structlog.get_logger()


class Pins:
    """now: aware UTC. tell: has it mailed that a PIN was locked."""

    def __init__(self, state: State, now: Callable[[], datetime], tell: Callable[[DialPlan, Words], None]) -> None:
        self._state = state
        self._now = now
        self._tell = tell

    def objection(self, person: Person, plan: DialPlan) -> str | None:
        """Why the person is not asked now, None when they may be."""
        standing = self._state.pins.get(person.key, NEVER_WRONG)
        if is_locked(standing, self._now()) and standing.locked_until is not None:
            return f"the PIN of {person.key} is locked until {standing.locked_until.astimezone(plan.zone):%H:%M}"
        return None

    async def is_right(self, typed: str, person: Person, plan: DialPlan) -> bool:
        """Whether it is the person's PIN. What cannot be read is never right."""
        before = self._state.pins.get(person.key, NEVER_WRONG)
        after = after_wrong(before, self._now())
        self._state.keep_pin(person.key, after)  # before it is compared: many calls at once have no more guesses
        right = False
        if person.pin is not None and is_pin(typed):
            try:
                right = await asyncio.to_thread(is_right, typed, person.pin)
            except ValueError as wrong:
                log.error("a PIN cannot be read", person=person.key, because=str(wrong))
        if right:
            self._state.keep_pin(person.key, None)
        elif after.locked_until is not None and after.locked_until != before.locked_until:
            log.warning("a PIN is locked", person=person.key, wrong=after.wrong)
            self._tell(plan, pin_locked(person.name, after.wrong, after.locked_until.astimezone(plan.zone)))
        return right
