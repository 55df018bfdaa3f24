"""Reviews of pull requests by a program."""

from db import tables
from graphql_schema.core import column, node, one, shaped, sql


@node(tables.CodeReview, orders=("-created_at", "risk_score"), filters=("status", "risk_level", "risk_score"))
class CodeReview:
    """How risky a reviewer finds a pull request, as it was at one commit, and why."""

    head_sha = column("The commit that was reviewed.")
    reviewer = column("The name and the version of the reviewer, such as `rules/1`.")
    is_rule_set = sql(
        bool,
        "Whether the reviewer is a set of rules that are documented, and no language model: it says the same of the "
        "same change, and no more than its rules say.",
        lambda review: review.reviewer.startswith("rules/"),
        weight=None,
    )
    status = column("How far it is.")
    risk_score = column("How risky it is to merge it, from 0 to 100: the points of all findings; null until reviewed.")
    risk_level = column("The same in a word; null until it is reviewed.")
    findings = shaped("What makes it risky, what is missing, and what the reviewer could not know.")
    summary = column("The findings in a sentence; null until it is reviewed.")
    error = column("Why it came to no end; null if it did, or may yet.")
    created_at = column("When it was asked for.")
    completed_at = column("When it was done; null until then.")
    pull_request = one(tables.CodeReview.pull_request_id, "The pull request.")
    requested_by = one(tables.CodeReview.requested_by_id, "Who asked for it.")
