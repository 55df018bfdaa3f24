"""The process that draws one document: its texts come as JSON, and the PDF goes out."""

import sys

import orjson

from app.certificates.drawing import drawn
from app.certificates.paper import Paper

if __name__ == "__main__":
    sys.stdout.buffer.write(drawn(Paper(**orjson.loads(sys.stdin.buffer.read()))))
