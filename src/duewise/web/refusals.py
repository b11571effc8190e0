"""What a page refuses, and with which status; each has a page of its own."""


class RefusalError(Exception):
    """A request that is answered with an error page.

    Attributes
    ----------
    status : int
        HTTP status.
    reason : str
        Stable code: the page and the API tell it, the log counts it.
    """

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadRequestError(RefusalError):
    """The request cannot be understood."""


class SignInNeededError(RefusalError):
    """Nobody has signed in."""

    status = 401


class ForbiddenError(RefusalError):
    """Whoever asks may not."""

    status = 403


class NotFoundError(RefusalError):
    """There is nothing by that name for whoever asks."""

    status = 404


class TooManyError(RefusalError):
    """Too many attempts in too short a time."""

    status = 429
