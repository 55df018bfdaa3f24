"""Persisted operations: a client names a document instead of sending its text. In the order to read:

- names: what a document is called, and where a request says so
- trusted: the list of documents that an operator trusts, and how strictly it is held
- automatic: the texts that clients have sent once, for each tenant, in Redis with a memory in front
- find: from the members of a request to the text that runs, or to a refusal
- manifests: the list made from what the tools of front ends write
"""
