"""Nobody has to know an id: ways through the graph lead from the root to every type of node, and from there back."""

from collections.abc import Iterable, Mapping

from tests.invariants.schema import EDGES, ROOTS, TABLES

VIEWER = "User"
"""The type of the viewer, in whose place somebody begins."""

OUT_OF_REACH: dict[str, str] = {}
"""The types that no way leads to from the root, with the reason."""
DEAD_ENDS: dict[str, str] = {}
"""The types from which no way leads to a person, with the reason."""
ONE_WAY = {
    "CodeReview.requestedBy": "a review is found at its pull request, whoever asked for it",
    "CommentThread.resolvedBy": "a thread is found at its document, whoever resolved it",
    "DocumentReview.requestedBy": "a review is found at its document, whoever asked for it",
    "Enrollment.progress": "both lead to the student and the course, which lead to both",
    "IdentitySuggestion.member": "a suggestion is found at its organization, whoever it is of",
    "Job.organization": "a job is found by the person who asked for it",
    "Job.user": "a person finds what they asked for among `jobs`",
    "Notification.comment": "a person finds what they were told among their notifications",
    "ProjectMember.user": "a person leads to the projects themselves",
    "QuizAnswer.gradedBy": "an answer is found in its attempt, whoever graded it",
    "Reaction.user": "a reaction is read with the comment that it is about",
    "SpecificationDocument.approvedBy": "a document is found in its project",
    "Suggestion.appliedBy": "a suggestion is found at its review or comment, whoever applied it",
    "Suggestion.document": "a document leads to its reviews and threads, and those to their suggestions",
}
"""The edges to one object that has no edge back to the objects that it is shown at, with the reason."""

WAYS = {name: {edge.target for edge in EDGES if edge.source == name} for name in TABLES}
BACK = {name: {edge.source for edge in EDGES if edge.target == name} for name in TABLES}


def reached(start: Iterable[str], ways: Mapping[str, set[str]]) -> set[str]:
    """All types that can be reached over any number of edges."""
    found, waiting = set[str](), set(start)
    while waiting:
        found |= waiting
        waiting = {target for source in waiting for target in ways[source]} - found
    return found


def test_every_type_of_node_is_reached_from_the_root() -> None:
    found = reached((edge.target for edge in ROOTS), WAYS)
    assert sorted(TABLES.keys() - found) == sorted(OUT_OF_REACH), "add an edge to it, or say why there is none"


def test_every_type_of_node_leads_back_to_a_person() -> None:
    assert sorted(TABLES.keys() - reached([VIEWER], BACK)) == sorted(DEAD_ENDS), "add an edge, or say why there is none"


def test_what_an_object_names_leads_back_to_it() -> None:
    """An object that belongs to several others is found from each of them."""
    to_one = [edge for edge in EDGES if not edge.is_list and not edge.group]
    alone = {f"{edge.source}.{edge.name}" for edge in to_one if edge.source not in WAYS[edge.target]}
    assert sorted(alone) == sorted(ONE_WAY), "add an edge from the other object, or say why there is none"
