"""Pages that are built from npm packages when their sources change, and served without another host."""
