"""Loads a company's dial plan: all of it or nothing, with every fault of every file at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from router.dialplan import caller_ids, checks, flow, prompts
from router.dialplan.build import build
from router.dialplan.draft import draft
from router.dialplan.faults import Fault, order
from router.dialplan.feeds import read_calendars
from router.dialplan.rates import read_rates
from router.dialplan.source import folder, gather
from router.model.department import DialPlan

FAULTS_LIMIT = 1000  # told at once; nobody reads more, and a wrong file must not fill a disk with its log


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """plan: None when there are faults. warnings: possible, but it looks wrong. files: name -> text, as read."""

    plan: DialPlan | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    files: Mapping[str, str]


def load(
    directory: Path, *, with_prompts: bool = True, with_rates: bool = True, now: datetime | None = None
) -> Loaded:
    """Loads the plan in `directory`, a folder of YAML files or a single file, with prompts in `sounds/` beside it.

    with_prompts, with_rates: whether their files must be there. now: from when on calendars are worked out, None
    for now. Never raises because of what is or is not there: what cannot be read is a fault too. Reads files and
    takes some 10 µs a value: not for the event loop.
    """
    source = gather(directory)
    entries = draft(source, folder(directory))
    checks.check(entries)
    flow.check(entries)
    caller_ids.check(entries)
    if with_prompts:
        prompts.check(entries, folder(directory))
    calendars = read_calendars(entries, folder(directory), now or datetime.now(UTC))
    rates = read_rates(entries, folder(directory)) if with_rates else {}
    head = entries.head
    plan = build(entries, head, calendars, rates) if head is not None and not entries.faults else None
    return Loaded(
        plan=plan, faults=_told(entries.faults), warnings=_told(entries.warnings), files=dict(source.files)
    )


def load_kept(files: Mapping[str, str]) -> Loaded:
    """Loads a plan from the text of its files, as the store keeps them; it keeps no prompts and no rates."""
    with TemporaryDirectory() as kept:
        for name, text in files.items():
            file = Path(kept, name).resolve()
            if not file.is_relative_to(Path(kept).resolve()):
                raise ValueError(f"{name} lies outside the dial plan's folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        return load(Path(kept), with_prompts=False, with_rates=False)


def _told(found: list[Fault]) -> tuple[Fault, ...]:
    """In the order of the files, each once, and not without end."""
    ordered = sorted(set(found), key=order)
    if len(ordered) > FAULTS_LIMIT:
        more = f"and {len(ordered) - FAULTS_LIMIT} more"
        ordered = [*ordered[:FAULTS_LIMIT], Fault(file=ordered[-1].file, line=0, column=0, path="", what=more)]
    return tuple(ordered)
