"""What is used of Strawberry beside its documented interface."""

from importlib.metadata import version
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType, graphql_sync, introspection_types
from strawberry.schema_directives import OneOf

from graphql_schema.core.strawberry_seam import VERIFIED_WITH, Schema
from graphql_schema.schema import executor

DESCRIBED = introspection_types["__Type"]


@strawberry.input(directives=[OneOf()])
class Choice:
    """An input that wants one of its fields."""

    name: str | None = strawberry.UNSET
    number: int | None = strawberry.UNSET


@strawberry.type
class Query:
    """A root that takes it."""

    @strawberry.field
    def chosen(self, choice: Choice) -> bool:
        return bool(choice)


def test_it_is_the_version_that_all_of_this_was_verified_with() -> None:
    assert version("strawberry-graphql").startswith(f"{VERIFIED_WITH}."), "read strawberry_seam.py beside the new one"


def test_a_schema_changes_nothing_of_others() -> None:
    before = DESCRIBED.fields["isOneOf"]  # type: ignore[attr-defined]
    Schema(Query)
    assert DESCRIBED.fields["isOneOf"] is before  # type: ignore[attr-defined]


def test_an_input_that_wants_one_of_its_fields_says_so() -> None:
    schema = Schema(Query).core
    assert isinstance(type_ := schema.type_map["Choice"], GraphQLInputObjectType)
    assert type_.is_one_of
    answer = graphql_sync(schema, '{ __type(name: "Choice") { isOneOf } }')
    assert answer.data == {"__type": {"isOneOf": True}}


def test_a_value_of_an_enumeration_says_what_to_use_instead() -> None:
    type_: Any = executor.schema.get_type("MembershipStatus")
    reasons = {name: value.deprecation_reason for name, value in type_.values.items()}
    instead = "Nobody is: who is invited is among the `invitations`."
    assert reasons == {"INVITED": instead, "ACTIVE": None, "REMOVED": None}
