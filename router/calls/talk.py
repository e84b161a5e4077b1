"""Two people talking: bridged until either leaves."""

import structlog

from router.ari.errors import RequestRefused
from router.calls.call import Call
from router.calls.leg import Leg
from router.model.ending import Ending, Party
from router.rules import endings

log = structlog.get_logger()


async def talk(call: Call, leg: Leg) -> Ending:
    """Answers the caller, bridges both and waits for the callee to leave; the caller's leaving ends the scope."""
    call.partner = leg
    call.note(f"talks with {leg.person or leg.trunk or leg.endpoint}")
    call.save(answered_at=leg.answered_at)
    call.caller.make_bridge()  # on its way while the caller is answered
    await call.caller.answer()
    try:
        await call.caller.join_bridge(with_leg=None if leg.early_media else leg.id)
    except RequestRefused as error:
        # One of the two left in this very moment; the event that says so decides.
        log.info("not bridged", error=str(error))
    call.errands.run(call.caller.quiet())
    call.errands.run(call.caller.lease(0))
    return await until_parted(call, leg)


async def until_parted(call: Call, leg: Leg) -> Ending:
    """Waits for the callee to leave a talk, or for the longest a talk may last."""
    limit_s = call.exchange.limits.talk_s
    while leg.is_alive:
        try:
            await call.next(limit_s)
        except TimeoutError:
            log.warning("talk reached its limit", limit_s=limit_s)
            return endings.answered(Party.US)
    return endings.answered(Party.CALLEE, leg.cause or 16)
