"""By which trunks help is called: those that lead to the country where the phone stands go first.

Of these those that may show the number of the place.
"""

from dataclasses import replace

import pytest

from router.model.limits import Site
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.model.trunk import TrunkState
from router.rules.caller_id import choose_caller_id
from tests.rules.acme import BACKUP, PEOPLE, VOIPCO, acme, leaving
from tests.rules.conftest import OPEN, public


@pytest.mark.parametrize(
    ("site", "trunks"),
    [("berlin", ["backup", "voipco"]), ("london", ["voipco", "backup"]), (None, ["voipco", "backup"])],
)
def test_help_is_called_by_a_trunk_of_the_country_where_the_phone_stands(
    site: str | None, trunks: list[str]
) -> None:
    """By a British trunk a phone in Berlin would get help in Britain, if any."""
    at = {
        key: Site(key=key, caller_id=public("+442079460150"), location=key, country=country)
        for key, country in (("berlin", "DE"), ("london", "GB"))
    }
    alice = replace(PEOPLE[0], site=site)
    german = replace(BACKUP, country="DE")
    plan = replace(acme(trunks=(VOIPCO, german), people=(alice, *PEOPLE[1:])), sites=at)
    help_ = PhoneNumber(kind=NumberKind.EMERGENCY, value="112", raw="112")

    for state in (TrunkState(), TrunkState(channels=500), TrunkState(is_online=False)):
        for key in ("voipco", "backup"):
            found = choose_caller_id(leaving(help_), plan, OPEN, Situation(trunks={key: state}))
            assert [choice.trunk for choice in found.trunks] == trunks, "not even a free one there goes before"


def test_help_is_called_by_a_trunk_that_may_show_where_to_call_back() -> None:
    """By the other one whoever answers would call back another place than the one that burns."""
    annex = Site(key="annex", caller_id=public("+442079460150"), location="1 High Street", country="GB")
    alice = replace(PEOPLE[0], site="annex")
    other = replace(BACKUP, caller_ids=(NumberPattern(kind=PatternKind.EXACT, value="+442079460900"),))
    plan = replace(acme(trunks=(other, VOIPCO), people=(alice, *PEOPLE[1:])), sites={"annex": annex})
    help_ = PhoneNumber(kind=NumberKind.EMERGENCY, value="112", raw="112")

    def by(situation: Situation = NOTHING_KNOWN_AT_ALL) -> list[str]:
        return [choice.trunk for choice in choose_caller_id(leaving(help_), plan, OPEN, situation).trunks]

    assert by() == ["voipco", "backup"]
    assert by(Situation(trunks={"voipco": TrunkState(is_online=False)})) == ["backup", "voipco"]
