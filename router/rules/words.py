"""Steps in words: in full for a reader of a plan, and as what a menu's key leads to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from router.model.plan import Announcements, DeadEnd, Music, Order, Play, Queue, Reject, Ring, Target
from router.model.steps import (
    DepartmentStep,
    HopStep,
    Member,
    MenuStep,
    QueueStep,
    RingStep,
    VoicemailStep,
)

MOST_NAMED = 8  # people of one step; a reader looks the others up


def duration(length_s: float) -> str:
    """ "20 s", "90 s", "5 min", "1 h 30 min": seconds as long as they are easily read."""
    if length_s <= 90 or length_s % 1:
        return f"{length_s:g} s"
    minutes, seconds = divmod(int(length_s), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def target_text(target: Target) -> str:
    """Whom a step may ring, as a test names them: "alice", "alice.mobile", "+447400123456"."""
    if target.person is None:
        return str(target.number)
    return target.person if target.number is None else f"{target.person}.mobile"


def ring_line(ring: Ring) -> str:
    """ "ring Alice Ng, Bob Iyer together, for 20 s; the caller hears ringing" """
    order = f" {ring.order.value}" if len(ring.targets) > 1 else ""
    each = f", each for {duration(ring.each_s)}" if ring.each_s is not None else ""
    music = "ringing" if ring.music is Music.RINGING else "music on hold"
    parts = [
        f"ring {_targets(ring)}{order}{each}, for {duration(ring.for_s)}",
        f"the caller hears {music}",
        *_phones(ring),
    ]
    return "; ".join(parts)


def queue_line(queue: Queue) -> str:
    parts = [
        f"queue for {_targets(queue)}, {queue.order.value}, each for {duration(queue.each_s)}, "
        f"at most {duration(queue.longest_s)} and {queue.fullest} callers",
    ]
    if queue.priority:
        parts.append(f"priority {queue.priority}")
    if queue.leave_when_nobody:
        parts.append("goes on when nobody could take a call")
    if queue.announce is not None:
        parts.append(_announced(queue.announce))
    if queue.call_back is not None:
        parts.append(f"{queue.call_back.key} asks to be called back")
    return "; ".join([*parts, *_phones(queue)])


def in_words(steps: Sequence[DepartmentStep], names: Mapping[str, str]) -> str:
    """What a key leads to: "plays sorry, then rings Bob Iyer". names: of people and departments."""
    return ", then ".join(_step(step, names) for step in steps)


def _step(step: DepartmentStep, names: Mapping[str, str]) -> str:
    match step:
        case Play(sound=sound):
            return f"plays {sound}"
        case RingStep(members=members):
            return f"rings {_cut(_member(member, names) for member in members)}"
        case QueueStep(members=members):
            return f"waits for {_cut(_member(member, names) for member in members)}"
        case MenuStep(menu=menu):
            return f"the menu {menu}"
        case HopStep(department=department):
            return names.get(department, department)
        case VoicemailStep():
            return "voicemail"
        case Reject(cause=cause):
            return f"refused as {cause.value}"
        case DeadEnd():
            return "music until the caller gives up"
        case _:
            assert_never(step)


def _member(member: Member, names: Mapping[str, str]) -> str:
    if member.person is None:
        return str(member.number)
    name = names.get(member.person, member.person)
    return name if member.number is None else f"{name}'s mobile"


def _targets(step: Ring | Queue) -> str:
    return _cut(_target(target, is_weighted=step.order is Order.WEIGHTED) for target in step.targets)


def _target(target: Target, *, is_weighted: bool) -> str:
    name = target.name or target_text(target)
    if target.person is not None and target.number is not None:
        name = f"{name}'s mobile"
    more = []
    if target.after_s:
        more.append(f"after {duration(target.after_s)}")
    if target.for_s is not None:
        more.append(f"for {duration(target.for_s)}")
    if is_weighted:
        more.append(f"weight {target.weight}")
    if target.confirm:
        more.append("must press 1")
    return f"{name} ({', '.join(more)})" if more else name


def _phones(step: Ring | Queue) -> list[str]:
    """What the phones show and how they ring."""
    told = []
    if step.screen:
        told.append("the caller says a name first")
    if step.label:
        told.append(f'phones show "{step.label}:" before the name')
    if step.ringtone:
        told.append(f"phones ring with {step.ringtone}")
    return told


def _announced(announce: Announcements) -> str:
    told = [
        *([announce.prompt] if announce.prompt else ()),
        *(["the position"] if announce.position else ()),
        *(["the wait"] if announce.wait else ()),
    ]
    return f"hears {', '.join(told)} every {duration(announce.every_s)}"


def _cut(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    return ", ".join(listed[:MOST_NAMED]) + more
