"""Why a sign-in with a provider fails: the codes that the page `/signin` shows."""

from enum import StrEnum


class Failure(StrEnum):
    """The code in the address `/signin?error=…`."""

    ACCESS_DENIED = "ACCESS_DENIED"
    ACCOUNT_TAKEN = "ACCOUNT_TAKEN"
    ADDRESS_NOT_VERIFIED = "ADDRESS_NOT_VERIFIED"
    CSRF_ERROR = "CSRF_ERROR"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    PROVIDER_FAILED = "PROVIDER_FAILED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    SIGN_IN_EXPIRED = "SIGN_IN_EXPIRED"
    USER_DEACTIVATED = "USER_DEACTIVATED"


class SignInFailed(Exception):  # noqa: N818  (named for what happened)
    """A sign-in ends here. `because` is for the log: it names no person, and holds nothing that was sent."""

    def __init__(self, failure: Failure, because: str = "") -> None:
        super().__init__(because or failure)
        self.failure = failure
        self.because = because


def unusable(because: str) -> SignInFailed:
    """The provider answers what makes no sense."""
    return SignInFailed(Failure.PROVIDER_FAILED, because)
