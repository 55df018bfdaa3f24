"""GraphQL over WebSocket (graphql-transport-ws): the endpoint, the conversation on each socket, and its connection.

`app/README.md` has a table of the codes with which a socket closes. An operation that cannot be answered ends with an
`error` message, and its socket stays open.
"""
