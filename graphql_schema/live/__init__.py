"""From an event to its listeners. README.md follows one through these modules."""
