"""Ari: typed requests out, typed events in.

It opens no socket and starts no task. Requests go through a Transport; events come in by `take`, from the reader of
the events socket or from a test.
"""

from collections.abc import Callable
from functools import partial

from router.ari.events import subjects
from router.ari.feed import Feed
from router.ari.models import Event
from router.ari.resources import (
    Applications,
    Asterisk,
    Bridges,
    Channels,
    DeviceStates,
    Endpoints,
    Events,
    Mailboxes,
    Playbacks,
    Recordings,
    Sounds,
)
from router.ari.transport import Transport

Push = Callable[[Event], None]


class Ari:
    """One Stasis application on one Asterisk. app: its name, as in `Stasis(NAME)`.

    on_event: called with every event after those who listen to its subjects, so that it finds them up to date.
    """

    def __init__(self, transport: Transport, app: str) -> None:
        self.app = app
        self.on_event: Push | None = None
        self.applications = Applications(transport)
        self.asterisk = Asterisk(transport)
        self.bridges = Bridges(transport)
        self.channels = Channels(transport)
        self.device_states = DeviceStates(transport)
        self.endpoints = Endpoints(transport)
        self.events = Events(transport)
        self.mailboxes = Mailboxes(transport)
        self.playbacks = Playbacks(transport)
        self.recordings = Recordings(transport)
        self.sounds = Sounds(transport)
        self._listeners: dict[str, tuple[Push, ...]] = {}

    def take(self, event: Event) -> None:
        """Hands an event to all who listen to its subjects, each once, then to `on_event`. Never waits."""
        listeners = self._listeners
        pushes: dict[Push, None] = {}
        for subject in subjects(event):
            if subject in listeners:
                pushes.update(dict.fromkeys(listeners[subject]))
        for push in pushes:
            push(event)
        if self.on_event:
            self.on_event(event)

    def listen(self, subject: str, push: Push) -> Callable[[], None]:
        """Calls `push` with each event about `subject`, until the function returned is called. Twice is once."""
        self._listeners[subject] = (*self._listeners.get(subject, ()), push)
        listening = [subject]
        return partial(self._unlisten, listening, push)

    def _unlisten(self, listening: list[str], push: Push) -> None:
        if not listening:
            return
        subject = listening.pop()
        rest = list(self._listeners[subject])
        rest.remove(push)
        if rest:
            self._listeners[subject] = tuple(rest)
        else:
            del self._listeners[subject]

    @property
    def listening(self) -> int:
        """How many listeners are registered: 0 when nothing was left behind."""
        return sum(map(len, self._listeners.values()))

    def feed(self, *subjects: str, size: int = 256) -> Feed:
        """A feed of the events about these subjects, listening from now on. size: events it holds unread."""
        return Feed(self, *subjects, size=size)
