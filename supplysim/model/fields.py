"""How the objects of the model are checked: frozen, strict, every fault at once.

`frozen` makes a class a strict pydantic dataclass whose constructor raises `InvalidInput`. The field
types below are shared by the model, the measures and the scenario.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, NoReturn, TypeVar, dataclass_transform

import pydantic
from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from supplysim.errors import Fault, InvalidInput

T = TypeVar("T")
V = TypeVar("V")

CONFIG = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="strings")

Name = Annotated[str, Field(pattern=r"^[^\s|,;]([^|,;\n]{0,78}[^\s|,;])?$")]
"""A name: 1 to 80 characters without ``| , ;``; a key in every file."""
SMALLEST, LARGEST = 1e-30, 1e30
LONGEST = 1e7
"""Days: for ever, as far as a run goes, and still safe to count in ticks."""
CENTURY = 36_525.0
"""Days: as long as a run may be."""
YEAR = 365.0
"""Days: yearly figures become daily flows by it, and back."""


def _no_dust(value: float) -> float:
    """So small a number can only be a slip, and would leave the range in which arithmetic is safe."""
    if 0.0 < abs(value) < SMALLEST:
        raise ValueError(f"must be 0 or at least {SMALLEST:g}")
    return value


def _a_tick(days: float) -> float:
    if days < 2.0**-20:
        raise ValueError("must be at least a tick of the clock, 2**-20 day")
    return days


Positive = Annotated[float, Field(gt=0.0, le=LARGEST), AfterValidator(_no_dust)]
NonNegative = Annotated[float, Field(ge=0.0, le=LARGEST), AfterValidator(_no_dust)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST), AfterValidator(_no_dust)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveOrInf = Annotated[float, Field(gt=0.0, allow_inf_nan=True), AfterValidator(_no_dust)]
LongTime = Annotated[float, Field(ge=0.0, le=LONGEST)]
"""A time in days."""
Course = Annotated[float, Field(ge=0.0, le=CENTURY)]
"""A time in days that is laid out day by day."""
Period = Annotated[float, Field(gt=0.0, le=LONGEST), AfterValidator(_a_tick)]
"""Days from one time to the next: at least one tick of the clock."""
Text = Annotated[str, Field(max_length=20_000)]


@dataclass_transform(frozen_default=True, field_specifiers=(Field, dataclasses.field))
def frozen(cls: type[T]) -> type[T]:
    """Make a frozen, strict dataclass that refuses bad input with `InvalidInput`."""
    made = pydantic.dataclasses.dataclass(frozen=True, config=CONFIG)(cls)
    checked_init: Callable[..., None] = made.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            checked_init(self, *args, **kwargs)
        except pydantic.ValidationError as error:
            names = [field.name for field in dataclasses.fields(made) if field.init]
            raise InvalidInput(faults_of(error, names=names), what=cls.__name__) from None

    __init__.__doc__ = checked_init.__doc__
    made.__init__ = __init__  # type: ignore[method-assign]
    return made  # type: ignore[return-value]


def faults_of(error: pydantic.ValidationError, names: Sequence[str] = ()) -> list[Fault]:
    """Every fault of a pydantic error, with paths like ``lanes[3].share``.

    ``names`` are the fields of the class, to name what was given by position.
    """
    faults: list[Fault] = []
    for item in error.errors(include_url=False):
        location = list(item["loc"])
        if location and isinstance(location[0], int) and location[0] < len(names):
            location[0] = names[location[0]]
        path = path_of(location)
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, InvalidInput):
            faults += [Fault(_join(path, f.path), f.rule, f.value) for f in cause.faults]
            continue
        rule = _RULES.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        value = item["input"]
        if item["type"] in _RULES or type(value).__name__ == "ArgsKwargs":
            value = None
        faults.append(Fault(path, rule[:1].lower() + rule[1:], value))
    return faults


_RULES = {
    "extra_forbidden": "unknown field",
    "unexpected_keyword_argument": "unknown field",
    "missing": "is required",
    "missing_argument": "is required",
    "missing_keyword_only_argument": "is required",
    "unexpected_positional_argument": "one positional value too many",
}


def path_of(location: Iterable[int | str]) -> str:
    """A pydantic location as text.

    >>> path_of(("lanes", 3, "share"))
    'lanes[3].share'
    """
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _join(left: str, right: str) -> str:
    if not left or not right:
        return left or right
    return left + right if right.startswith("[") else f"{left}.{right}"


class FrozenMap(dict[str, V]):
    """A dict that cannot be changed once made, sorted by key.

    >>> FrozenMap({"b": 1, "a": 2})
    {'a': 2, 'b': 1}
    """

    def __init__(self, items: Mapping[str, V] | Iterable[tuple[str, V]] = ()) -> None:
        super().__init__(sorted(dict(items).items()))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenMap, (dict(self),))

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("this mapping is frozen; make a new object instead")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _refuse
    __ior__ = _refuse


Items = pydantic.AfterValidator(tuple)
"""Annotation of a sequence field: any list or tuple, kept as a tuple."""
FrozenMapping = pydantic.AfterValidator(FrozenMap)
"""Annotation of a mapping field: checked as a dict, kept as a `FrozenMap`."""


def _as_moment(value: Any) -> float | dt.date:
    if isinstance(value, bool):
        raise ValueError("must be a date or a number of days")
    if isinstance(value, int | float):
        if not -1e6 < value < 1e6:
            raise ValueError("must be a date or a number of days within a million")
        return float(value)
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise ValueError("must be a whole date, without a time of day")
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a date like 2023-08-01, or a number of days") from None
    raise ValueError("must be a date or a number of days")


Moment = Annotated[
    float | dt.date,
    PlainValidator(_as_moment),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date"}, {"type": "number"}],
            "description": "A date, or days from the scenario's start.",
        }
    ),
]
"""A point in time: an ISO date, or days from the scenario's start."""


def days_from(start: dt.date, moment: float | dt.date) -> float:
    """A moment as days from ``start``.

    >>> days_from(dt.date(2023, 7, 3), dt.date(2023, 8, 1))
    29.0
    """
    return float((moment - start).days) if isinstance(moment, dt.date) else float(moment)
