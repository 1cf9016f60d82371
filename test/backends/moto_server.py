"""Serves moto on one thread, for it is not thread-safe, at a free port of the loopback address; writes which to a file."""

import sys
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
Path(sys.argv[1]).write_text(f"{server.port}\n")
server.serve_forever()
