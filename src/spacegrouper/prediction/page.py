"""The web page: drop a structure, see its patterns and the network's answer.

Made for one person and their machine. An upload is bounded before it is read, read by a process of
its own (reading_process.py), and gone when it is answered; the page takes nothing from elsewhere.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.answers import Answer, answer_crystals
from spacegrouper.prediction.descriptions import calibration, facts, percent, title
from spacegrouper.prediction.pictures import (
    png_address,
    raw_pictures,
    seen_pictures,
    shaped_pictures,
)
from spacegrouper.prediction.reading_process import ReadingProcess
from spacegrouper.prediction.trained_model import TrainedModel

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

    `bytes`: of an upload; `upload_seconds`, `read_seconds`: for sending a structure, and for
    reading it; `waiting`: structures that are in work or wait for it.
    """

    bytes: int = 2_000_000
    upload_seconds: float = 30
    read_seconds: float = 30
    waiting: int = 8


class _RefusedError(Exception):
    """A request that gets no answer: HTTP status, and the line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def make_app(model: TrainedModel, hosts: Sequence[str], limits: Limits) -> FastAPI:
    """Return the application. `hosts`: the names by which browsers may ask for it.

    Any other name is refused, lest a page from elsewhere whose name has been pointed at this
    machine (DNS rebinding) reads the answers.
    """
    reader = ReadingProcess(model.standardise, limits.read_seconds)
    # One at a time, outside the loop that answers browsers.
    worker = ThreadPoolExecutor(1)
    in_work = 0

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.get_running_loop().run_in_executor(worker, reader.start)
        yield
        worker.shutdown(cancel_futures=True)
        reader.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    render = _page_renderer(model, limits)

    @app.middleware("http")
    async def add_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
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
                loop = asyncio.get_running_loop()
                shown = await loop.run_in_executor(
                    worker, _answer_content, reader, model, name, content
                )
            finally:
                in_work -= 1
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


def _page_renderer(model: TrainedModel, limits: Limits) -> Callable[..., str]:
    environment = Environment(
        loader=PackageLoader("spacegrouper.prediction", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html.jinja")
    constant = {
        "classes": len(model.labels.classes),
        "label": model.labels.label.replace("spacegroup", "space group").replace("_", " "),
        "descriptor": model.labels.descriptor,
        "calibration": calibration(model),
        "maximum_bytes": limits.bytes,
        "folder": model.folder.as_posix(),
    }

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

    async def receive() -> Any:
        # What the sender says of the length is not relied on.
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        # The parts of a form are told apart by some lines of text.
        if received > limits.bytes + 10_000:
            while message.get("more_body") and received < _TIMES_DISCARDED * limits.bytes:
                message = await request.receive()
                received += len(message.get("body", b""))
            raise too_large
        return message

    try:
        async with asyncio.timeout(limits.upload_seconds):
            limited = Request(request.scope, receive)
            async with limited.form(max_files=1, max_fields=1) as form:
                upload = form.get("structure")
                if not (isinstance(upload, UploadFile) and upload.filename):
                    raise _RefusedError(400, "No file was sent; choose a CIF or POSCAR file first.")
                content = await upload.read(limits.bytes + 1)
    except TimeoutError:
        raise _RefusedError(408, "The file took too long to arrive; try again.") from None
    except (HTTPException, ClientDisconnect):
        raise _RefusedError(400, "What was sent is no form with a file; use this page's.") from None
    if len(content) > limits.bytes:
        raise too_large
    # Of a path only the name, and no characters that are not to be seen.
    name = PurePath(upload.filename.replace("\\", "/")).name
    return "".join(filter(str.isprintable, name))[:_LONGEST_NAME], content


def _answer_content(
    reader: ReadingProcess, model: TrainedModel, name: str, content: bytes
) -> dict[str, Any]:
    """Return what the page shows of a structure's answer."""
    if not content.strip():
        raise _refused_for("the file is empty")
    records = reader.read(content)
    if len(records) > 1:
        raise _RefusedError(
            422, f"The file holds {len(records)} structures; give a file with one of them."
        )
    (crystal,) = records
    if isinstance(crystal, Rejection):
        raise _refused_for(crystal.reason)
    try:
        (answer,) = answer_crystals([crystal], model, len(os.sched_getaffinity(0)))
    except UserError as error:
        raise _refused_for(str(error)) from None
    if isinstance(answer, Rejection):
        raise _refused_for(answer.reason)
    return _shown(answer, model)


def _refused_for(reason: str) -> _RefusedError:
    return _RefusedError(422, f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")


def _shown(answer: Answer, model: TrainedModel) -> dict[str, Any]:
    rows = {
        "Raw patterns, brightened" if model.powder is None else "Simulated": raw_pictures,
        "Shaped patterns": shaped_pictures,
        "What the network saw": seen_pictures,
    }
    return {
        "title": title(answer).split(": ", 1)[1],
        "guesses": [
            {"name": guess.name, "percent": percent(guess.probability), "share": guess.probability}
            for guess in answer.guesses
        ],
        "facts": facts(answer, model),
        "rows": [
            {
                "heading": heading,
                "pictures": [
                    {
                        "caption": picture.caption,
                        "address": png_address(picture),
                        "wide": picture.two_theta is not None,
                    }
                    for picture in pictures(answer, model)
                ],
            }
            for heading, pictures in rows.items()
        ],
    }
