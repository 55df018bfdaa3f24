"""The benchmark: Trellis beside PostGraphile, Mercurius, an idiomatic Strawberry server and hand-written SQL.

It is here so that every figure in the README can be had again with one command: `scripts/bench`.
"""
