"""Calls that are signed and verified by the PBX itself (STIR/SHAKEN): the option of `asterisk-conf/`, taken up."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from router.console.app import listening
from router.model.call import Verification
from tests.asterisk.routed import CUSTOMER, OUTSIDE, Routed, routed
from tests.support.asterisk import ROOT
from tests.support.far_end.legs import Leg
from tests.support.shaken import Authority

PLAN = Path(__file__).parent / "signing_plan"
SALES, DESK = "+442079460100", "+442079460102"
OUR_URL = "https://www.example.com/callrouter.pem"


def taken_up(folder: Path, authority: Authority) -> Path:
    """`asterisk-conf/` with the option's lines, as its comments say, and with files and addresses of here."""
    conf = shutil.copytree(ROOT / "asterisk-conf", folder / "conf")
    for name in ("modules.conf", "stir_shaken.conf"):
        file = conf / name
        file.write_text(re.sub(r"^;(?=\S)", "", file.read_text(), flags=re.M))
    _write(
        conf / "stir_shaken.conf",
        {
            "/etc/asterisk/keys/callrouter.key": str(authority.key),
            "/etc/asterisk/keys/authorities.pem": str(authority.root),
            # Certificates come from the internet, by https; here from the loopback, without.
            "[verification]": "[verification]\nrelax_x5u_port_scheme_restrictions = yes\nx5u_permit = 127.0.0.1\n"
            f"cert_cache_dir = {folder}",
        },
    )
    _write(conf / "pjsip.conf", {"[trunk](!)": "[trunk](!)\nstir_shaken_profile = callrouter"})
    return conf


def _write(file: Path, instead: dict[str, str]) -> None:
    text = file.read_text()
    for old, new in instead.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Routed]:
    conf = taken_up(tmp_path_factory.mktemp("signing"), authority)
    async with routed(PLAN, conf) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(bench: Routed) -> AsyncIterator[Routed]:
    await bench.phones_known()
    yield bench
    await bench.far.hang_up_all()
    await bench.nothing_left()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theirs(authority: Authority) -> AsyncIterator[str]:
    """Where the caller's carrier shows the certificate it signs with."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(
            body=authority.certificate.read_bytes(), content_type="application/pem-certificate-chain"
        )

    app = web.Application()
    app.router.add_get("/cert.pem", show)
    async with listening(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/cert.pem"


async def header(leg: Leg, name: str) -> str:
    """Of the INVITE by which the far end was called; "" when absent."""
    path = f"channels/{leg.id}/variable"
    status, told = await leg.far.ari.raw("GET", path, variable=f"PJSIP_HEADER(read,{name})")
    return str(json.loads(told)["value"]) if status == 200 else ""


async def foretold(house: Routed, *asked: str) -> str:
    """The level that `explain` forecasts for the first trunk."""
    code, told = await house.router.run("explain", str(PLAN), *asked)
    found = re.search(r"attestation (\w+):", told)
    assert code == 0 and found is not None, told
    return found[1]


async def test_the_modules_load_with_what_was_unpacked(house: Routed) -> None:
    for module in ("res_curl.so", "res_stir_shaken.so", "res_pjsip_stir_shaken.so"):
        assert "Running" in await house.bench.pbx.cli(f"module show like {module}")


async def test_a_call_with_a_number_of_ours_is_signed_at_the_level_that_explain_forecasts(
    house: Routed, authority: Authority
) -> None:
    caller = await house.far.phone_dials("alice", CUSTOMER)
    called = await house.far.number(CUSTOMER).call()
    signed, from_header = authority.read(await header(called, "Identity")), called.seen.from_header
    await caller.hang_up()

    assert f"<sip:{SALES}@" in from_header
    assert signed.header == {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": OUR_URL}
    assert signed.claims["attest"] == await foretold(house, "--by", "alice", "--to", CUSTOMER) == "A"
    assert (signed.claims["orig"], signed.claims["dest"]) == ({"tn": SALES[1:]}, {"tn": [CUSTOMER[1:]]})
    assert abs(signed.claims["iat"] - time.time()) < 60


async def test_a_call_with_a_number_that_is_not_listed_is_signed_as_our_customers(
    house: Routed, authority: Authority
) -> None:
    caller = await house.far.phone_dials("bob", CUSTOMER)
    called = await house.far.number(CUSTOMER).call()
    signed = authority.read(await header(called, "Identity"))
    await caller.hang_up()

    assert (signed.claims["attest"], signed.claims["orig"]) == ("B", {"tn": DESK[1:]})


async def test_a_signature_that_another_key_made_is_not_taken_for_ours(house: Routed, tmp_path: Path) -> None:
    caller = await house.far.phone_dials("alice", CUSTOMER)
    identity = await header(await house.far.number(CUSTOMER).call(), "Identity")
    await caller.hang_up()

    with pytest.raises(subprocess.CalledProcessError):
        Authority(tmp_path).read(identity)


async def test_a_call_between_phones_is_not_signed(house: Routed) -> None:
    caller = await house.far.phone_dials("alice", "202")
    called = await house.far.phone("bob").call()
    identity = await header(called, "Identity")
    await caller.hang_up()

    assert identity == ""


# ---- calls that come in


async def rings_in(house: Routed, identity: str) -> Verification:
    """What the record says of the caller's number when a call to Desk comes with this header, and without Date."""
    since = len(house.router.log)
    leg = await house.far.call(DESK, caller=OUTSIDE, headers={"Identity": identity} if identity else {})
    await house.router.logged("decided", since=since)
    await leg.hang_up()
    return (await house.ended(since)).inputs.verification


