"""Permissions that imply others: whoever may edit a document sees it, as the rules themselves say."""

from functools import cache
from typing import Any

from db.access import Rule, alternatives, rule_of
from db.permissions import Permission
from db.references import parent_of
from db.rules import Administrators, Member, Owner, Through


@cache
def implies(table: Any, one: Permission, other: Permission) -> bool:
    """Whether everybody who has a permission on a row of a table has another one, too, by the same rule.

    It may be so where this is False: conditions are not compared.
    """
    if one is other:
        return True
    return all(_implies(table, rule, one, other) for rule in alternatives(rule_of(table)) if rule.describe(one))


def _implies(table: Any, rule: Rule, one: Permission, other: Permission) -> bool:
    match rule:
        case Administrators():
            return bool(rule.describe(other))
        case Owner(permissions=permissions):
            return other in permissions
        case Member(roles=roles):
            return all(other in permissions for permissions in roles.values() if one in permissions)
        case Through(column=column, needs=needs):
            return implies(parent_of(table.c[column]), needs.get(one, one), needs.get(other, other))
    return False
