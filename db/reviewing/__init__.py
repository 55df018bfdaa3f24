"""Reviews of the texts of specifications: who reviews, and the set of rules that comes with Trellis. See the README."""

from db.reviewing.review import Finding, Review, Reviewer
from db.reviewing.rule_set import RULE_SET, review

__all__ = ["RULE_SET", "Finding", "Review", "Reviewer", "review"]
