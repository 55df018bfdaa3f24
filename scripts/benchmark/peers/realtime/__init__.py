"""The servers that are compared in real time, and the load on them: two in JavaScript, one in Python."""
