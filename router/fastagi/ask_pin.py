"""Asking who calls for their PIN in a plain dialplan, as `calls.ask_pin` does in our own calls."""

from pathlib import Path
from typing import Protocol

from router.dialplan.pins import LONGEST
from router.fastagi.server import Session
from router.model.department import DialPlan, Person
from router.rules.pins import TRIES

_ASKS, _WRONG = "agent-pass", "auth-incorrect"  # core sounds: "your password, then the pound key"
_KEY_S = 5.0
_SOUND_S = 30.0
_LIMIT_S = 120.0  # for all tries


class PinDesk(Protocol):
    """As `calls.pins.Pins`."""

    def objection(self, person: Person, plan: DialPlan) -> str | None: ...
    async def is_right(self, typed: str, person: Person, plan: DialPlan) -> bool: ...


async def ask_pin(
    session: Session, pins: PinDesk, person: Person, plan: DialPlan, sounds: Path | None
) -> str | None:
    """Why the call may not go; None once the PIN was typed. sounds: where prompts are. Raises AgiError."""
    sound = _or(plan.prompts.pin, _ASKS, sounds)
    async with session.asking(_LIMIT_S):
        for _ in range(TRIES):
            if (objection := pins.objection(person, plan)) is not None:
                return objection
            typed = await session.keys(sound, _KEY_S, LONGEST, _SOUND_S)
            if typed and await pins.is_right(typed, person, plan):
                return None
            sound = _or(plan.prompts.pin_wrong, _WRONG, sounds)
    return f"the PIN of {person.key} was not typed"


def _or(own: str | None, asterisks: str, sounds: Path | None) -> str:
    return str(sounds / own) if own is not None and sounds is not None else asterisks
