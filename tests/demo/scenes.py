"""The calls of the show. Whatever is printed was seen: at the far end, in the router's log, or in the e-mail.

The show stops as soon as something is not as it should be.
"""

import asyncio
import math
import wave
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from tests.demo.page import Clock, Page, duration
from tests.support.far_end.far import Called, FarEnd
from tests.support.far_end.legs import Leg
from tests.support.mail import Mailbox
from tests.support.router import Line, RouterProcess
from tests.support.sound import RATE, Sound

SALES, SUPPORT, ACCOUNTS = "+442079460100", "+442079460101", "+442079460102"
CALLER_HZ, CALLEE_HZ = 550, 440  # what the two ends of a talk say
ELSEWHERE = 26  # Q.850
MESSAGE_S = 2
OUTCOMES = ["answered", "voicemail", "answered", "answered", "answered", "abandoned"]
PLAYED = ["plays welcome", "plays support-greeting", "plays accounts-closed"]


class NotAsShown(Exception):
    """Something went otherwise than the show says."""


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotAsShown(otherwise)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all scenes play on. plan: the folder of the dial plan in force."""

    far: FarEnd
    router: RouterProcess
    mailbox: Mailbox
    plan: Path
    page: Page

    def scene(self, heading: str) -> "Scene":
        """Its clock starts now: dial next."""
        self.page.heading(heading)
        return Scene(self, Clock(), len(self.router.log))


@dataclass(frozen=True, slots=True)
class Scene:
    """One call. clock: since it was dialled. first: where the router's log of it begins."""

    stage: Stage
    clock: Clock
    first: int

    def tell(self, word: str, text: str, *, at_s: float | None = None, style: str = "") -> None:
        """at_s: None for now."""
        self.stage.page.event(self.clock() if at_s is None else at_s, word, text, style)

    async def logged(self, event: str) -> tuple[Line, float]:
        """The router's first line of that event, and when it wrote it."""
        line = await self.stage.router.logged(event, since=self.first)
        return line, self.clock(datetime.fromisoformat(line["timestamp"]))

    async def decided(self, *expected: str) -> None:
        """expected: what the reason must say."""
        line, at_s = await self.logged("decided")
        because = str(line["because"])
        for words in expected:
            expect(words in because, f'the router was to decide because of "{words}", and decided: {because}')
        self.tell("decided", because, at_s=at_s)

    async def answered(self, leg: Leg) -> float:
        await leg.answered()
        return self.clock()

    async def talk(self, caller: Leg, called: Leg) -> None:
        """Both listen for the other's tone; then the caller hangs up."""
        at_caller, at_called = await asyncio.gather(caller.hears(), called.hears())
        expect(at_caller.has_tone(CALLEE_HZ), "the caller does not hear who answered")
        expect(at_called.has_tone(CALLER_HZ), "who answered does not hear the caller")
        self.tell("talk", f"each hears the other: {CALLER_HZ} Hz one way, {CALLEE_HZ} Hz back")
        await caller.hang_up()
        await self.ended("answered")

    async def ended(self, outcome: str) -> None:
        line, at_s = await self.logged("call ended")
        expect(line["outcome"] == outcome, f'the call was to end as "{outcome}", and ended as "{line["outcome"]}"')
        talked = f", after {line['talked_s']:.1f} s of talk" if line["talked_s"] else ""
        self.tell("ended", f"by the {line['by']}{talked}; recorded as {outcome}", at_s=at_s, style="green")


async def play_all(stage: Stage) -> None:
    await a_caller_reaches_sales(stage)
    await nobody_answers(stage)
    await a_colleague_calls_out(stage, "alice", "Sales", SALES)
    await a_colleague_calls_out(stage, "carol", "Support", SUPPORT)
    await emergency(stage)
    await closed(stage)


