"""Reviews of the texts of specifications: who reviews, and the set of rules that comes with Trellis. See the README."""

from db.reviewing.review import Completeness, Finding, Metrics, Review, Reviewer, Section
from db.reviewing.rule_set import RULE_SET, review

__all__ = ["RULE_SET", "Completeness", "Finding", "Metrics", "Review", "Reviewer", "Section", "review"]
