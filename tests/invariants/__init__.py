"""What holds for every table, type and field, found from the schema: whatever is declared is covered."""