async def a_caller_reaches_sales(stage: Stage) -> None:
    alice = await stage.far.phone("alice").will("answer", says=str(CALLEE_HZ), after_s=0.8)
    bob = await stage.far.phone("bob").will("ring")

    scene = stage.scene("A customer dials Sales, 020 7946 0100")
    caller = await stage.far.call(SALES, name="Pat Lane", says=str(CALLER_HZ))
    await scene.decided(f"{SALES} is a number of Sales", "open")
    began_s = await scene.answered(caller)
    expect(not (await caller.hears()).is_silent, "the caller does not hear the welcome prompt")
    scene.tell("hears", "the welcome prompt", at_s=began_s)

    at_alice, at_bob = await asyncio.gather(alice.call(), bob.call())
    seen = at_alice.seen
    scene.tell("rings", f'Alice and Bob together; their phones show "{seen.name}" {seen.number}')
    scene.tell("answers", "Alice", at_s=await scene.answered(at_alice))
    expect(await at_bob.ended() == ELSEWHERE, "Bob's phone was not told that the call was answered elsewhere")
    scene.tell("stops", "Bob's phone, told that the call was answered elsewhere: no missed call")
    await scene.talk(caller, at_alice)


async def nobody_answers(stage: Stage) -> None:
    await stage.far.phone("carol").will("busy")
    dave = await stage.far.phone("dave").will("ring")

    scene = stage.scene("A customer dials Support, 020 7946 0101, and nobody answers")
    caller = await stage.far.call(SUPPORT, name="Pat Lane", says="speech")
    await scene.decided(f"{SUPPORT} is a number of Support", "open")
    at_dave = await dave.call()
    refused, at_s = await scene.logged("leg ended")
    expect(refused["result"] == "busy", f"Carol's phone was to be busy, and was {refused['result']}")
    scene.tell("busy", "Carol's phone: passed over, not waited for", at_s=at_s)
    scene.tell("rings", "Dave's phone")
    await at_dave.ended()
    scene.tell("stops", "Dave's phone: nobody is left to ring")

    began_s = await scene.answered(caller)
    with wave.open(str(stage.plan / "sounds/support-greeting.wav")) as greeting:
        greeting_s = greeting.getnframes() / greeting.getframerate()
    # He listens to the beep too, and speaks for the rest of the time; then he hangs up.
    heard_s = sounded_s(await caller.hears(math.ceil(greeting_s) + MESSAGE_S))
    expect(heard_s > greeting_s, f"the caller heard {heard_s:.1f} s of a greeting of {greeting_s:.1f} s and a beep")
    scene.tell("hears", f"Support's greeting and a beep, {heard_s:.1f} s", at_s=began_s)
    scene.tell("speaks", "after the beep, and hangs up", at_s=began_s + heard_s)
    hung_up_s = scene.clock()
    await caller.hang_up()
    await scene.ended("voicemail")

    _, mailed_s = await scene.logged("voicemail mailed")
    mail = stage.mailbox.mails[-1]
    scene.tell(
        "mailed", f"{duration(mailed_s - hung_up_s)} after the hang-up, to {', '.join(mail.to)}", at_s=mailed_s
    )
    show_mail(stage.page, mail.message)


def show_mail(page: Page, mail: EmailMessage) -> None:
    body = mail.get_body(("plain",))
    attached = next(iter(mail.iter_attachments()), None)
    if body is None or attached is None:
        raise NotAsShown("the e-mail lacks its text or its recording")
    content = attached.get_content()
    sound = Sound.from_wav(content)
    expect(sound.duration_s > 1 and not sound.is_silent, f"the recording is {sound.duration_s:.1f} s of nothing")
    recording = f"[{attached.get_filename()}: {len(content) / 1000:.0f} kB, {sound.duration_s:.1f} s of speech]"
    page.quote(f"Subject: {mail['Subject']}\n\n{body.get_content().strip()}\n\n{recording}")


