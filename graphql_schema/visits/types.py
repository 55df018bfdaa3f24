"""Visits to documents."""

from sqlalchemy import Text, cast

from db import tables
from graphql_schema.core import column, node, one, sql


@node(tables.DocumentVisit, orders=("-seen_at",), filters=("seen_at",))
class DocumentVisit:
    """What you have seen of a document, the last time that you marked it as seen. Others do not see it."""

    seen_at = column("When that was.")
    version = column("The version of the text that you had been shown. What has changed since is `diff(from: version)`.")
    sequence = sql(
        str,
        "How many events its project had had by then, in decimal digits: nothing has happened since while it has no more.",
        lambda visit: cast(visit.sequence, Text()),
        weight=None,
    )
    document = one(tables.DocumentVisit.document_id, "The document.")
