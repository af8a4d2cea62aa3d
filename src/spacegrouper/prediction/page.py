"""The web page: drop the files of a crystal, see what they say of its space group, and from what.

Made for one person and their machine. An upload is bounded before it is kept, worked on by a
process of its own (bounded_process.py), and gone when it is answered; the page takes nothing from
elsewhere. Whatever goes wrong is a line on the page, and the next crystal is answered.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from spacegrouper.errors import UserError
from spacegrouper.figures.page_template import page_template
from spacegrouper.prediction import page_worker
from spacegrouper.prediction.bounded_process import (
    BoundedProcesses,
    Bounds,
    BoundsError,
    WorkerError,
)

log = logging.getLogger("spacegrouper")
_LONGEST_NAME = 60  # characters of a file's name that are kept, its end
_MOST_FILES = 20
_FIELDS = ("cell", "wavelength", "pixel_size", "prior")
_LONGEST_FIELD = 200  # characters
# Files are read by their paths, and lie in memory meanwhile: this is no disk.
_MEMORY = "/dev/shm"
# Read and thrown away beyond the limit, because browsers only show an answer once they have sent.
_TIMES_DISCARDED = 20

# What can be tried, by the names of files that come with the package.
EXAMPLES = {
    "Rock salt": ("rock_salt.cif",),
    "Quartz": ("quartz.cif",),
    "Diamond": ("diamond.cif",),
    "Quartz, a computed powder": ("quartz.xy",),
    "Forsterite, a list of reflections": ("forsterite.hkl", "forsterite.ins"),
    "Rutile, simulated patterns": ("rutile/x.png", "rutile/y.png", "rutile/z.png"),
}

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

    Args:
        bytes: of an upload, all its files together.
        upload_seconds: for sending it.
        answer_seconds: for reading and naming a crystal and drawing the answer.
        memory: bytes, for the same.
        waiting: crystals that are in work or wait for it.
    """

    bytes: int = 10_000_000
    upload_seconds: float = 30
    answer_seconds: float = 60
    memory: int = 4 * 1024**3
    waiting: int = 8


class _RefusedError(Exception):
    """A request that gets no answer: HTTP status, and the line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")
        self.status = status


@dataclass(frozen=True)
class Upload:
    """What a form was sent with.

    Args:
        files: contents by name.
        fields: what was typed, by the names of the fields.
    """

    files: Mapping[str, bytes]
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The names of the files, as answers are headed."""
        return " ".join(self.files)


