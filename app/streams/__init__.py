"""Answers that come in several parts, over HTTP.

`framing` says how the parts of a response are told apart, `streaming` sends them as they come.
"""
