"""Every prompt that a plan names, and where: each must be there and be playable."""

from collections.abc import Iterator
from pathlib import Path as Folder

from router.dialplan import sounds
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.ring_steps import QueueStep
from router.dialplan.steps import PlayStep, RejectStep, Step

Named = Iterator[tuple[Path, str | None]]


def check(plan: Draft, folder: Folder) -> None:
    """Notes prompts that are missing or cannot be played, at every place that names them. folder: of the plan."""
    wanted = [(path, name) for path, name in _named(plan) if name is not None]
    if not wanted:
        return
    found = sounds.find(folder)
    problems = {name: sounds.problem(name, found) for name in sorted({name for _, name in wanted})}
    for path, name in wanted:
        if (what := problems[name]) is not None:
            plan.fault(path, what)


def _named(plan: Draft) -> Named:
    for listed in plan.step_lists():
        for index, step in enumerate(listed.steps):
            yield from _of_step((*listed.path, index), step)
    for name, department in plan.departments.items():
        path: Path = ("departments", name)
        if department.voicemail is not None:
            yield (*path, "voicemail", "greeting"), department.voicemail.greeting
        if department.record is not None:
            yield (*path, "record", "announce"), department.record.announce
    for at, rule in plan.denied.items():
        yield ("outbound", "deny", at, "play"), rule.play
    for name, menu in plan.menus.items():
        yield ("menus", name, "prompt"), menu.prompt
        yield ("menus", name, "invalid"), menu.invalid


def _of_step(path: Path, step: Step) -> Named:
    match step:
        case PlayStep() | RejectStep():
            yield (*path, "play"), step.play
        case QueueStep():
            if step.announce is not None:
                yield (*path, "announce", "prompt"), step.announce.prompt
            if step.call_back is not None:
                yield (*path, "call_back", "prompt"), step.call_back.prompt
