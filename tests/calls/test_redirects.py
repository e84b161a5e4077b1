"""An endpoint whose 302 Asterisk follows by itself is told of: no rule of ours sees that call."""

from structlog.testing import capture_logs

from router.ari.client import Ari
from router.ari.errors import Unreachable
from router.calls.redirects import Redirects
from tests.rules.acme import acme
from tests.support.clock import run
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import answers

PHONES = {name: answers() for name in ("alice", "bob", "carol", "voipco", "backup")}


def told(*methods: dict[str, str]) -> list[str]:
    """The endpoints that were told of, over as many looks as there are settings of `redirect_method`."""

    async def main() -> list[str]:
        async with FakeAsterisk(phones=PHONES, app="callrouter") as asterisk:
            redirects = Redirects(Ari(asterisk, "callrouter"), acme)
            with capture_logs() as logs:
                for each in methods:
                    asterisk.pbx.redirect_methods = each
                    await redirects.look()
            return [line["endpoint"] for line in logs if line["log_level"] == "warning"]

    return run(main())


def test_phones_and_trunks_whose_redirections_are_followed_are_told_of_once() -> None:
    follows = {"alice": "uri_pjsip", "bob": "user", "carol": "uri_core", "voipco": "uri_pjsip"}

    assert told(follows, follows) == ["PJSIP/alice", "PJSIP/voipco"]


def test_one_that_is_put_right_and_wrong_again_is_told_of_again() -> None:
    follows = {"bob": "uri_pjsip"}

    assert told(follows, {}, follows) == ["PJSIP/bob", "PJSIP/bob"]


def test_as_it_comes_nobody_is_told_of() -> None:
    assert told({}) == []


def test_an_asterisk_that_is_away_says_nothing_and_is_asked_again_later() -> None:
    class Away:
        async def request(self, method: str, path: str, **more: object) -> None:
            raise Unreachable("Asterisk is away")

    redirects = Redirects(Ari(Away(), "callrouter"), acme)  # type: ignore[arg-type]
    with capture_logs() as logs:
        run(redirects.look())

    assert [line["log_level"] for line in logs] == ["info"]
    assert not redirects.followed
