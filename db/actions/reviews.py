"""Reviews of documents: somebody asks for one, and a job makes it, once for each version and reviewer."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from db import tables
from db.ids import key_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.reviewing import RULE_SET, Review, Reviewer
from db.tables import DocumentEventKind, ReviewStatus, SpecificationPhase
from db.transitions import transition
from db.write import Work

REVIEWER: Reviewer = RULE_SET
"""The reviewer of what is asked for now."""
REVIEWERS: dict[str, Reviewer] = {REVIEWER.name: REVIEWER}
"""All reviewers by their names: those of reviews that were asked for earlier may be others."""
FAILURE = "The reviewer could not review this text."
"""The error for people. The log has the one for operators."""
