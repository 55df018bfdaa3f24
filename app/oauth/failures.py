"""Why a sign-in with a provider fails: the codes that the page `/signin` shows."""

from enum import StrEnum, auto


class Failure(StrEnum):
    """The code in the address `/signin?error=…`."""

    ACCESS_DENIED = auto()
    ACCOUNT_TAKEN = auto()
    ADDRESS_NOT_VERIFIED = auto()
    CSRF_ERROR = auto()
    INTERNAL_SERVER_ERROR = auto()
    PROVIDER_FAILED = auto()
    PROVIDER_UNAVAILABLE = auto()
    SERVICE_UNAVAILABLE = auto()
    SIGN_IN_EXPIRED = auto()
    USER_DEACTIVATED = auto()

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name


class SignInFailed(Exception):  # noqa: N818  (named for what happened)
    """A sign-in ends here. `because` is for the log: it names no person, and holds nothing that was sent."""

    def __init__(self, failure: Failure, because: str = "") -> None:
        super().__init__(because or failure)
        self.failure = failure
        self.because = because


def unusable(because: str) -> SignInFailed:
    """The provider answers what makes no sense."""
    return SignInFailed(Failure.PROVIDER_FAILED, because)
