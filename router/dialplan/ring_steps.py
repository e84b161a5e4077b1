"""The steps that ring people, as they are written: `ring` for now, `queue` for callers who wait their turn."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.leaves import OneOrMany, Short
from router.dialplan.parts import Part
from router.model.plan import Music, Order


class RingEntry(Part):
    """One who is rung, or all of a department."""

    who: values.RungName
    after: values.RingTime | None = None
    for_: values.RingTime | None = Field(default=None, alias="for")
    weight: values.Weight | None = None
    confirm: bool | None = None


Entries = Annotated[list[Annotated[RingEntry, Short("who")]], Field(min_length=1), OneOrMany(str, int, dict)]


class RingStep(Part):
    """Rings people until one answers."""

    ring: Entries
    order: values.RingOrder = Order.TOGETHER
    each: values.RingTime | None = None
    for_: values.RingTime | None = Field(default=None, alias="for")
    music: values.Heard = Music.RINGING
    confirm: bool | None = None
    screen: bool = False
    ringtone: values.Ringtone | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.each is not None and self.order is Order.TOGETHER:
            raise ValueError('"each" is the time of one phone after another; it goes with any order but together')
        if self.each is not None and self.for_ is not None and self.each > self.for_:
            raise ValueError('"each" is longer than "for", the time of the whole step')
        _entries(self.ring, self.order, self.for_)
        return self


class Announce(Part):
    """What a waiting caller is told, again and again."""

    every: values.AnnounceTime = 45.0
    position: bool = False
    wait: bool = False
    prompt: values.Sound | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.position or self.wait or self.prompt):
            raise ValueError("announces nothing; add position: true, wait: true or a prompt")
        return self


class CallBack(Part):
    """A key by which a waiting caller asks to be called back."""

    key: values.Key = "1"
    prompt: values.Sound | None = None


class QueueStep(Part):
    """Callers wait their turn for whoever is free."""

    queue: Entries
    order: values.RingOrder = Order.LONGEST_IDLE
    each: values.RingTime = 15.0
    for_: values.QueueTime = Field(default=600.0, alias="for")
    most: values.Waiting = 20
    stay: bool = False
    announce: Announce | None = None
    call_back: CallBack | None = None
    confirm: bool | None = None
    screen: bool = False
    ringtone: values.Ringtone | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.each > self.for_:
            raise ValueError('"each" is longer than "for", the longest that anyone waits')
        _entries(self.queue, self.order, self.for_)
        return self


def _entries(entries: list[RingEntry], order: Order, for_s: float | None) -> None:
    named: set[str] = set()
    for entry in entries:
        text = entry.who.number.value if entry.who.number else entry.who.text
        if text in named:
            raise ValueError(f'"{entry.who.text}" is named twice; once is enough')
        named.add(text)
        if entry.weight is not None and order is not Order.WEIGHTED:
            raise ValueError(f'"{entry.who.text}" has a weight, which only goes with order: weighted')
        if for_s is not None and entry.for_ is not None and entry.for_ > for_s:
            raise ValueError(f'"{entry.who.text}" has a longer "for" than the whole step')
        if for_s is not None and entry.after is not None and entry.after >= for_s:
            raise ValueError(f'"{entry.who.text}" never rings: "after" is not before the end of "for"')
    if all(entry.after is not None for entry in entries):
        raise ValueError('nobody rings at first: one entry must be without "after"')