class Network:
    """The trained network that a page is for, and the processes that ask it; to be closed.

    One question is in work at a time, whatever the number of threads that ask.

    `facts`: what the page says of it, see page_content.py.
    """

    def __init__(self, folder: Path | None, limits: Limits, threshold: float | None = None) -> None:
        """Start the first process; raises UserError if the folder holds no network for it.

        Args:
            folder: of the network; none: the one that ships.
            limits: of each question.
            threshold: the probability below which the best class decides nothing.
        """
        self.limits = limits
        self._lock = threading.Lock()
        self._processes = BoundedProcesses(
            page_worker.preload,
            partial(page_worker.prepare, str(folder) if folder else None, threshold),
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

    def answer(self, upload: Upload) -> dict[str, Any]:
        """Return what the page shows of the files of a crystal; raises _RefusedError."""
        try:
            with self._lock:
                if self._processes.start() != self._said:
                    raise _RefusedError(
                        503,
                        f"the network in {self.facts['folder']} is another one than when this page "
                        "was started; end it and start it again",
                    )
                answer = self._ask(upload)
        except BoundsError as error:
            raise _RefusedError(422, str(error)) from None
        except WorkerError as error:
            raise _RefusedError(503, str(error)) from None
        if "refused" in answer:
            raise _RefusedError(422, answer["refused"])
        return answer

    def _ask(self, upload: Upload) -> dict[str, Any]:
        try:
            with TemporaryDirectory(prefix="spacegrouper-", dir=_MEMORY) as folder:
                for name, content in upload.files.items():
                    (Path(folder) / name).write_bytes(content)
                question = page_worker.question(Path(folder), list(upload.files), upload.fields)
                answer: dict[str, Any] = json.loads(self._processes.ask(question))
                return answer
        except OSError as error:
            reason = f"the files find no place in {_MEMORY}: {error.strerror or error}"
            raise _RefusedError(503, f"{reason}; free some memory, and try again") from None

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
        upload = Upload({}, {})
        try:
            _check_origin(request)
            if in_work >= limits.waiting:
                raise _RefusedError(503, "Too many crystals are waiting; try again in a minute.")
            in_work += 1
            try:
                upload = await _read_upload(request, limits)
                _check_files(upload)
                loop = asyncio.get_running_loop()
                shown = await loop.run_in_executor(worker, network.answer, upload)
            finally:
                in_work -= 1
                worker.submit(network.get_ready)
        except _RefusedError as error:
            return HTMLResponse(render(upload, error=str(error)), error.status)
        return HTMLResponse(render(upload, answer=shown))

    for file, media_type in (("page.css", "text/css"), ("page.js", "text/javascript")):
        _serve_file(app, file, media_type)
    return app


def _serve_file(app: FastAPI, name: str, media_type: str) -> None:
    content = files("spacegrouper.prediction").joinpath(name).read_bytes()

    @app.get(f"/{name}")
    async def send_file() -> Response:
        return Response(content, media_type=media_type)


def _page_renderer(network: Network) -> Callable[..., str]:
    template = page_template("spacegrouper.prediction", "page.html.jinja")
    constant = {
        "network": network.facts,
        "maximum_bytes": network.limits.bytes,
        "examples": list(EXAMPLES),
    }
    nothing = Upload({}, {})

    def render(
        upload: Upload = nothing, error: str = "", answer: dict[str, Any] | None = None
    ) -> str:
        return template.render(upload=upload, error=error, answer=answer, **constant)

    return render


def _check_origin(request: Request) -> None:
    """Refuse what a page from elsewhere made the browser send."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _RefusedError(403, "Sent by a page from elsewhere; use the form of this page.")


async def _read_upload(request: Request, limits: Limits) -> Upload:
    """Return what a form was sent with: files and fields, or those of an example."""
    too_large = _RefusedError(
        413, f"More than {limits.bytes / 1e6:g} MB; give smaller files, or --maximum-megabytes."
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
            parser = MultiPartParser(
                request.headers, pieces(), max_files=_MOST_FILES, max_fields=len(_FIELDS) + 1
            )
            # In memory, where it is bounded, and not in a file.
            parser.spool_max_size = 2 * limits.bytes
            form = await parser.parse()
            sent = [
                (_plain(each.filename), await each.read())
                for each in form.getlist("files")
                if isinstance(each, UploadFile) and each.filename
            ]
    except TimeoutError:
        raise _RefusedError(408, "The files took too long to arrive; try again.") from None
    except (MultiPartException, ClientDisconnect, KeyError):
        raise _RefusedError(
            400,
            f"What was sent is no form with at most {_MOST_FILES} files; use this page's.",
        ) from None
    if sum(len(content) for _, content in sent) > limits.bytes:
        raise too_large
    example = EXAMPLES.get(str(form.get("example", "")))
    if example:
        folder = files("spacegrouper.prediction").joinpath("examples")
        return Upload({_plain(name): folder.joinpath(name).read_bytes() for name in example}, {})
    if len({name for name, _ in sent}) < len(sent):
        raise _RefusedError(400, "Two of the files have the same name; give each its own.")
    fields = {name: str(form.get(name, ""))[:_LONGEST_FIELD] for name in _FIELDS}
    return Upload(dict(sent), fields)


def _plain(name: str) -> str:
    """Return of a path only the name, without characters that are not to be seen."""
    name = PurePath(name.replace("\\", "/")).name
    # None that is hidden, or leads out of a folder.
    return "".join(filter(str.isprintable, name))[-_LONGEST_NAME:].lstrip(".") or "unnamed"


def _check_files(upload: Upload) -> None:
    if not upload.files:
        raise _RefusedError(400, "No file was sent; choose one first.")
    empty = [name for name, content in upload.files.items() if not content.strip()]
    if empty:
        raise _RefusedError(
            422, f"{empty[0]} is empty." if len(upload.files) > 1 else "The file is empty."
        )
