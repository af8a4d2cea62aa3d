"""Web services on loopback that answer as the Materials Project and OPTIMADE databases do.

The parameters, defaults and forms of the answers are those of emmet-api, of its heartbeat and of
the OPTIMADE specification 1.2, as far as `acquire` uses them. Any request can be made to go wrong.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

KEY = "k" * 32
CUT, HANG_UP = "cut", "hang up"  # troubles beside an HTTP status


class WebService:
    """A server whose n-th request for entries may meet a trouble, or be preceded by an event.

    `answer(path, parameters, headers)` returns the HTTP status and the JSON of a request. Requests
    for entries are counted from 0, heartbeats and the like are not.
    """

    def __init__(self, answer: Callable[..., tuple[int, Any]]) -> None:
        self.troubles: dict[int, int | str] = {}
        self.retry_after = "0"
        self.events: dict[int, Callable[[], None]] = {}
        self.requests: list[dict[str, str]] = []
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "WebService":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                service.respond(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        parameters = {key: values[0] for key, values in parse_qs(parts.query).items()}
        trouble: int | str | None = None
        if parts.path.rstrip("/").endswith(("summary", "structures")):
            number = len(self.requests)
            self.requests.append(parameters)
            self.events.get(number, lambda: None)()
            trouble = self.troubles.get(number)
        if trouble == HANG_UP:
            request.close_connection = True
            return
        if isinstance(trouble, int):
            status, content = trouble, {"detail": "trouble"}
        else:
            status, content = self._answer(parts.path, parameters, request.headers)
        body = json.dumps(content).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        if status in (429, 503):
            request.send_header("Retry-After", self.retry_after)
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if trouble == CUT else body)
        if trouble == CUT:
            request.close_connection = True


class MaterialsProject(WebService):
    """The heartbeat and the summaries of the Materials Project."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        super().__init__(self._respond_to)
        self.entries = {entry["material_id"]: entry for entry in entries}
        self.version = "2025.09.25"
        self.refusal = 401

    def _respond_to(
        self, path: str, parameters: dict[str, str], headers: Any
    ) -> tuple[int, dict[str, Any]]:
        if path == "/heartbeat":
            return 200, {
                "status": "OK",
                "version": "0.87.3",
                "db_version": self.version,
                "access_controlled_batch_ids": ["gnome_r2scan_statics"],
            }
        if headers.get("x-api-key") != KEY:
            return self.refusal, {"message": "Invalid authentication credentials"}
        chosen = [entry for entry in self.entries.values() if _chosen(entry, parameters)]
        if parameters.get("_sort_fields"):
            chosen.sort(key=lambda entry: entry[parameters["_sort_fields"]])
        skip, limit = int(parameters.get("_skip", 0)), int(parameters.get("_limit", 100))
        if "_page" in parameters:  # comes before _limit and _skip
            limit = int(parameters.get("_per_page", 100))
            skip = (int(parameters["_page"]) - 1) * limit
        if limit > 1000:
            return 400, {"detail": "Requested more data per query than allowed by this endpoint."}
        fields = parameters.get("_fields", "material_id").split(",")
        return 200, {
            "data": [
                {field: entry[field] for field in fields if field in entry}
                for entry in chosen[skip : skip + limit]
            ],
            "meta": {
                "api_version": "0.87.3",
                "time_stamp": "2025-11-20T12:00:00Z",
                "total_doc": len(chosen),
                "facet": None,
                "max_limit": 1000,
            },
        }


def _chosen(entry: dict[str, Any], parameters: dict[str, str]) -> bool:
    wanted = parameters.get("material_ids")
    batch = (entry["builder_meta"] or {}).get("batch_id")
    numbers = {
        key: float(value) for key, value in parameters.items() if key[-4:] in ("_min", "_max")
    }
    return (
        entry["deprecated"] == (parameters.get("deprecated", "False").lower() == "true")
        and (wanted is None or entry["material_id"] in wanted.split(","))
        and (batch is None or batch != parameters.get("batch_id_not_eq"))
        and parameters.get("crystal_system") in (None, entry["symmetry"]["crystal_system"])
        and all(
            entry[key[:-4]] >= value if key.endswith("_min") else entry[key[:-4]] <= value
            for key, value in numbers.items()
        )
    )


class Optimade(WebService):
    """An OPTIMADE database, whose pages hold `page_limit` entries."""

    def __init__(self, entries: list[dict[str, Any]], page_limit: int = 3) -> None:
        super().__init__(self._respond_to)
        self.entries = {entry["id"]: entry for entry in entries}
        self.page_limit = page_limit
        self.version: str | None = "2025-11"
        self.states_total = True

    def _respond_to(
        self, path: str, parameters: dict[str, str], _headers: Any
    ) -> tuple[int, dict[str, Any]]:
        meta: dict[str, Any] = {
            "query": {"representation": path},
            "api_version": "1.2.0",
            "more_data_available": False,
            "provider": {"name": "Crystals of loopback", "prefix": "loop"},
            "database": {"id": "loop", "version": self.version},
        }
        if path == "/v1/info":
            licence = {"href": "https://creativecommons.org/licenses/by/4.0/"}
            attributes = {"api_version": "1.2.0", "license": licence}
            return 200, {
                "data": {"type": "info", "id": "/", "attributes": attributes},
                "meta": meta,
            }
        if path.startswith("/v1/structures/"):
            found = self.entries.get(path.removeprefix("/v1/structures/"))
            if found is None:
                return 404, {"errors": [{"status": "404", "title": "Not Found"}], "meta": meta}
            return 200, {"data": self._shown(found, parameters), "meta": meta}
        if path != "/v1/structures":
            return 404, {"errors": [{"status": "404", "title": "Not Found"}], "meta": meta}
        if parameters.get("filter", "nelements<=9") != "nelements<=9":
            error = {"status": "400", "title": "Bad Request", "detail": "Unable to parse filter"}
            return 400, {"errors": [error], "meta": meta}
        start = int(parameters.get("page_offset", 0))
        end = start + int(parameters.get("page_limit", self.page_limit))
        chosen = list(self.entries.values())
        if self.states_total:
            meta["data_returned"] = len(chosen)
        following = None
        if end < len(chosen):
            meta["more_data_available"] = True
            following = f"{self.address}{path}?{urlencode(parameters | {'page_offset': end})}"
            if start:  # the specification allows both forms
                following = {"href": following}
        data = [self._shown(entry, parameters) for entry in chosen[start:end]]
        return 200, {"data": data, "links": {"next": following}, "meta": meta}

    @staticmethod
    def _shown(entry: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
        fields = parameters["response_fields"].split(",")
        shown = {key: value for key, value in entry["attributes"].items() if key in fields}
        return {"id": entry["id"], "type": "structures", "attributes": shown}
