"""HTTP/1.1 with connections that stay open between requests. Knows no application."""

import io
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_content_length

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Answer(Response):
    """What an application answered, with nothing added: no type of content where it named none."""

    default_mimetype = None


class RequestHandler(WSGIRequestHandler):
    """Reads each request whole, answers it and keeps the connection; werkzeug's own handler closes it."""

    protocol_version = "HTTP/1.1"
    # Or the body of an answer waits until the client has acknowledged its head.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body())
        answer = Answer.from_app(self.server.app, environ)
        try:
            self._send(answer)
        finally:
            answer.close()

    def _body(self) -> bytes:
        length = get_content_length(self.environ)
        source = self.environ["wsgi.input"]
        if length is None and "wsgi.input_terminated" not in self.environ:
            return b""
        try:
            body: bytes = source.read() if length is None else source.read(length)
        except OSError as error:
            raise ConnectionAbortedError from error
        return body

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status_code not in BODILESS:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in answer.iter_encoded():
            self.wfile.write(piece)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged: the address of one may say whom it is about."""


def http_server(host: str, port: int, app: "WSGIApplication") -> BaseWSGIServer:
    """A server that is bound already, with a thread per connection. Port 0 takes one from the system."""
    return make_server(host, port, app, threaded=True, request_handler=RequestHandler)
