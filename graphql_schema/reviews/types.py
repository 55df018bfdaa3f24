"""Reviews of documents, and suggestions for their texts."""

from db import tables
from graphql_schema.core import column, many, node, one, shaped, sql


@node(tables.DocumentReview, orders=("-created_at",), filters=("status", "created_at"))
class DocumentReview:
    """The findings of a reviewer in one version of a document."""

    document_version = column("The version that was reviewed.")
    reviewer = column("The name and the version of the reviewer, such as `rules/1`.")
    is_rule_set = sql(
        bool,
        "Whether the reviewer is a set of rules that are documented, and no language model: it says the same of the "
        "same text, and no more than its rules say.",
        lambda review: review.reviewer.startswith("rules/"),
        weight=None,
    )
    status = column("How far it is.")
    overall_score = column("How good the text is, from 0 to 100; null until it is reviewed.")
    completeness = shaped("Which sections of its phase the text has; null until it is reviewed.")
    quality_metrics = shaped("The text in numbers; null until it is reviewed.")
    error = column("Why it came to no end; null if it did, or may yet.")
    created_at = column("When it was asked for.")
    completed_at = column("When it was done; null until then.")
    document = one(tables.DocumentReview.document_id, "The document.")
    requested_by = one(tables.DocumentReview.requested_by_id, "Who asked for it.")
    suggestions = many(tables.Suggestion.review_id, "What it found, from the first line to the last.")


@node(tables.Suggestion, orders=("number",), filters=("kind", "severity"))
class Suggestion:
    """Other words for a part of a document: a finding of a review, or what a comment proposes."""

    document_version = column("The version whose text it is about.")
    original = column("The text that it is about, as it reads in that version; empty where something is missing.")
    replacement = column("What should stand there instead; null if it only says what is wrong.")
    kind = column("What it is about; null if a person made it, in a comment.")
    severity = column("How much it matters; null if a person made it.")
    rule = column("The rule that found it, such as `ears/no-shall`; null if a person made it.")
    message = column("What is wrong, for people; null if a person made it: their comment says it.")
    is_applied = sql(
        bool,
        "Whether the text has it.",
        lambda suggestion: suggestion.applied_at.is_not(None),
        weight=None,
    )
    created_at = column("When it was made.")
    applied_at = column("When it was taken over into the text; null if it was not.")
    applied_version = column("The version of the document that it made; null if it was not applied.")
    document = one(tables.Suggestion.document_id, "The document.")
    comment = one(tables.Suggestion.comment_id, "The comment that it is in; null if it is a review's.")
    review = one(tables.Suggestion.review_id, "The review that found it; null if it is a comment's.")
    applied_by = one(tables.Suggestion.applied_by_id, "Who applied it.")
