"""Documents take as long as a busy machine needs for them."""

import pytest

from app.certificates import printing
from tests.deadline import DEADLINE


@pytest.fixture(autouse=True)
def patient_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document may take as long as tests wait, but in those about its time."""
    monkeypatch.setattr(printing, "TIMEOUT", DEADLINE)
