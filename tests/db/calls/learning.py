"""Calls of what people do with learning modules: write them, take them, and leave them out."""

from db import tables
from db.actions import authoring, learning
from db.tables import Difficulty
from tests.db.calls import Call

OF_ONE = "SELECT count(*) = 1 FROM module_progress p JOIN users u ON u.id = user_id WHERE u.name = "
NEW = {"slug": "sets", "title": "Sets", "description": "All", "difficulty": Difficulty.BEGINNER}

CALLS = (
    Call(
        authoring.create_module,
        "ines",
        ("basics",),
        lambda work, basics: authoring.create_module(
            work, tables.LearningModule(**NEW, estimated_duration=5), [], exercises=[], required=[basics]
        ),
        "SELECT count(*) = 1 FROM learning_modules m JOIN learning_module_prerequisites p ON p.module_id = m.id "
        "WHERE slug = 'sets'",
    ),
    Call(
        authoring.update_module,
        "ines",
        ("advanced",),
        lambda work, advanced: authoring.update_module(
            work, advanced, {"title": "Updated"}, version=1, lessons=None, exercises=None, required=[]
        ),
        "SELECT count(*) = 1 FROM learning_modules m WHERE title = 'Updated' AND version = 2 "
        "AND NOT EXISTS (SELECT FROM learning_module_prerequisites WHERE module_id = m.id)",
    ),
    Call(
        authoring.publish_module,
        "ines",
        ("sketch",),
        authoring.publish_module,
        "SELECT is_published FROM learning_modules WHERE slug = 'sketch'",
    ),
    Call(learning.start, "olga", ("basics",), learning.start, f"{OF_ONE} 'Olga' AND status = 'IN_PROGRESS'"),
    Call(
        learning.complete_lesson,
        "sam",
        ("basics",),
        lambda work, basics: learning.complete_lesson(work, basics, "lesson-forms"),
        f"{OF_ONE} 'Sam' AND 'lesson-forms' = ANY (completed_lessons)",
    ),
    Call(
        learning.submit,
        "sam",
        ("basics",),
        lambda work, basics: learning.submit(work, basics, "exercise-list", []),
        f"{OF_ONE} 'Sam' AND jsonb_array_length(exercise_results) = 2",
    ),
    Call(
        learning.assess,
        "ben",
        ("basics",),
        lambda work, basics: learning.assess(work, basics, "Patience", 3),
        f"{OF_ONE} 'Ben' AND skill_assessments @> '[{{\"level\": 3}}]'",
    ),
    Call(learning.skip, "vera", ("basics",), learning.skip, f"{OF_ONE} 'Vera' AND status = 'SKIPPED'"),
)
