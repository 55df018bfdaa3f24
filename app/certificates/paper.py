"""The texts on the document of a certificate: the process that draws it loads little else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paper:
    """The texts of a document. `stamp` says that the certificate does not hold any more; None where it does."""

    number: str
    holder: str
    course: str
    stamp: str | None
    dates: list[str]
    address: str
    """Where it is verified."""
