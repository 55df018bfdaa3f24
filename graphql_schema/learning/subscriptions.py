"""Hearing of one's own progress in a learning module, wherever it is made."""

from db import tables
from db.tables import ModuleProgressEventKind, module_progress_topic
from graphql_schema.core import events

module_progress_events = events(
    "How you advance in a learning module, from now on, on whichever of your devices.",
    "ModuleProgressEvent",
    ModuleProgressEventKind,
    of=tables.LearningModule,
    own=module_progress_topic,
    progress=tables.ModuleProgress,
)
