"""What all parts of a dial plan's shape have in common: known keys, no empty values, all faults at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from router.dialplan.faults import Path, Suggest, brief

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic_core import ErrorDetails

    from router.model.number import NumberList


UNKNOWN_COUNTRY = ""  # of a plan whose country is faulty: its numbers are then not judged


class Kind(Enum):
    """What a name in the plan may stand for; the value is how a fault calls it."""

    PERSON = "person"
    DEPARTMENT = "department"
    TRUNK = "trunk"
    SCHEDULE = "schedule"
    MENU = "menu"
    LIST = "list of contacts"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading one entry needs to know of the rest of the plan. names: by kind, faulty entries included."""

    country: str = UNKNOWN_COUNTRY
    sites: "Collection[str]" = ()  # their countries
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    names: "Mapping[Kind, Collection[str]]" = field(default_factory=dict)
    extensions: "Collection[str]" = ()
    lists: "Mapping[str, NumberList]" = field(default_factory=dict)
    suggest: Suggest = field(default_factory=Suggest)
    is_partial: bool = False  # a file could not be read, so names may be known that are not seen


class Part(BaseModel):
    """One kind of entry. later: keys of the whole shape that are not built yet."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    later: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("has no value; write one or leave the key out")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _known_keys(cls, entry: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Refuses unknown keys in our own words, beside whatever else is wrong with the entry."""
        wrong: list[InitErrorDetails] = []
        if isinstance(entry, dict):
            wrong = [
                _detail((key,), "unknown_key", what) for key, what in unknown(cls, entry, context_of(info).suggest)
            ]
            if wrong:
                known = keys(cls)
                entry = {key: value for key, value in entry.items() if key in known}
        try:
            part = handler(entry)
        except ValidationError as found:
            wrong += [_detail(one["loc"], _type(one), words(one)) for one in found.errors(include_url=False)]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return part


def context_of(info: ValidationInfo) -> Context:
    """The plan around the value that is being read."""
    context: Context | None = info.context
    return context or Context()


def keys(part: type[Part]) -> frozenset[str]:
    """The keys a part has in YAML."""
    return frozenset(info.alias or name for name, info in part.model_fields.items())


def unknown(part: type[Part], entry: dict[str, Any], suggest: Suggest) -> Iterator[tuple[str, str]]:
    """The keys of `entry` that the part does not have, each with what to say about it."""
    known = keys(part)
    for key in entry:
        if key in part.later:
            yield key, "is not yet supported; leave it out"
        elif key not in known:
            yield key, f"is no key here; {suggest(key, known)}"


def faults_of(wrong: ValidationError) -> Iterator[tuple[Path, bool, str]]:
    """Each fault of an entry: its path within the entry, whether the key itself is meant, what is wrong."""
    for one in wrong.errors(include_url=False):
        path = tuple(part for part in one["loc"] if not (isinstance(part, str) and part.startswith("<")))
        at_key = one["type"] == "unknown_key" or path[-1:] == ("[key]",)
        if one["type"] == "missing" or path[-1:] == ("[key]",):
            path = path[:-1]
        yield path, at_key, words(one)


def words(one: "ErrorDetails") -> str:
    """A pydantic error as we say it."""
    match one["type"]:
        case "missing" if one["loc"]:
            return f'"{one["loc"][-1]}" is missing'
        case "value_error":
            return str(one["ctx"]["error"])
        case "model_type" | "dict_type":
            return f"expected keys with values, got {got(one['input'])}"
        case "list_type":
            return f"expected a list, got {got(one['input'])}"
        case "too_short":
            return "is empty; write at least one entry or leave the key out"
        case "bool_type":
            return f"expected true or false, got {got(one['input'])}"
        case _:
            return one["msg"]


def got(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list():
            return "a list"
        case dict():
            return "keys with values"
        case _:
            return f'"{brief(value)}"' if isinstance(value, str) else brief(value)


def _detail(path: Path, kind: str, what: str) -> InitErrorDetails:
    if kind == "unknown_key":
        return InitErrorDetails(type=PydanticCustomError("unknown_key", what), loc=path, input=None)
    if kind == "missing":
        return InitErrorDetails(type=PydanticCustomError("missing", what), loc=path, input=None)
    return InitErrorDetails(type=PydanticCustomError("fault", what), loc=path, input=None)


def _type(one: "ErrorDetails") -> str:
    return one["type"] if one["type"] in ("unknown_key", "missing") else "fault"
