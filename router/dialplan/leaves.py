"""How the leaves of a dial plan's shape are read: one text of the YAML into a value of the model.

Every leaf is text. A plain 600 or 999 is taken as the digits it was written with where digits make sense; anywhere
else a number, a truth value or a list in a text's place is refused rather than converted.
"""

from collections.abc import Callable, Collection
from itertools import chain
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from router.dialplan import scalars
from router.dialplan.faults import brief
from router.dialplan.parts import Context, Kind, context_of, got

MOST_TEXT = 200  # characters of one text

T = TypeVar("T")


class Text:
    """Marks a leaf: reads a text, with the plan around it, into a value. schema: for the editor."""

    def __init__(
        self, read: Callable[[str, Context], Any], *, digits: bool = False, most: int = MOST_TEXT, **schema: Any
    ) -> None:
        self._read = read
        self._digits = digits
        self._most = most
        self._schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": ["string", "integer"] if self._digits else "string", **self._schema}

    def _validate(self, value: Any, info: ValidationInfo) -> Any:
        if self._digits and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, bool | int):
            raise ValueError(f'expected text; put it in quotes: "{got(value)}"')
        if not isinstance(value, str):
            raise ValueError(f"expected one text, got {got(value)}")
        if len(value) > self._most:
            raise ValueError(f"has {len(value)} characters; {self._most} are possible")
        return self._read(value, context_of(info))


class OneOrMany:
    """Marks a list that may be written as its only entry, of one of these types."""

    def __init__(self, *alone: type) -> None:
        self._alone = alone

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}

    def _listed(self, value: Any) -> Any:
        return [value] if isinstance(value, self._alone) else value


class Short:
    """Marks a part that may be written as the text of one of its keys."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._full, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": ["string", "integer"]}, handler(schema)]}

    def _full(self, value: Any) -> Any:
        if isinstance(value, list):
            raise ValueError("expected one text or keys with values, got a list")
        return {self._key: value} if isinstance(value, str | int) else value


class Word:
    """Marks a part that may be written as one word, which stands for these keys. hint: said of another word."""

    def __init__(self, word: str, keys: dict[str, Any], hint: str) -> None:
        self._word = word
        self._keys = keys
        self._hint = hint

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._full, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"const": self._word}, handler(schema)]}

    def _full(self, value: Any) -> Any:
        if isinstance(value, str) and value != self._word:
            raise ValueError(self._hint)
        return self._keys if value == self._word else value


Many = Annotated[list[T], Field(min_length=1), OneOrMany(str, int)]


def known(*kinds: Kind, also: Collection[str] = ()) -> Text:
    """A name that the plan gives to one of these kinds."""

    def read(text: str, context: Context) -> str:
        if context.is_partial or text in also or any(text in context.names.get(kind, ()) for kind in kinds):
            return text
        what = " or ".join(kind.value for kind in kinds)
        raise ValueError(
            f'"{brief(text)}" is no {what}; {context.suggest(text, names(context, *kinds, also=also))}'
        )

    return Text(read, digits=True)


def names(context: Context, *kinds: Kind, also: Collection[str] = ()) -> Collection[str]:
    """Every name of these kinds."""
    return tuple(chain(also, *(context.names.get(kind, ()) for kind in kinds)))


def one_of(values: dict[str, Any]) -> Text:
    """One of a closed set, by its name."""

    def read(text: str, context: Context) -> Any:
        if text in values:
            return values[text]
        raise ValueError(f'"{brief(text)}" is not possible here; {context.suggest(text, values)}')

    return Text(read, enum=list(values))


def whole(least: int, most: int) -> Text:
    """A whole number."""

    def read(text: str, _: Context) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise ValueError(f'"{brief(text)}" is not possible here; write a whole number from {least} to {most}')
        return int(text)

    return Text(read, digits=True, minimum=least, maximum=most)


def within(least_s: float, most_s: float) -> Text:
    """A duration, in seconds."""
    # A bare 20 is read as text too, so that it is told it lacks a unit rather than quotes.
    return Text(
        lambda text, _: scalars.seconds(text, least_s, most_s),
        digits=True,
        type="string",
        examples=["20s", "3m", "1m30s"],
    )
