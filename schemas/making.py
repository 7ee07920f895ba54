"""Instances of the models of which every field is known to be right: read already, or our own.

To check a value takes longer than to make it. What comes from outside is checked all the same,
by pydantic or by the reader that gives what pydantic would give.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from schemas.envelope import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_Fields = ParamSpec("_Fields")
_Model = TypeVar("_Model", bound=Frozen)

_write: Callable[[object, str, object], None] = object.__setattr__


@cache
def maker_of(model: type[_Model]) -> Callable[[dict[str, Any]], _Model]:
    """Makes instances of a model from its fields; those that are left out have their defaults."""
    fields = model.model_fields
    # In the order of the fields, which is that of what is written of an instance.
    blank = {name: None if field.is_required() else field.default for name, field in fields.items()}
    every = set(fields)
    checks = [one.func for one in model.__pydantic_decorators__.model_validators.values()]

    def make(given: dict[str, Any]) -> _Model:
        made = model.__new__(model)
        _write(made, "__dict__", blank | given)
        # Nothing asks which of the fields were given, so they all share one set.
        _write(made, "__pydantic_fields_set__", every)
        _write(made, "__pydantic_extra__", None)
        _write(made, "__pydantic_private__", None)
        for check in checks:
            check(made)
        return made

    return make


def changed(one: _Model, fields: dict[str, Any]) -> _Model:
    """A copy of an instance in which some fields are others."""
    copy: _Model = maker_of(type(one))(vars(one) | fields)
    return copy


def unchecked(model: Callable[_Fields, _Model]) -> Callable[_Fields, _Model]:
    """Makes instances as the model itself does, and takes the types of their fields on trust."""
    assert isinstance(model, type), "a model is a class"
    make: Callable[[dict[str, Any]], _Model] = maker_of(model)

    def take(*_: _Fields.args, **given: _Fields.kwargs) -> _Model:
        return make(given)

    return take
