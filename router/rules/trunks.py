"""Which trunks a call may take now, in which order, and why not the others; and when a trunk's breaker opens.

A trunk is passed over when it is full, when its last calls failed, or when Asterisk knows it to be away. What
seems broken is tried all the same when nothing else is left: a wrong breaker must not cut the company off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from router.model.call import CallId, OutboundCall
from router.model.department import DialPlan, Trunk, TrunkRule
from router.model.ending import LegResult
from router.model.number import PhoneNumber
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.model.trunk import CLOSED, Attempt, Breaker, BreakerLimits, TrunkState
from router.rules.charges import amount, rate_by

RECENT = 20  # calls that are looked at
RECENT_S = 60.0
MOST_OF_RECENT = 10  # more failures than this among them open the breaker too


class Hindrance(IntEnum):
    """In the order in which an emergency call tries them."""

    NONE = 0
    BROKEN = 1  # seems not to work: the breaker is open, or the endpoint is away
    FULL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a trunk stands for a new call. because: "" without a hindrance."""

    hindrance: Hindrance = Hindrance.NONE
    because: str = ""


FREE = Standing()


def standing(trunk: Trunk, state: TrunkState, at: datetime) -> Standing:
    if trunk.channels is not None and state.channels >= trunk.channels:
        return Standing(
            hindrance=Hindrance.FULL,
            because=f"{trunk.key} is full: {state.channels} of {trunk.channels} channels in use",
        )
    if state.breaker.opened_at is not None and not may_probe(state.breaker, at, trunk.breaker):
        return Standing(
            hindrance=Hindrance.BROKEN, because=f"{trunk.key} fails: {breaker_text(state, at, trunk.breaker)}"
        )
    if state.is_online is False:
        return Standing(hindrance=Hindrance.BROKEN, because=f"{trunk.key} is away: Asterisk cannot reach it")
    return FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """use: trunks in the order to try. passed_over: the others, with why. is_full: none has room."""

    use: tuple[Trunk, ...]
    passed_over: tuple[tuple[Trunk, str], ...] = ()
    is_full: bool = False


def ways(able: Sequence[Trunk], situation: Situation, at: datetime) -> Ways:
    """able: those that may carry the call, in the order wanted."""
    looked_at = [(trunk, standing(trunk, situation.trunk(trunk.key), at)) for trunk in able]
    best = min((each.hindrance for _, each in looked_at), default=Hindrance.NONE)
    if best is Hindrance.FULL:
        return Ways(use=(), passed_over=tuple((trunk, each.because) for trunk, each in looked_at), is_full=True)
    return Ways(
        use=tuple(trunk for trunk, each in looked_at if each.hindrance is best),
        passed_over=tuple((trunk, each.because) for trunk, each in looked_at if each.hindrance is not best),
    )


def for_help(
    plan: DialPlan,
    country: str,
    shown: PhoneNumber | None,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    at: datetime | None = None,
) -> tuple[Trunk, ...]:
    """All trunks as an emergency call tries them: those to the country where the phone stands first.

    Of these first those that seem to work, the full ones last; then those that may show where to call back.
    at: None when it is not known how trunks stand.
    """

    def order(trunk: Trunk) -> tuple[bool, Hindrance, bool]:
        known = FREE if at is None else standing(trunk, situation.trunk(trunk.key), at)
        may_show = shown is not None and trunk.may_show(shown)
        return (trunk.country or plan.country) != country, known.hindrance, not may_show

    return tuple(sorted(plan.trunks.values(), key=order))


def in_order(
    route: TrunkRule, able: Sequence[Trunk], call: OutboundCall, plan: DialPlan, at: datetime
) -> tuple[Trunk, ...]:
    """The route's trunks that may carry the call, as the route orders them."""
    if route.cheapest:
        return cheapest(able, call.called.value, plan, at)
    return drawn(able, route.share, call.id)


def cheapest(able: Sequence[Trunk], number: str, plan: DialPlan, at: datetime) -> tuple[Trunk, ...]:
    """By what the first minute costs, with the connection; where no rate is known, last. number: E.164."""

    def cost(trunk: Trunk) -> tuple[bool, Decimal]:
        rate = rate_by(trunk, number, plan, at)
        return (True, Decimal(0)) if rate is None else (False, amount(rate, 60.0))

    return tuple(sorted(able, key=cost))


def drawn(trunks: Sequence[Trunk], weights: Mapping[str, int], call: CallId) -> tuple[Trunk, ...]:
    """The trunks with one of those that share the calls put first, twice the weight twice as often.

    The chance was drawn when the call got its id, so that every look at the call finds the same.
    """
    sharing = [trunk for trunk in trunks if weights.get(trunk.key)]
    if len(sharing) < 2:
        return tuple(trunks)
    left = _chance(call) * sum(weights[trunk.key] for trunk in sharing)
    first = sharing[-1]
    for trunk in sharing:
        left -= weights[trunk.key]
        if left < 0:
            first = trunk
            break
    return first, *(trunk for trunk in trunks if trunk is not first)


def _chance(call: CallId) -> float:
    """A number from [0, 1): the end of the id is chance, which Fibonacci hashing spreads evenly."""
    return int.from_bytes(call.encode()[-8:]) * 2654435769 % 2**32 / 2**32


# ---- the breaker


def is_failure(result: LegResult, *, has_rung: bool) -> bool | None:
    """Whether a call by a trunk that is over shows that the trunk does not work; None: it shows nothing."""
    if result in (LegResult.CONGESTED, LegResult.UNREACHABLE):
        return True
    if result in (LegResult.CANCELLED, LegResult.REDIRECTED) and not has_rung:
        return None
    return False


def after(breaker: Breaker, has_failed: bool, at: datetime, limits: BreakerLimits) -> Breaker:
    """The breaker once a call by the trunk has been answered, or is over."""
    if not has_failed and breaker.opened_at is not None:
        return CLOSED
    since = at - timedelta(seconds=RECENT_S)
    earlier = tuple(each for each in breaker.recent if each.at > since)[1 - RECENT :]
    recent = (*earlier, Attempt(at=at, has_failed=has_failed))
    failures = breaker.failures + 1 if has_failed else 0
    opens = failures >= limits.failures or sum(each.has_failed for each in recent) > MOST_OF_RECENT
    opened_at = at if has_failed and (opens or breaker.opened_at is not None) else None
    return Breaker(failures=failures, recent=recent, opened_at=opened_at)


def tried(breaker: Breaker, at: datetime, limits: BreakerLimits) -> Breaker:
    """The breaker once a call goes out by the trunk: it is the probe where one may be made."""
    return replace(breaker, is_probed=True) if may_probe(breaker, at, limits) else breaker


def may_probe(breaker: Breaker, at: datetime, limits: BreakerLimits) -> bool:
    opened_at = breaker.opened_at
    return opened_at is not None and not breaker.is_probed and at >= opened_at + timedelta(seconds=limits.pause_s)


def breaker_text(state: TrunkState, at: datetime, limits: BreakerLimits) -> str:
    """ "closed", or how long calls are kept from the trunk."""
    breaker = state.breaker
    if breaker.opened_at is None:
        return "closed"
    if breaker.is_probed:
        return "open, one call probes it"
    left_s = (breaker.opened_at + timedelta(seconds=limits.pause_s) - at).total_seconds()
    return f"open for another {left_s:.0f} s" if left_s > 0 else "open, the next call probes it"
