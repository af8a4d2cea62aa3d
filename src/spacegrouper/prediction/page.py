"""The web page: drop a structure, see its patterns and the network's answer.

Made for one person and their machine. An upload is bounded before it is kept, worked on by a
process of its own (bounded_process.py), and gone when it is answered; the page takes nothing from
elsewhere. Whatever goes wrong is a line on the page, and the next structure is answered.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from spacegrouper.errors import UserError
from spacegrouper.prediction import page_worker
from spacegrouper.prediction.bounded_process import (
    BoundedProcesses,
    Bounds,
    BoundsError,
    WorkerError,
)

log = logging.getLogger("spacegrouper")
_LONGEST_NAME = 80  # characters of a file's name that the page shows
# Read and thrown away beyond the limit, because browsers only show an answer once they have sent.
_TIMES_DISCARDED = 20

# Nothing from anywhere else, nothing inline but images, and no other page may hold this one.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Limits:
    """What strangers may ask of the server.

    `bytes`: of an upload; `upload_seconds`, `answer_seconds`: for sending a structure, and for
    reading it, simulating its patterns and naming it; `memory`: bytes, for the same; `waiting`:
    structures that are in work or wait for it.
    """

    bytes: int = 2_000_000
    upload_seconds: float = 30
    answer_seconds: float = 30
    memory: int = 4 * 1024**3
    waiting: int = 8


class _RefusedError(Exception):
    """A request that gets no answer: HTTP status, and the line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")
        self.status = status


class Network:
    """The trained network that a page is for, and the processes that ask it; to be closed.

    One question is in work at a time, whatever the number of threads that ask.

    `facts`: what the page says of it, see page_content.py.
    """

    def __init__(self, folder: Path, limits: Limits, threshold: float | None = None) -> None:
        """Start the first process; raises UserError if the folder holds no network for it.

        `threshold`: the probability below which the best class decides nothing.
        """
        self.limits = limits
        self._lock = threading.Lock()
        self._processes = BoundedProcesses(
            page_worker.preload,
            partial(page_worker.prepare, str(folder), threshold),
            Bounds(limits.answer_seconds, limits.memory),
        )
        try:
            self._said = self._processes.start()
        except WorkerError as error:
            self._processes.close()
            raise UserError(str(error)) from None
        self.facts: dict[str, Any] = json.loads(self._said)

    def get_ready(self) -> None:
        """Start the next process ahead, so that nobody has to wait for it."""
        try:
            with self._lock:
                self._processes.start()
        except WorkerError as error:
            log.warning("%s", error)

    def answer(self, name: str, content: bytes) -> dict[str, Any]:
        """Return what the page shows of the structure in a file; raises _RefusedError."""
        try:
            with self._lock:
                if self._processes.start() != self._said:
                    raise _RefusedError(
                        503,
                        f"the network in {self.facts['folder']} is another one than when this page "
                        "was started; end it and start it again",
                    )
                question = page_worker.question(name, content)
                answer: dict[str, Any] = json.loads(self._processes.ask(question))
        except BoundsError as error:
            raise _RefusedError(422, str(error)) from None
        except WorkerError as error:
            raise _RefusedError(503, str(error)) from None
        if "refused" in answer:
            raise _RefusedError(422, answer["refused"])
        return answer

    def close(self) -> None:
        """End the processes."""
        self._processes.close()


