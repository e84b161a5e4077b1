"""Plans written as text, loaded as files."""

import textwrap
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from router.dialplan.load import Loaded, load
from router.model.department import DialPlan

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "dialplans"

HEAD = "company: Acme Ltd\ncountry: GB\ntimezone: Europe/London\n"
SALES = "departments:\n  sales: {name: Sales, numbers: 020 7946 0100, open: [{reject: busy}]}\n"

Write = Callable[..., Path]
LoadText = Callable[..., Loaded]


def write_prompt(path: Path, samples: bytes = b"\0\0" * 800) -> None:
    """A prompt as Asterisk plays it: a tenth of a second, silent unless told otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a folder of plan files: write(acme="…", people="…") -> the folder."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return write


@pytest.fixture
def load_text(write: Write) -> LoadText:
    """Loads a plan that is one file, acme.yaml."""

    def load_text(text: str) -> Loaded:
        return load(write(acme=text))

    return load_text


def faults(loaded: Loaded) -> list[str]:
    return [str(fault) for fault in loaded.faults]


def plan_of(loaded: Loaded) -> DialPlan:
    assert faults(loaded) == []
    assert loaded.plan is not None
    return loaded.plan
