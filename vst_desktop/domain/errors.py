"""The three kinds of error: the user can act, the work was cancelled, or it is a bug.

Only the first kind has a class here. Cancellation is ``asyncio.CancelledError``; everything else
that escapes is a bug and is reported as one.
"""

from __future__ import annotations


class UserError(Exception):
    """Something the user can act on, told in one sentence.

    Args:
        what: What is wrong, naming the offending value.
        where: The file, setting, symbol or address it was found in, if any.
        remedy: What to do about it, if it can be said.
        exit_code: Exit code of a command that ends with it; 1 failed, 2 usage.
    """

    def __init__(
        self, what: str, *, where: str | None = None, remedy: str | None = None, exit_code: int = 1
    ) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        self.exit_code = exit_code
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text
