"""Asking how risky a pull request is."""

import strawberry

from db import tables
from db.actions import code_reviews
from db.permissions import COMMENT
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="A pull request to review.")
class RequestCodeReviewInput:
    """A pull request."""

    pull_request_id: strawberry.ID = strawberry.field(description="The pull request.")


@mutation(review=tables.CodeReview)
async def request_code_review(work: Work, input: RequestCodeReviewInput) -> tables.CodeReview:
    """Have a pull request reviewed as it stands, or answer with the review of its newest commit: there is one for each.

    The reviewer is a set of rules, and no language model: it says the same of the same change. It works a moment later,
    so listen to `repositoryEvents` for `CODE_REVIEW_COMPLETED`, or look at the review again. One that has failed is
    begun again. For members who may comment.
    """
    pull = await work.get(tables.PullRequest, input.pull_request_id, at="pullRequestId", may=COMMENT, lock=True)
    return await code_reviews.request(work, pull)
