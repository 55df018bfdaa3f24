"""Asking for a review of a document."""

import strawberry

from db import tables
from db.actions import reviews
from db.permissions import COMMENT
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="A document to review.")
class RequestDocumentReviewInput:
    """A document."""

    document_id: strawberry.ID = strawberry.field(description="The document.")


@mutation(review=tables.DocumentReview)
async def request_document_review(work: Work, input: RequestDocumentReviewInput) -> tables.DocumentReview:
    """Have a document reviewed as it stands, or answer with the review of this version: there is one for each.

    The reviewer is a set of rules, and no language model: it says the same of the same text. It works a moment later,
    so listen to `documentEvents` for `REVIEW_COMPLETED`, or look at the review again. One that has failed is begun
    again. For members who may comment.
    """
    document = await work.get(tables.SpecificationDocument, input.document_id, at="documentId", may=COMMENT, lock=True)
    return await reviews.request(work, document)
