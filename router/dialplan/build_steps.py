"""Steps as written -> the model's, with departments expanded into people and the times that were left out."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from router.dialplan import ring_steps
from router.dialplan import steps as written
from router.dialplan.draft import Draft
from router.dialplan.ring_steps import RingEntry
from router.dialplan.values import MEMBERS, OWNER
from router.model.number import PhoneNumber
from router.model.plan import Announcements, CallBackOffer, DeadEnd, Order, Play, Reject
from router.model.steps import DepartmentStep, HopStep, Member, MenuStep, QueueStep, RingStep, VoicemailStep

RING_FOR_S = 30.0  # a ring step that does not say how long
RING_EACH_S = 15.0  # one phone of a ring step that rings one after another


def steps_of(draft: Draft, steps: Sequence[written.Step], members: Sequence[str]) -> tuple[DepartmentStep, ...]:
    """draft: without faults. members: whom "members" means here."""
    return tuple(_step(draft, step, members) for step in steps)


def _step(draft: Draft, step: written.Step, members: Sequence[str]) -> DepartmentStep:
    match step:
        case written.PlayStep():
            return Play(sound=step.play, answers=step.answer)
        case ring_steps.RingStep():
            return _ring(draft, step, members)
        case ring_steps.QueueStep():
            return _queue(draft, step, members)
        case written.MenuStep():
            return MenuStep(menu=step.menu)
        case "voicemail":
            return VoicemailStep()
        case written.RejectStep():
            return Reject(cause=step.reject, prompt=step.play)
        case written.DeadEndStep():
            return DeadEnd(for_s=step.dead_end)
        case written.HopStep():
            return HopStep(department=step.department, priority=step.priority, ringtone=step.ringtone or "")
        case _:
            assert_never(step)


def _ring(draft: Draft, step: ring_steps.RingStep, members: Sequence[str]) -> RingStep:
    rung = members_of(draft, step.ring, members, step.confirm)
    latest_s = max(member.after_s for member in rung)
    if step.order is Order.TOGETHER:
        each_s = None
        for_s = step.for_ or max(RING_FOR_S, latest_s + RING_EACH_S if latest_s else 0.0)
    else:
        each_s = step.each or min(RING_EACH_S, step.for_ or RING_EACH_S)
        for_s = step.for_ or max(each_s * len(rung), latest_s + each_s)
    return RingStep(
        members=rung,
        for_s=for_s,
        order=step.order,
        each_s=each_s,
        music=step.music,
        screen=step.screen,
        ringtone=step.ringtone or "",
    )


def _queue(draft: Draft, step: ring_steps.QueueStep, members: Sequence[str]) -> QueueStep:
    return QueueStep(
        members=members_of(draft, step.queue, members, step.confirm),
        order=step.order,
        each_s=step.each,
        longest_s=step.for_,
        fullest=step.most,
        leave_when_nobody=not step.stay,
        announce=_announcements(step.announce) if step.announce else None,
        call_back=CallBackOffer(key=step.call_back.key, prompt=step.call_back.prompt) if step.call_back else None,
        screen=step.screen,
        ringtone=step.ringtone or "",
    )


def _announcements(told: ring_steps.Announce) -> Announcements:
    return Announcements(every_s=told.every, position=told.position, wait=told.wait, prompt=told.prompt)


def members_of(
    draft: Draft, entries: Sequence[RingEntry], members: Sequence[str], confirm: bool | None
) -> tuple[Member, ...]:
    """Whom entries name, nobody twice, in the order written.

    Who is named and is also in a department that is named keeps the first one's place, and their own settings.
    """
    found: dict[tuple[str | None, str | None], Member] = {}
    for entry in entries:
        if entry.who.name == OWNER:
            found[None, OWNER] = _owner(entry, confirm)
            continue
        for person, number in _meant(draft, entry, members):
            key = (None, number.value) if number else (person, None)
            if key in found and _is_group(draft, entry):
                continue
            wanted = entry.confirm if entry.confirm is not None else confirm
            found[key] = Member(
                person=person,
                number=number,
                after_s=entry.after or 0.0,
                for_s=entry.for_,
                weight=entry.weight or 1,
                # A mobile's voicemail answers too; only a person presses a key.
                confirm=wanted if wanted is not None else number is not None,
            )
    return tuple(found.values())


def _owner(entry: RingEntry, confirm: bool | None) -> Member:
    return Member(
        person=None,
        is_owner=True,
        after_s=entry.after or 0.0,
        for_s=entry.for_,
        weight=entry.weight or 1,
        confirm=bool(entry.confirm if entry.confirm is not None else confirm),
    )


def _meant(
    draft: Draft, entry: RingEntry, members: Sequence[str]
) -> Iterator[tuple[str | None, PhoneNumber | None]]:
    who = entry.who
    if who.number is not None:
        yield None, who.number
    elif who.is_mobile:
        yield who.name, draft.people[who.name].mobile
    elif who.name == MEMBERS:
        yield from ((person, None) for person in members)
    elif who.name in draft.departments:
        yield from ((person, None) for person in draft.departments[who.name].members)
    else:
        yield who.name, None


def _is_group(draft: Draft, entry: RingEntry) -> bool:
    return entry.who.name == MEMBERS or (entry.who.name in draft.departments and not entry.who.is_mobile)