def make_app(network: Network, hosts: Sequence[str]) -> FastAPI:
    """Return the application. `hosts`: the names by which browsers may ask for it.

    Any other name is refused, lest a page from elsewhere whose name has been pointed at this
    machine (DNS rebinding) reads the answers.
    """
    limits = network.limits
    # One at a time, outside the loop that answers browsers.
    worker = ThreadPoolExecutor(1)
    in_work = 0

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        worker.shutdown(cancel_futures=True)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    render = _page_renderer(network)

    @app.middleware("http")
    async def add_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        try:
            response = await call_next(request)
        except Exception:
            log.exception("a request failed")
            line = "This page itself fails at that; what the program said is in its terminal."
            response = HTMLResponse(render(error=line), 500)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(HTTPException)
    async def explain(_: Request, error: HTTPException) -> HTMLResponse:
        return HTMLResponse(render(error=f"{error.detail}."), error.status_code)

    @app.get("/")
    async def show_form() -> HTMLResponse:
        return HTMLResponse(render())

    @app.post("/")
    async def answer_upload(request: Request) -> HTMLResponse:
        nonlocal in_work
        name = ""
        try:
            _check_origin(request)
            if in_work >= limits.waiting:
                raise _RefusedError(503, "Too many structures are waiting; try again in a minute.")
            in_work += 1
            try:
                name, content = await _read_upload(request, limits)
                if not content.strip():
                    raise _RefusedError(422, "The file is empty.")
                loop = asyncio.get_running_loop()
                shown = await loop.run_in_executor(worker, network.answer, name, content)
            finally:
                in_work -= 1
                worker.submit(network.get_ready)
        except _RefusedError as error:
            return HTMLResponse(render(error=str(error), name=name), error.status)
        return HTMLResponse(render(answer=shown, name=name))

    for file, media_type in (("page.css", "text/css"), ("page.js", "text/javascript")):
        _serve_file(app, file, media_type)
    return app


def _serve_file(app: FastAPI, name: str, media_type: str) -> None:
    content = files("spacegrouper.prediction").joinpath(name).read_bytes()

    @app.get(f"/{name}")
    async def send_file() -> Response:
        return Response(content, media_type=media_type)


def _page_renderer(network: Network) -> Callable[..., str]:
    environment = Environment(
        loader=PackageLoader("spacegrouper.prediction", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html.jinja")
    constant = network.facts | {"maximum_bytes": network.limits.bytes}

    def render(error: str = "", answer: dict[str, Any] | None = None, name: str = "") -> str:
        return template.render(error=error, answer=answer, name=name, **constant)

    return render


def _check_origin(request: Request) -> None:
    """Refuse what a page from elsewhere made the browser send."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _RefusedError(403, "Sent by a page from elsewhere; use the form of this page.")


async def _read_upload(request: Request, limits: Limits) -> tuple[str, bytes]:
    """Return the name and the content of the file that a form was sent with."""
    too_large = _RefusedError(
        413, f"The file is larger than {limits.bytes / 1e6:g} MB; give a smaller one."
    )
    received = 0

    async def pieces() -> AsyncGenerator[bytes, None]:
        # What the sender says of the length is not relied on.
        nonlocal received
        async for piece in request.stream():
            received += len(piece)
            # The parts of a form are told apart by some lines of text.
            if received <= limits.bytes + 10_000:
                yield piece
            elif received > _TIMES_DISCARDED * limits.bytes:
                break
        if received > limits.bytes + 10_000:
            raise too_large

    try:
        async with asyncio.timeout(limits.upload_seconds):
            parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=1)
            # In memory, where it is bounded, and not in a file.
            parser.spool_max_size = 2 * limits.bytes
            upload = (await parser.parse()).get("structure")
            if not (isinstance(upload, UploadFile) and upload.filename):
                raise _RefusedError(400, "No file was sent; choose a CIF or POSCAR file first.")
            content = await upload.read(limits.bytes + 1)
    except TimeoutError:
        raise _RefusedError(408, "The file took too long to arrive; try again.") from None
    except (MultiPartException, ClientDisconnect, KeyError):
        raise _RefusedError(400, "What was sent is no form with a file; use this page's.") from None
    if len(content) > limits.bytes:
        raise too_large
    # Of a path only the name, and no characters that are not to be seen.
    name = PurePath(upload.filename.replace("\\", "/")).name
    return "".join(filter(str.isprintable, name))[:_LONGEST_NAME], content