@pytest.mark.parametrize(
    ("attest", "orig", "known"),
    [
        pytest.param("A", OUTSIDE, Verification.PASSED, id="the-number-is-the-callers"),
        pytest.param("B", OUTSIDE, Verification.NONE, id="the-caller-is-known-not-the-number"),
        pytest.param("C", OUTSIDE, Verification.NONE, id="came-by-a-gateway"),
        pytest.param("A", CUSTOMER, Verification.FAILED, id="signed-for-another-number"),
    ],
)
async def test_what_the_callers_carrier_has_signed_is_what_rules_go_by(
    house: Routed, authority: Authority, theirs: str, attest: str, orig: str, known: Verification
) -> None:
    identity = authority.sign(theirs, attest=attest, orig=orig[1:], dest=DESK[1:], iat=time.time())

    assert await rings_in(house, identity) is known


async def test_a_caller_whom_nobody_signed_for_is_neither_vouched_for_nor_forged(house: Routed) -> None:
    assert await rings_in(house, "") is Verification.NONE


async def test_a_signature_of_an_hour_ago_vouches_for_nothing(
    house: Routed, authority: Authority, theirs: str
) -> None:
    identity = authority.sign(theirs, attest="A", orig=OUTSIDE[1:], dest=DESK[1:], iat=time.time() - 3600)

    assert await rings_in(house, identity) is Verification.FAILED


async def test_a_signature_of_an_authority_that_is_not_ours_vouches_for_nothing(
    house: Routed, theirs: str, tmp_path: Path
) -> None:
    """The key is not that of the certificate, which is the one we trust."""
    identity = Authority(tmp_path).sign(theirs, attest="A", orig=OUTSIDE[1:], dest=DESK[1:], iat=time.time())

    assert await rings_in(house, identity) is Verification.FAILED


async def test_a_certificate_that_cannot_be_had_makes_nobody_a_forger(house: Routed, authority: Authority) -> None:
    away = "http://127.0.0.1:1/cert.pem"
    identity = authority.sign(away, attest="A", orig=OUTSIDE[1:], dest=DESK[1:], iat=time.time())

    assert await rings_in(house, identity) is Verification.NONE
