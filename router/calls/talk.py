"""Two people talking: bridged until either leaves."""

import asyncio
import contextlib
import math

import structlog

from router.ari.errors import AriError, RequestRefused
from router.ari.models import ChannelTransfer
from router.calls.call import Call
from router.calls.hand_over import Comes
from router.calls.leg import Leg
from router.calls.recording import record_talk
from router.model.ending import Ending, Party
from router.rules import endings
from router.rules.words import duration

log = structlog.get_logger()

_LEAVING_S = 0.5  # for the event that says why two could not be bridged
_ASKED_AGAIN_AFTER_S = 1.0
_WARNED_S = 60.0  # before the end of a talk whose length is limited
_LOOKED_AGAIN_S = 5.0  # at a limit that talks of others use up too


async def talk(call: Call, leg: Leg) -> Ending:
    """Answers the caller, bridges both and waits for the callee to leave; the caller's leaving ends the scope."""
    if call.partner is not None:
        call.frees(call.partner.person)  # who has passed the caller on
    call.partner = leg
    call.occupies(leg.person, call.serving)
    bridging = call.errands.run(_bridge(call, leg))  # begins with the answer, for which everything else waits
    call.caller.make_bridge()  # on its way while the caller is answered
    try:
        await asyncio.sleep(0)  # both are asked for before anything is written down
    finally:  # also of one who leaves, or is left, in this very moment
        _note_talk(call, leg)
    try:
        await asyncio.shield(bridging)
    except RequestRefused as error:
        # One of the two left in this very moment, or two people would wait in silence.
        log.info("not bridged", error=str(error))
        if not await _has_left(call, leg):
            raise
    call.errands.run(call.caller.quiet())
    record_talk(call)
    return await until_parted(call, leg)


def _note_talk(call: Call, leg: Leg) -> None:
    call.note(f"talks with {leg.person or leg.trunk or leg.endpoint}")
    call.save(
        answered_at=call.record.answered_at or leg.answered_at, answered_by=leg.person or call.record.answered_by
    )
    call.exchange.state.talked(call.record, call.serving)


async def _bridge(call: Call, leg: Leg) -> None:
    """To its end also when we are stopped meanwhile: then they talk without us."""
    await call.caller.answer()
    await call.caller.join_bridge(with_leg=None if leg.early_media else leg.id)
    call.is_talking = True


async def until_parted(call: Call, leg: Leg) -> Ending:
    """Waits for the callee to leave a talk, or for the longest a talk may last; sees to transfers meanwhile."""
    loop, longest_s = asyncio.get_running_loop(), call.exchange.limits.talk_s
    last_at = math.inf if call.is_emergency else loop.time() + longest_s
    may_warn = _limited_s(call, leg) > _WARNED_S
    while leg.is_alive:
        limited_s = _limited_s(call, leg)
        wait_s = min(limited_s, last_at - loop.time(), longest_s)
        if wait_s <= 0:
            log.warning("talk reached its limit", limited=limited_s < math.inf)
            call.note("the talk has lasted as long as it may")
            return endings.answered(Party.US)
        if limited_s < math.inf:
            if may_warn and limited_s <= _WARNED_S:
                may_warn = False
                call.note(f"the talk may last {duration(round(limited_s))} more")
                call.errands.run(_warn(call, leg))
            wait_s = min(wait_s, limited_s - _WARNED_S if may_warn else math.inf, _LOOKED_AGAIN_S)
        if call.caller.is_leased and not await _end_lease(call):
            wait_s = min(wait_s, _ASKED_AGAIN_AFTER_S)
        with contextlib.suppress(TimeoutError):
            match await call.next(wait_s, transfers=True):
                case ChannelTransfer(state=None) as asked:
                    ending = await call.live.transfer(call, leg, asked)
                    if ending is not None:
                        return ending
                case Comes(leg=other):
                    call.legs.cancel(leg)
                    return await talk(call, other)
    return endings.answered(Party.US if leg.is_given else Party.CALLEE, leg.cause or 16)


def _limited_s(call: Call, leg: Leg) -> float:
    """What the plan leaves of the talk, whichever of the two a trunk was dialled for; infinite for no limit."""
    if call.is_emergency:
        return math.inf
    ends_at = call.exchange.accounts.ends_at(call.channel.id, leg.id)
    return math.inf if ends_at is None else max(0.0, (ends_at - call.exchange.now()).total_seconds())


async def _warn(call: Call, leg: Leg) -> None:
    """A beep to our own side alone: whoever the company pays for it, not whom it talks with."""
    ours = call.channel.id if call.trunk is None else leg.id
    try:
        await call.ari.channels.play(ours, media="sound:beep")
    except AriError as error:
        log.info("no warning before the end of the talk", error=str(error))


async def _end_lease(call: Call) -> bool:
    """A waiting caller's lease would cut the talk. Whether Asterisk took note."""
    try:
        await call.caller.lease(0)
    except AriError as error:
        log.info("lease not ended yet", error=str(error))
        return False
    return True


async def _has_left(call: Call, leg: Leg) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LEAVING_S):
            while leg.is_alive:
                await call.next(_LEAVING_S)
    return not leg.is_alive
