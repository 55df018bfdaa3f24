"""The way by which GitHub tells what happens in repositories, and how it proves that it is GitHub."""
