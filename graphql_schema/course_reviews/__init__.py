"""Reviews of courses by their students."""
