"""Jobs."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.Job, orders=("-created_at",), filters=("status", "kind", "created_at"))
class Job:
    """Work that you asked for, and that is done later: an export, a review, the build of a site."""

    kind = column("What is done.")
    status = column("Whether it waits, is being done, or has ended, and how.")
    done = column("How much is done, of `total`.")
    total = column("How much there is to do; null while that is not known.")
    message = column("What is being done, in a line of plain text.")
    result = column("What came of it, for programs; null until it is done.")
    created_at = column("When it was asked for.")
    updated_at = column("When any of this last changed.")
    user = one(tables.Job.user_id, "Who asked for it; null once that person is gone.")
    organization = one(tables.Job.organization_id, "The organization that it is for, if it is for one.")
