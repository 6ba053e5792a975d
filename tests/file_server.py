"""A web server on this machine that serves files, and misbehaves as it is told."""

from __future__ import annotations

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves `files` by name, with byte ranges, and notes every request's range.

    `cut_after` lists how many bytes each of the next answers brings before its connection is cut.
    """

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.cut_after: list[int] = []
        self.fail_with: list[int] = []
        self.has_ranges = True
        self.wrong_range = False
        self.pause_seconds = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *args: None  # clients that hang up
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler):
        name, asked = handler.path.lstrip("/"), handler.headers.get("Range")
        self.requests.append((name, asked))
        time.sleep(self.pause_seconds)
        if self.fail_with:
            return handler.send_error(self.fail_with.pop(0))
        if name not in self.files:
            return handler.send_error(404)
        content = self.files[name]
        start = int(re.match(r"bytes=(\d+)-$", asked)[1]) if asked and self.has_ranges else 0
        if start and start >= len(content):
            return handler.send_error(416)
        handler.send_response(206 if start else 200)
        if start:
            shown = start + self.wrong_range
            handler.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
        rest = content[0 if self.wrong_range else start :]
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        if self.cut_after:
            rest = rest[: self.cut_after.pop(0)]
        handler.wfile.write(rest)
        handler.wfile.flush()
        return None
