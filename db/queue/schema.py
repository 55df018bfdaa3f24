"""The schema of the database in which the queue has its tables: the library's own, which have no access rules.

No model names them, so no field of the graph shows them, and the role that reads has no right to look into the schema.
"""

SCHEMA = "queue"
