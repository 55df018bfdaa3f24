"""Connections: from bytes to requests and back, for all addresses. uvicorn makes one for each client, and nothing else.

`http` reads requests and has them answered in their order, `exchange` is one of them with its response, and
`patience` says how long a client is waited for. `websocket` takes over where a request asks for that.
"""
