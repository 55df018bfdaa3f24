"""Files."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.Media, orders=("-created_at",))
class Media:
    """A picture, video or document. Pictures come by `POST /media`, and are deleted after a day if nothing has them."""

    type = column("What it is.")
    url = column("Where it is: an address, or a path on this server.")
    provider = column("The service that has it, if it is not this one.")
    provider_id = column("Its id there.")
    title = column("What it is called.")
    alt_text = column("What it shows, for those who do not see it.")
    mime_type = column("Its media type.")
    duration = column("How long it is, in seconds.")
    created_at = column("When it was uploaded.")

    course = one(tables.Media.course_id, "The course that shows it, if it is that of a course.")
    lesson = one(tables.Media.lesson_id, "The lesson that shows it, if it is that of a lesson.")
    uploader = one(tables.Media.uploader_id, "Who uploaded it, if you may find them.")
