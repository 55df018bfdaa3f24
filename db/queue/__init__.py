"""Jobs: work that is done later, by workers, from a queue in the database. See the README beside this file."""