async def a_colleague_calls_out(stage: Stage, phone: str, department: str, number: str) -> None:
    customer = await stage.far.number("+442079460999").will("answer", says=str(CALLEE_HZ), after_s=0.3)

    scene = stage.scene(f"{phone.title()} of {department} dials a customer, 020 7946 0999")
    caller = await stage.far.phone_dials(phone, "02079460999", says=str(CALLER_HZ))
    await scene.decided(f"{department} shows {number}")
    called = await shown(scene, customer, number)
    await through(scene, called, caller, f"the customer; {phone.title()}")
    await scene.talk(caller, called)


async def shown(scene: Scene, called: Called, number: str) -> Leg:
    """The call as it arrives there, with the number it shows on the wire."""
    leg = await called.call()
    seen = leg.seen
    expect(seen.number == number, f"{seen.trunk} saw {seen.number or 'no number'}, not {number}")
    # Without the tag, which is the dialogue's and tells nobody anything.
    header = seen.from_header.partition(";tag=")[0]
    scene.tell("rings", f"carrier {seen.trunk} sees From: {header}")
    return leg


async def through(scene: Scene, called: Leg, caller: Leg, who: str) -> None:
    """The called side answers, and the caller is told so."""
    there_s, here_s = await asyncio.gather(scene.answered(called), scene.answered(caller))
    within_ms = max(1, math.ceil((here_s - there_s) * 1000))
    scene.tell("answers", f"{who} is through within {within_ms} ms", at_s=there_s)


async def emergency(stage: Stage) -> None:
    services = await stage.far.number("999").will("ring")

    scene = stage.scene("Dave of Support dials 999, and the first carrier fails")
    caller = await stage.far.phone_dials("dave", "999", says=str(CALLER_HZ))
    await scene.decided("999", "emergency")
    first = await shown(scene, services, SALES)
    await services.will("answer", says=str(CALLEE_HZ))
    await first.hang_up("congestion")
    failed, at_s = await scene.logged("leg ended")
    scene.tell("fails", f"{first.seen.trunk}, with SIP {failed['tech_cause']}; the next trunk is tried", at_s=at_s)
    second = await shown(scene, services, "02079460100")  # as this carrier wants numbers written
    expect(second.seen.trunk != first.seen.trunk, "the trunk that failed was tried again")
    await through(scene, second, caller, "the emergency service; Dave")
    await scene.talk(caller, second)


async def closed(stage: Stage) -> None:
    bob = await stage.far.phone("bob").will("ring")

    scene = stage.scene("A customer dials Accounts, 020 7946 0102, which is closed")
    caller = await stage.far.call(ACCOUNTS, name="Pat Lane")
    await scene.decided(f"{ACCOUNTS} is a number of Accounts", "closed")
    began_s = await scene.answered(caller)
    expect(not (await caller.hears(2)).is_silent, "the caller does not hear that Accounts is closed")
    expect(bob.calls.empty(), "a phone of the closed department rang")
    scene.tell("hears", "that Accounts is closed and that a message may be left; no phone rings", at_s=began_s)
    await caller.hang_up()
    await scene.ended("abandoned")


async def records(stage: Stage) -> None:
    """What the router stored of all this. Not before it has ended: it writes off the calls' path."""
    calls = list(reversed(await stage.router.calls()))
    outcomes = [call["ending"]["outcome"] for call in calls]
    expect(outcomes == OUTCOMES, f"the calls were recorded as {', '.join(outcomes)}")
    played = [step["what"] for call in calls for step in call["trace"] if step["what"].startswith("plays")]
    expect(played == PLAYED, f"the calls were recorded as hearing: {', '.join(played)}")
    stage.page.title("Records")
    stage.page.fact("stored", f"{', '.join(outcomes)} (callrouter calls)")


def sounded_s(sound: Sound) -> float:
    """From the beginning to the last moment that is not silence."""
    step = RATE // 50
    ends = range(len(sound.samples), 0, -step)
    return next((end for end in ends if not Sound(sound.samples[max(0, end - step) : end]).is_silent), 0) / RATE
