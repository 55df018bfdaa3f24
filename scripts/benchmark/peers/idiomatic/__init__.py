"""An idiomatic Strawberry server over the tables of Trellis."""
