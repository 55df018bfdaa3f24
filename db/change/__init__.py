"""Changes that are one statement each: see the README beside this file."""
