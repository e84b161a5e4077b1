"""Asking who calls for their PIN: three tries, each with limits, before a call goes out.

What is typed is neither noted nor logged. The caller is answered first: many phones send no keys before.
"""

from functools import partial

from router.calls.call import Call
from router.calls.prompt import hear, key_of, next_key, own_or
from router.dialplan.pins import LONGEST
from router.model.department import Person
from router.rules.pins import TRIES

_ASKS, _WRONG = "sound:agent-pass", "sound:auth-incorrect"  # core sounds: "your password, then the pound key"
_FIRST_KEY_S, _FURTHER_KEY_S = 10.0, 5.0


async def ask_pin(call: Call, person: Person) -> str | None:
    """Why the call may not go; None once the PIN was typed."""
    pins, own = call.exchange.pins, call.plan.prompts
    await call.caller.step_aside()
    await call.caller.answer()
    prompt = own_or(call, own.pin, _ASKS)
    for _ in range(TRIES):
        if (objection := pins.objection(person, call.plan)) is not None:
            return objection
        call.note(f"asks for the PIN of {person.key}")
        typed = await _typed(call, prompt)
        if typed and await pins.is_right(typed, person, call.plan):
            call.note("the PIN is right")
            return None
        call.note("the PIN is wrong" if typed else "no PIN was typed")
        prompt = own_or(call, own.pin_wrong, _WRONG)
    return f"the PIN of {person.key} was not typed"


async def _typed(call: Call, prompt: tuple[str, ...]) -> str:
    """The keys up to #, without it; "" for none."""
    await call.caller.lease(call.exchange.limits.prompt_s + _FIRST_KEY_S + _FURTHER_KEY_S * LONGEST)
    key = ""
    for media in prompt:
        key = key or await hear(call, media, partial(key_of, call))
    typed, key = "", key or await next_key(call, _FIRST_KEY_S)
    while key and key != "#" and len(typed) < LONGEST:
        typed += key
        key = await next_key(call, _FURTHER_KEY_S)
    return typed
