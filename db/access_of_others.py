"""Access of people who do not ask: of those whom rows name, for work that is done on their behalf."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.sql.visitors import replacement_traverse

from db.access import Row, Viewer, rule_of
from db.permissions import Permission


def allows_whom(permission: Permission, row: Row, whom: Any) -> ColumnElement[bool]:
    """The condition under which the person with this key, such as that in a column, has a permission on a row, whatever
    their role on the platform is.
    """

    def named(part: Any, **_: Any) -> Any:
        return whom if isinstance(part, BindParameter) and part.key == "viewer_id" else None

    granted: Any = rule_of(row).grants(permission, row, Viewer(UUID(int=0)))
    found: ColumnElement[bool] = replacement_traverse(granted, {}, cast("Any", named))
    return found
