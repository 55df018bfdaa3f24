"""Values that Python already has, such as the errors of a payload, as JSON-ready values of the answer."""

from typing import Any

from graphql import is_leaf_type, is_list_type, is_non_null_type

from graphql_schema.core.fields import Computed
from graphql_schema.execution.steps import Step


def plain(step: Step, source: Any) -> Any:
    """The value of a computed field of `source`, a payload or an event, with all that is selected below it."""
    if step.is_typename:
        return step.parent.name
    assert isinstance(step.field, Computed)
    return _completed(step, step.output, step.field.value(source))


def _completed(step: Step, type_: Any, value: Any) -> Any:
    if is_non_null_type(type_):
        type_ = type_.of_type
    if value is None:
        return None
    if is_list_type(type_):
        return [_completed(step, type_.of_type, item) for item in value]
    if is_leaf_type(type_):
        return type_.coerce_output_value(value)
    return {child.key: plain(child, value) for child in step.children}
