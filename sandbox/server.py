"""Puts the API, its faults, the channel and the control endpoints into one server. Wiring only."""

from flask import Flask
from werkzeug.serving import BaseWSGIServer

from sandbox.control import Control
from sandbox.handshake import ChannelEndpoint
from sandbox.http_server import http_server
from sandbox.middleware import FaultyApi
from sandbox.options import Options
from sandbox.rest import RestApi
from sandbox.traffic import Traffic
from sandbox.upstream import Upstream

# What the API's own body parser takes, in bytes.
LARGEST_BODY = 100 * 1024


def make_sandbox(options: Options) -> BaseWSGIServer:
    """A sandbox that is bound to its address; it answers as soon as `serve_forever` is called."""
    upstream = Upstream(options)
    app = Flask("sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    RestApi(upstream, options).register(app)
    ChannelEndpoint(upstream, options).register(app)
    Control(upstream).register(app)
    if options.traffic is not None:
        Traffic(upstream, options.traffic, options.seed).start()
    return http_server(options.host, options.port, FaultyApi(app.wsgi_app, upstream, options.latency))
