"""A server of W&B for tests: it takes runs and their history, and tells what it holds of a run."""

from __future__ import annotations

import gzip
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = "somebody"


@dataclass
class ServedRun:
    """What the server holds of a run."""

    history: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Line -> its metrics; a line that is sent again replaces the former one."""
    summary: dict[str, Any] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)

    @property
    def epochs(self) -> list[int]:
        """The epochs of all lines, in their order."""
        return [self.history[line]["epoch"] for line in sorted(self.history)]


class WandbServer(ThreadingHTTPServer):
    """Holds the runs that it was told of, by their ids."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: dict[str, ServedRun] = {}

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Answer a question of GraphQL, with nothing to those that do not matter here."""
        if "upsertBucket" in query:
            run = self.runs.setdefault(variables["name"], ServedRun())
            run.summary |= json.loads(variables.get("summaryMetrics") or "{}")
            bucket = {
                "id": variables["name"],
                "name": variables["name"],
                "displayName": variables.get("displayName") or variables["name"],
                "config": variables.get("config") or "{}",
                "sweepName": None,
                "historyLineCount": len(run.history),
                "project": {
                    "id": "1",
                    "name": variables["project"],
                    "entity": {"id": "2", "name": ENTITY},
                },
            }
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "RunResumeStatus" in query:
            return {"model": self._resume_status(variables["name"])}
        if "createRunFiles" in query:
            files = [{"name": n, "uploadUrl": f"{self.url}/upload"} for n in variables["files"]]
            return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}
        if "viewer" in query:
            return {"viewer": {"id": "3", "entity": ENTITY, "username": ENTITY, "flags": "{}"}}
        return {}

    def _resume_status(self, name: str) -> dict[str, Any]:
        run = self.runs.get(name)
        if run is None:
            return {"id": "1", "name": "p", "entity": None, "bucket": None}
        last = [run.history[max(run.history)]] if run.history else []
        bucket = {
            "id": name,
            "name": name,
            "summaryMetrics": json.dumps(run.summary),
            "displayName": name,
            "logLineCount": 0,
            "historyLineCount": len(run.history),
            "eventsLineCount": 0,
            "historyTail": json.dumps([json.dumps(row) for row in last]),
            "eventsTail": "[]",
            "config": "{}",
            "tags": [],
            "notes": None,
            "wandbConfig": '{"t": 1}',
        }
        return {"id": "1", "name": "p", "entity": {"id": "2", "name": ENTITY}, "bucket": bucket}

    def take(self, name: str, told: dict[str, Any]) -> None:
        """Take a part of a run's files."""
        run = self.runs[name]
        for file, part in (told.get("files") or {}).items():
            rows = [json.loads(line) for line in part["content"]]
            if file.startswith("wandb-history"):
                run.history |= dict(enumerate(rows, part["offset"]))
            elif file.startswith("wandb-summary"):
                run.summary |= rows[-1]
        if told.get("complete"):
            run.exit_codes.append(told["exitcode"])


class _Handler(BaseHTTPRequestHandler):
    server: WandbServer

    def do_HEAD(self) -> None:
        self._send({})

    def do_GET(self) -> None:
        self._send({})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send({})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        told = json.loads(content) if content else {}
        stream = re.fullmatch(r"/files/[^/]*/[^/]*/([^/]*)/file_stream", self.path)
        if stream:
            self.server.take(stream[1], told)
            self._send({"exitcode": None, "limits": {}})
        else:
            self._send({"data": self.server.answer(told["query"], told.get("variables") or {})})

    def _send(self, values: dict[str, Any]) -> None:
        content = json.dumps(values).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def wandb_server():
    """Serve until the end of a `with`."""
    with WandbServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
