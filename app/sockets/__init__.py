"""GraphQL over WebSocket (graphql-transport-ws): the endpoint, the conversation on each socket, and its connection.

A socket closes with one of these codes; those below 4000 are WebSocket's own.

| code | why |
| --- | --- |
| 1002, 1007 | what came is no WebSocket frame, or a text that is not UTF-8 |
| 1009 | a message has too many bytes or fragments |
| 1012 | the server restarts: connect again |
| 1013 | too much waits to be read: connect again |
| 4400 | what came is no message of the protocol |
| 4401 | an operation before `connection_ack` |
| 4403 | the credential does not hold, or no longer |
| 4406 | another subprotocol |
| 4408 | no `connection_init` in time |
| 4409 | an operation's id is in use |
| 4429 | a second `connection_init`, too many sockets, or too many messages at once |
| 4500 | something went wrong on our side |

What cannot be answered is the `error` of its operation: one that is over with `HISTORY_GAP` has missed something.
Who answers no ping, or does not read, is cut off without a code (1006).

Nothing is opened, and HTTP's own status says why, for a ticket that does not hold (401), for cookies that a page of
another origin makes a browser send (403), and for one too many from an address (429).
"""
