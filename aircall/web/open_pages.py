"""The pages of this process that have a socket, each with its login. Knows nothing of what is told there."""

from aircall import metrics
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError


class OpenPages:
    """By the ids of their sockets."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._pages: dict[str, Login] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, socket_id: object) -> bool:
        return socket_id in self._pages

    @property
    def login_ids(self) -> set[str]:
        """Whose they are."""
        return {login.id for login in list(self._pages.values())}

    def of_login(self, login_id: str) -> list[str]:
        """The sockets of this login."""
        return [socket_id for socket_id, login in list(self._pages.items()) if login.id == login_id]

    def username(self, socket_id: str) -> str | None:
        """Whose page this is; None where it is none of these."""
        login = self._pages.get(socket_id)
        return login.user.username if login else None

    def let_in(self, socket_id: str, login_id: str) -> bool:
        """Take a page up; False where its login has ended. Raises where logins cannot be read."""
        try:
            self._pages[socket_id] = self._logins.get(login_id)
            # Who logs out just now finds this socket to close, or is found here.
            self._logins.get(login_id)
        except Exception as error:
            self.forget(socket_id)
            if isinstance(error, LoginEndedError):
                return False
            raise
        metrics.SOCKETS.set(len(self._pages))
        return True

    def forget(self, socket_id: str) -> str | None:
        """Its socket has ended. Returns whose page it was, None where it was none of these."""
        login = self._pages.pop(socket_id, None)
        metrics.SOCKETS.set(len(self._pages))
        return login.user.username if login else None
