"""The API with nothing in between: what the sandbox's own tests ask it."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

# Longer than any answer of a healthy sandbox takes, in seconds.
TIMEOUT = 20.0


class RestClient:
    """A person's requests, with the access token of the last login or refresh. Never raises for a status.

    `token` replaces the access token; where it is empty, none is sent.
    """

    def __init__(self, url: str, session: requests.Session) -> None:
        self._url = url
        self._session = session
        self.access_token = self.refresh_token = ""

    def login(self, username: str = "alice", password: str = "any") -> requests.Response:
        return self._keep_tokens(self.post("/auth/login", {"username": username, "password": password}))

    def refresh(self, refresh_token: str | None = None) -> requests.Response:
        """Exchange a refresh token, the last one unless another is given."""
        token = refresh_token or self.refresh_token
        return self._keep_tokens(self.post("/auth/refresh-token-v2", token=token))

    def get(self, path: str, *, token: str | None = None, **query: object) -> requests.Response:
        return self._send("GET", path, token, params={name: str(value) for name, value in query.items()})

    def put(self, path: str, *, token: str | None = None) -> requests.Response:
        return self._send("PUT", path, token)

    def post(self, path: str, fields: object = None, *, token: str | None = None) -> requests.Response:
        return self._send("POST", path, token, json=fields)

    def _send(self, method: str, path: str, token: str | None, **body: object) -> requests.Response:
        bearer = self.access_token if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self._session.request(method, self._url + path, headers=headers, timeout=TIMEOUT, **body)  # type: ignore[arg-type]

    def _keep_tokens(self, answer: requests.Response) -> requests.Response:
        if answer.ok:
            tokens = answer.json()
            self.access_token, self.refresh_token = tokens["access_token"], tokens.get("refresh_token", "")
        return answer


@contextmanager
def signed_in(url: str, username: str = "alice") -> Iterator[RestClient]:
    """Somebody who has signed in at this address."""
    with requests.Session() as session:
        session.trust_env = False
        client = RestClient(url, session)
        client.login(username)
        yield client
