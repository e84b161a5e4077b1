"""The body of a request as a value; what is wrong with it is told with what is known."""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import inspect

from router.dialplan.question import unknown

T = TypeVar("T")

_WORD = re.compile(r"Invalid enum value '(.*)' - at `\$\.(\w+)", re.S)
_KEY = re.compile(r"Object contains unknown field `(.*)`\Z", re.S)


async def body(request: web.Request, shape: type[T]) -> T:
    """Raises ValueError or DecodeError. No body is one without keys."""
    return read(await request.read() or b"{}", shape)


def read(content: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.ValidationError as error:
        fields = {field.encode_name: field.type for field in _fields(shape)}
        if word := _WORD.match(str(error)):
            key = word.group(2)
            raise ValueError(unknown(f"{key} cannot be", word.group(1), _words(fields[key]))) from None
        if key_found := _KEY.match(str(error)):
            raise ValueError(unknown("there is no key", key_found.group(1), fields)) from None
        raise


def _fields(shape: type) -> Sequence[inspect.Field]:
    found = inspect.type_info(shape)
    return found.fields if isinstance(found, inspect.StructType | inspect.DataclassType) else ()


def _words(kind: inspect.Type) -> list[str]:
    match kind:
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case inspect.EnumType(cls=words):
            return [str(each.value) for each in words]
        case inspect.DictType(value_type=inner):
            return _words(inner)
        case inspect.UnionType(types=types):
            return [word for each in types for word in _words(each)]
    return []
