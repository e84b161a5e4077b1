"""What a decision depends on beside the call, the plan and the time: what people have set and are doing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.model.block import Block
from router.model.hours import FeedCopy, Switch
from router.model.limits import Usage
from router.model.people import NOTHING_KNOWN, NOTHING_SET, Activity, Standing
from router.model.rate import Rate
from router.model.trunk import NOTHING_KNOWN as NOTHING_KNOWN_OF_TRUNK
from router.model.trunk import TrunkState


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A view, read within one decision without waiting. Empty: nothing is known, everyone could be there.

    switches: by "department:sales" or "schedule:office". standings, activities: by person. feeds: by feed.
    waiting: callers in a department's queue. turns: the person a department's last call in turn rang first.
    trunks: by trunk. usage: what has been called, by whose account it went to. rate: what a call cost that is
    decided again.
    """

    switches: Mapping[str, Switch] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    feeds: Mapping[str, FeedCopy] = field(default_factory=dict)
    blocks: Sequence[Block] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)
    turns: Mapping[str, str] = field(default_factory=dict)
    trunks: Mapping[str, TrunkState] = field(default_factory=dict)
    usage: Mapping[str, Usage] = field(default_factory=dict)
    rate: Rate | None = None

    def standing(self, person: str) -> Standing:
        return self.standings.get(person, NOTHING_SET)

    def activity(self, person: str) -> Activity:
        return self.activities.get(person, NOTHING_KNOWN)

    def trunk(self, trunk: str) -> TrunkState:
        return self.trunks.get(trunk, NOTHING_KNOWN_OF_TRUNK)


NOTHING_KNOWN_AT_ALL = Situation()
