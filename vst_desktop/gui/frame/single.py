"""One window a profile: a second start raises the first and ends."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_ANSWER_MS = 1_000
_RAISE = b"raise\n"


class SingleInstance(QObject):
    """Holds a name of this user's. ``raised`` is emitted when another start asked for the window.

    Args:
        name: What may be there once, as the profile and its data folder.
    """

    raised = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._asked)

    def take(self) -> bool:
        """Take the name. False when another start holds it: it was asked to show its window."""
        if self._ask_the_first():
            return False
        # Nobody answers: what a crash left behind is in the way of the name.
        QLocalServer.removeServer(self._name)
        if not self._server.listen(self._name):
            log.warning(
                "a second start of this station will not be noticed: %s",
                self._server.errorString(),
            )
        return True

    def close(self) -> None:
        """Give the name back."""
        self._server.close()

    def _ask_the_first(self) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_ANSWER_MS):
            return False
        socket.write(_RAISE)
        socket.flush()
        socket.waitForBytesWritten(_ANSWER_MS)
        socket.disconnectFromServer()
        return True

    def _asked(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.raised.emit()
