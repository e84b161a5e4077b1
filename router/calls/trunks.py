"""What the trunks are doing: channels in use, calls that failed, whether Asterisk reaches them.

Counted from our own legs and from the calls that come in, by whoever holds the channel; a channel that goes from
one call to another is held by both for a moment and counts once. What `Situation.trunks` shows is kept here.
"""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import replace
from datetime import datetime

import structlog

from router.model.call import CallId
from router.model.department import DialPlan, Trunk
from router.model.ending import LegResult
from router.model.trunk import DEFAULT_BREAKER, NOTHING_KNOWN, Breaker, BreakerLimits, TrunkState
from router.rules.trunks import Hindrance, after, breaker_text, is_failure, standing, tried

log = structlog.get_logger()


class Trunks:
    """states: where what is known is kept, by trunk. now: aware UTC. plan: the one in force, None for none."""

    def __init__(
        self,
        states: MutableMapping[str, TrunkState],
        now: Callable[[], datetime],
        plan: Callable[[], DialPlan | None] = lambda: None,
    ) -> None:
        self.failures: dict[str, int] = {}  # since the start
        self._states = states
        self._now = now
        self._plan = plan
        self._holders: dict[str, dict[str, set[CallId]]] = {}  # by trunk and channel

    def state(self, trunk: str) -> TrunkState:
        return self._states.get(trunk, NOTHING_KNOWN)

    # ---- channels

    def holds(self, trunk: str, channel: str, call: CallId) -> None:
        """The call has a channel of the trunk, until `leaves`."""
        self._holders.setdefault(trunk, {}).setdefault(channel, set()).add(call)
        self._count(trunk)

    def leaves(self, trunk: str, channel: str, call: CallId) -> None:
        channels = self._holders.get(trunk, {})
        holders = channels.get(channel)
        if holders is None:
            return
        holders.discard(call)
        if not holders:
            del channels[channel]
        self._count(trunk)

    def _count(self, trunk: str) -> None:
        self._states[trunk] = replace(self.state(trunk), channels=len(self._holders.get(trunk, {})))

    def is_full(self, trunk: Trunk) -> bool:
        return standing(trunk, self.state(trunk.key), self._now()).hindrance is Hindrance.FULL

    # ---- the breaker

    def dials(self, trunk: str) -> bool:
        """A call goes out by it. Whether it probes the trunk: then `came_to` or `gave_up` must follow."""
        before = self.state(trunk).breaker
        breaker = tried(before, self._now(), self._limits(trunk))
        self._note(trunk, breaker)
        return breaker is not before

    def answered(self, trunk: str) -> None:
        self._judge(trunk, has_failed=False)

    def came_to(self, trunk: str, result: LegResult, *, has_rung: bool, probed: bool) -> None:
        """A call by it is over that nobody answered."""
        has_failed = is_failure(result, has_rung=has_rung)
        if has_failed is not None:
            self._judge(trunk, has_failed)
        elif probed:
            self._note(trunk, replace(self.state(trunk).breaker, is_probed=False))

    def _judge(self, trunk: str, has_failed: bool) -> None:
        before = self.state(trunk).breaker
        breaker = after(before, has_failed, self._now(), self._limits(trunk))
        if has_failed:
            self.failures[trunk] = self.failures.get(trunk, 0) + 1
        self._note(trunk, breaker)
        if breaker.opened_at is not None and before.opened_at is None:
            log.warning("trunk fails: calls are kept from it", trunk=trunk, failures=breaker.failures)
        elif breaker.opened_at is None and before.opened_at is not None:
            log.info("trunk works again", trunk=trunk)

    def _note(self, trunk: str, breaker: Breaker) -> None:
        self._states[trunk] = replace(self.state(trunk), breaker=breaker)

    def _limits(self, trunk: str) -> BreakerLimits:
        known = self._of_plan(trunk)
        return known.breaker if known is not None else DEFAULT_BREAKER

    # ---- health

    @property
    def known(self) -> tuple[Trunk, ...]:
        """Of the plan in force."""
        plan = self._plan()
        return tuple(plan.trunks.values()) if plan is not None else ()

    def seen(self, trunk: str, is_online: bool | None) -> None:
        """What Asterisk says of its endpoint; None: it is not known any more."""
        before = self.state(trunk)
        if before.is_online is is_online:
            return
        self._states[trunk] = replace(before, is_online=is_online)
        if is_online is False:
            log.warning("trunk is away", trunk=trunk)
        elif before.is_online is False:
            log.info("trunk is back" if is_online else "whether the trunk is away is not known", trunk=trunk)

    # ---- telling

    def troubles(self) -> Iterable[tuple[str, str]]:
        """The trunks that a call would be kept from as things stand, and why."""
        now = self._now()
        for trunk in self.known:
            state = self.state(trunk.key)
            told = standing(trunk, state, now)
            if state.breaker.opened_at is not None:
                yield trunk.key, f"{trunk.key} fails: {breaker_text(state, now, trunk.breaker)}"
            elif told.because:
                yield trunk.key, told.because

    def _of_plan(self, trunk: str) -> Trunk | None:
        plan = self._plan()
        return plan.trunks.get(trunk) if plan is not None else None
