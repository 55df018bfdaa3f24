"""Reviews of changes of code: who reviews, and the set of rules that comes with Trellis. See the README."""

from db.code_reviewing.review import Change, CodeReviewer, Verdict
from db.code_reviewing.rule_set import RULE_SET, review

__all__ = ["RULE_SET", "Change", "CodeReviewer", "Verdict", "review"]
