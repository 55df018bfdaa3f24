"""Pictures: taken in by `POST /media`, and shown again."""
