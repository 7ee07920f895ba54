"""Instances of the models of which every field is known to be right: read already, or our own.

To check a value takes longer than to make it. What comes from outside is checked all the same,
by pydantic or by the reader that gives what pydantic would give.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pydantic import BaseModel

from schemas.envelope import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

_Fields = ParamSpec("_Fields")
_Model = TypeVar("_Model", bound=Frozen)

# Where an instance keeps its fields, and the three things that pydantic keeps beside them. To
# write there directly takes half of what it takes to look up the place by its name each time.
_SLOTS = vars(BaseModel)
_keep: Callable[[object, dict[str, Any]], None] = _SLOTS["__dict__"].__set__
_keep_given: Callable[[object, set[str]], None] = _SLOTS["__pydantic_fields_set__"].__set__
_keep_extra: Callable[[object, None], None] = _SLOTS["__pydantic_extra__"].__set__
_keep_private: Callable[[object, None], None] = _SLOTS["__pydantic_private__"].__set__


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
        _keep(made, blank | given)
        # Nothing asks which of the fields were given, so they all share one set.
        _keep_given(made, every)
        _keep_extra(made, None)
        _keep_private(made, None)
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
    return lambda *_, **given: make(given)
