import base64
import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from measured_lists import cell_text, measured_list, write_hkl, write_ins
from PIL import Image
from structure_files import CAESIUM_CHLORIDE, DISORDERED, ROCK_SALT, write_cif, write_poscar
from tiny_model import write_tiny_model

from spacegrouper.crystals.symmetry import extinction_class_members
from spacegrouper.errors import UserError
from spacegrouper.prediction import page, page_worker
from spacegrouper.prediction.bounded_process import BoundedProcesses, Bounds, WorkerError
from spacegrouper.prediction.inputs import Asked
from spacegrouper.prediction.page import EXAMPLES, Limits, Network, make_app
from spacegrouper.prediction.page_content import describe_upload
from spacegrouper.prediction.trained_model import TrainedModel
from spacegrouper.settings import make_settings

ADDRESS = "http://127.0.0.1:8000"
# Other tests may keep all cores busy.
LIMITS = Limits(bytes=1_000_000, answer_seconds=300, waiting=1)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = write_tiny_model(tmp_path_factory.mktemp("page") / "model", temperature=1.5)
    network = Network(folder, LIMITS)
    yield network
    network.close()


@pytest.fixture(scope="module")
def client(network: Network) -> Iterator[TestClient]:
    with TestClient(make_app(network, ["127.0.0.1"]), base_url=ADDRESS) as client:
        yield client


def send(client: TestClient, content: bytes, name: str = "a.cif", **options: Any) -> httpx.Response:
    return client.post("/", files={"files": (name, content)}, **options)


def send_all(client: TestClient, *paths: Path, **fields: str) -> httpx.Response:
    files = [("files", (path.name, path.read_bytes())) for path in paths]
    return client.post("/", files=files, data=fields)


def error(response: httpx.Response) -> str:
    """Return the one line that the page shows instead of an answer."""
    assert "<table" not in response.text
    found = re.search(r'role="alert">(.*?)</p>', response.text)
    assert found is not None
    assert "Traceback" not in response.text
    return found[1]


@pytest.mark.parametrize("write", [write_cif, write_poscar])
def test_a_structure_is_answered(client: TestClient, tmp_path: Path, write: Any) -> None:
    response = send(client, write(tmp_path / "a", CAESIUM_CHLORIDE).read_bytes())
    assert response.status_code == 200
    assert response.text.count('<th scope="row">') == 5
    assert "CsCl, 2 atoms in the cell" in response.text
    assert "221 Pm3\u0305m, cubic, which is how" in response.text
    assert "diffraction alone" in response.text
    assert 'class="verdict"' in response.text
    # Three indexed patterns, three raw and shaped ones, and what the network saw.
    assert response.text.count("data:image/png;base64,") == 12


def saved(response: httpx.Response, ending: str) -> bytes:
    """Return what a browser saves of an answer."""
    found = re.search(
        rf'download="[^"]*\.{ending}" href="data:[^;]*;base64,([^"]*)"', response.text
    )
    assert found is not None, error(response)
    return base64.b64decode(found[1])


def test_the_answer_can_be_saved_as_the_command_line_prints_it(
    client: TestClient, tmp_path: Path
) -> None:
    response = send_all(client, write_cif(tmp_path / "CsCl.cif", CAESIUM_CHLORIDE))
    assert saved(response, "pdf").startswith(b"%PDF")
    document = json.loads(saved(response, "json"))
    assert set(document) == {"model", "results", "errors"}
    assert document["results"][0]["input"] == "CsCl.cif"
    assert document["results"][0]["structure"]["spglib"]["spacegroup"] == 221


def test_a_list_of_reflections_is_answered_with_its_instructions_or_with_a_typed_cell(
    client: TestClient, tmp_path: Path
) -> None:
    measured = measured_list(14)
    hkl = write_hkl(tmp_path / "a.hkl", measured)
    ins = write_ins(tmp_path / "a.ins", measured)
    together = send_all(client, hkl, ins)
    assert json.loads(saved(together, "json"))["results"][0]["answers"][0]["class"] == 14
    assert "Conditions on reflections" in together.text
    # As a person types it.
    typed = send_all(client, hkl, cell=cell_text(measured).replace(",", " "), prior="molecular")
    assert json.loads(saved(typed, "json"))["results"][0]["prior"] == "molecular"
    alone = error(send_all(client, hkl))
    assert "no unit cell" in alone.lower()
    assert "“Cell” a,b,c,alpha,beta,gamma" in alone
    assert error(send_all(client, hkl, cell="5,5")).count("give six numbers") == 1
    assert "<em>" not in send_all(client, hkl, cell='"><em>').text


def test_files_that_do_not_belong_together_are_refused(client: TestClient, tmp_path: Path) -> None:
    one = write_cif(tmp_path / "a.cif", ROCK_SALT)
    two = write_cif(tmp_path / "b.cif", CAESIUM_CHLORIDE)
    assert "do not belong together" in error(send_all(client, one, two))
    assert "the same name" in error(send_all(client, one, one))
    assert "“Cell” is that of one list" in error(send_all(client, one, cell="5 5 5 90 90 90"))
    assert "a number from 0.05 to 10" in error(send_all(client, one, wavelength="Cu"))


def test_what_needs_another_network_says_so(client: TestClient, tmp_path: Path) -> None:
    powder = tmp_path / "a.xy"
    powder.write_text("".join(f"{10 + step / 50} {100 + step % 7}\n" for step in range(2000)))
    assert "only networks trained on powders take" in error(send_all(client, powder))
    views = [tmp_path / f"{view}.png" for view in "xyz"]
    for path in views:
        Image.fromarray(np.zeros((16, 16), np.uint8)).save(path)
    assert "but the network was trained on" in error(send_all(client, *views))


@pytest.mark.parametrize(
    ("example", "number"), list(zip(EXAMPLES, (225, 154, 227, 154, 62, 136), strict=True))
)
def test_the_examples_are_answered_right(example: str, number: int) -> None:
    folder = resources.files("spacegrouper.prediction").joinpath("examples")
    with resources.as_file(folder) as examples, chdir(examples):
        shown = describe_upload([Path(name) for name in EXAMPLES[example]], {}, Asked(None))
    address = next(each for each in shown["downloads"] if each["ending"] == "json")["address"]
    (result,) = json.loads(base64.b64decode(address.split(",")[1]))["results"]
    best = result["answers"][0]["class"]
    # Diffraction does not tell enantiomorphic groups apart.
    assert extinction_class_members(best) == extinction_class_members(number)
    assert shown["rows"]


def test_an_example_is_a_button(client: TestClient) -> None:
    for name in EXAMPLES:
        assert f'name="example" value="{name}"' in client.get("/").text
    response = client.post("/", files={"example": (None, "Diamond")})
    assert "C, 8 atoms in the cell" in response.text
    assert client.post("/", files={"example": (None, "../page.py")}).status_code == 400


def test_the_classes_that_the_network_knows_are_listed(
    client: TestClient, network: Network
) -> None:
    text = client.get("/").text
    assert len(network.facts["classes"]) == text.count("<li>") > 1


def test_the_empty_page_is_a_plain_form(client: TestClient) -> None:
    text = client.get("/").text
    assert text.count('method="post" action="/" enctype="multipart/form-data"') == 2
    assert "<table" not in text
    # Every address on the page is of the page itself.
    assert set(re.findall(r'(?:src|href|action)="([^"]*)"', text)) == {
        "/",
        "/page.css",
        "/page.js",
        "data:,",
    }
    assert client.get("/page.css").headers["content-type"].startswith("text/css")
    assert client.get("/page.js").headers["content-type"].startswith("text/javascript")


def test_browsers_are_told_to_take_nothing_from_elsewhere(client: TestClient) -> None:
    for response in (client.get("/"), send(client, b"hello"), client.get("/nothing")):
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"


def test_other_names_of_this_machine_are_refused(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost", ""):
        assert client.get("/", headers={"host": host}).status_code == 400
    assert client.get("/", headers={"host": "127.0.0.1"}).status_code == 200


def test_forms_of_other_pages_are_refused(client: TestClient, tmp_path: Path) -> None:
    content = write_cif(tmp_path / "a.cif", ROCK_SALT).read_bytes()
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9000"):
        response = send(client, content, headers={"origin": origin})
        assert response.status_code == 403
        assert "a page from elsewhere" in error(response)
    assert send(client, content, headers={"origin": ADDRESS}).status_code == 200


def test_large_files_are_refused_whatever_their_sender_says(client: TestClient) -> None:
    response = send(client, b"x" * (LIMITS.bytes + 1))
    assert response.status_code == 413
    assert "More than 1 MB" in error(response)
    boundary = "edge"
    head = f"--{boundary}\r\nContent-Disposition: form-data; name=files; filename=a.cif\r\n\r\n"
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield head.encode()
        while sent < 10**9:
            sent += 65536
            yield b"x" * 65536

    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    # TestClient takes in all of a body: so an endless one is sent to the application itself.
    assert _post_in_pieces(client.app, body(), headers) == 413
    assert sent <= 25 * LIMITS.bytes


def _post_in_pieces(app: Any, body: Iterator[bytes], headers: dict[str, str]) -> int:
    import asyncio

    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(body), "more_body": True}

    async def send_back(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.encode(), value.encode())
            # A length that is not true.
            for name, value in {"host": "127.0.0.1", "content-length": "10", **headers}.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    asyncio.run(app(scope, receive, send_back))
    return status


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "The file is empty."),
        (b"hello", 422, ""),
        (bytes(range(256)), 422, ""),
        (b"data_a\n_atom_site_fract_x 0\n", 422, "No unit cell"),
    ],
)
def test_what_is_no_structure_is_one_line(
    client: TestClient, content: bytes, status: int, reason: str
) -> None:
    response = send(client, content)
    assert response.status_code == status
    line = error(response)
    assert line.startswith(f"a.cif: {reason}")
    assert line.endswith(".")


def test_disorder_and_several_structures_are_refused(client: TestClient, tmp_path: Path) -> None:
    disordered = write_cif(tmp_path / "a.cif", DISORDERED).read_bytes()
    assert "Partial occupancy" in error(send(client, disordered))
    one = write_cif(tmp_path / "1.cif", ROCK_SALT).read_bytes()
    two = one.replace(b"data_NaCl", b"data_other").replace(b"5.64", b"5.70")
    assert "holds 2 structures" in error(send(client, one + two))


def test_requests_that_are_no_form_with_a_file_are_refused(client: TestClient) -> None:
    for options in (
        {"content": b"hello"},
        {"data": {"files": "hello"}},
        {"files": {"other": ("a.cif", b"hello")}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=e"}},
    ):
        response = client.post("/", **options)  # type: ignore[arg-type]
        assert response.status_code == 400
        assert error(response)
    assert client.delete("/").status_code == 405
    assert "Not Found" in error(client.get("/nothing"))


def test_names_of_files_are_shown_and_nothing_else(client: TestClient, tmp_path: Path) -> None:
    content = write_cif(tmp_path / "a.cif", ROCK_SALT).read_bytes()
    text = send(client, content, name="../x/<script>alert(1)</script>.cif").text
    assert "<script>alert" not in text
    text = send(client, content, name="..\\up\\" + 200 * "n" + ".cif").text
    assert "up" not in text.split("<h2", 1)[1].split("</h2>")[0]
    # The end, which tells what it is.
    assert 56 * "n" + ".cif" in text
    assert 57 * "n" not in text
    for name in ("..", ".", "/"):
        assert "unnamed" in send(client, content, name=name).text


def test_too_many_at_a_time_are_sent_away(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "limits", Limits(waiting=0))
    app = make_app(network, ["127.0.0.1"])
    response = send(TestClient(app, base_url=ADDRESS), b"hello")
    assert response.status_code == 503
    assert "try again" in error(response)


def test_uploads_that_never_end_are_ended(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "limits", Limits(upload_seconds=0))
    app = make_app(network, ["127.0.0.1"])
    response = send(TestClient(app, base_url=ADDRESS), b"hello")
    assert response.status_code == 408


@pytest.fixture
def caesium_chloride(tmp_path: Path) -> bytes:
    return write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE).read_bytes()


def is_answered(client: TestClient, content: bytes) -> bool:
    return "CsCl, 2 atoms in the cell" in send(client, content).text


def test_files_lie_in_memory_and_are_gone_with_the_answer(
    network: Network, caesium_chloride: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert page._MEMORY == "/dev/shm"
    # Other tests have their files there at the same time.
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(page, "_MEMORY", str(memory))
    # No folder of temporary files is needed.
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    # Beyond the size that forms are otherwise kept in memory up to.
    monkeypatch.setattr(network, "limits", Limits(bytes=5_000_000))
    client = TestClient(make_app(network, ["127.0.0.1"]), base_url=ADDRESS)
    assert error(send(client, 3_000_000 * b" ")) == "a.cif: The file is empty."
    assert is_answered(client, caesium_chloride + 1_500_000 * b"# \n")
    assert list(memory.iterdir()) == []
    monkeypatch.setattr(page, "_MEMORY", "/nowhere")
    response = send(client, caesium_chloride)
    assert response.status_code == 503
    assert "find no place in /nowhere" in error(response)


def test_a_process_that_was_killed_is_replaced(
    network: Network, client: TestClient, caesium_chloride: bytes
) -> None:
    network.get_ready()
    worker = network._processes._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    assert is_answered(client, caesium_chloride)


def test_a_structure_that_takes_too_long_or_too_much_is_a_line(
    network: Network, client: TestClient, caesium_chloride: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No process is made ahead any more, after those that the requests so far have asked for.
    monkeypatch.setattr(network, "get_ready", lambda: None)
    assert is_answered(client, caesium_chloride)
    # Without memory a thread may not even begin, and what waits for it is ended by the clock.
    cases = ((0.001, 10**9, "not done within"), (8, -(10**8), "memory|not done within"))
    for seconds, memory, reason in cases:
        with monkeypatch.context() as patch:
            patch.setattr(network._processes, "_bounds", Bounds(seconds, memory))
            response = send(client, caesium_chloride)
        assert response.status_code == 422
        assert re.search(reason, error(response).lower())
    assert is_answered(client, caesium_chloride)


def test_a_network_that_is_gone_or_another_one_is_a_line(
    network: Network, client: TestClient, caesium_chloride: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "get_ready", lambda: None)
    assert is_answered(client, caesium_chloride)
    folder = Path(network.facts["folder"])
    calibration = folder / "calibration.json"
    kept = calibration.rename(folder / "kept")
    calibration.write_text('{"temperature": 3.0}')
    response = send(client, caesium_chloride)
    assert response.status_code == 503
    assert "another one than when this page was started" in error(response)
    kept.rename(calibration)

    away = folder.rename(folder.parent / "away")
    network._processes._end_worker()
    response = send(client, caesium_chloride)
    assert response.status_code == 503
    assert "no such file of a trained network" in error(response)
    assert client.get("/").status_code == 200
    away.rename(folder)
    assert is_answered(client, caesium_chloride)


def test_a_folder_without_a_network_for_structures_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no such file of a trained network"):
        page_worker.prepare(str(tmp_path))
    of_bitmaps = make_settings(
        simulate={"engine": "bitmap_database"},
        morphology={"database": "sqlite:///habits.db"},
        model={"name": "ziletti"},
        train={"descriptor": "morphology"},
    )
    folder = write_tiny_model(tmp_path / "model", of_bitmaps)
    with pytest.raises(UserError, match="no structure can be shown to it"):
        page_worker.prepare(str(folder))

    def fail(_: BoundedProcesses) -> bytes:
        raise WorkerError("why")

    monkeypatch.setattr(BoundedProcesses, "start", fail)
    with pytest.raises(UserError, match="why"):
        Network(tmp_path, LIMITS)


def test_a_fault_of_the_page_itself_is_a_line(
    network: Network, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(network, "answer", fail)
    response = send(client, b"hello")
    assert response.status_code == 500
    assert "This page itself fails" in error(response)
    assert response.headers["content-security-policy"]


def test_below_a_threshold_the_page_says_that_nothing_is_decided(
    tmp_path: Path, model: TrainedModel
) -> None:
    structure = write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE)
    said = describe_upload([structure], {}, Asked(model), 1.0)
    (part,) = said["parts"]
    assert "below the threshold" in part["verdict"]
    (part,) = describe_upload([structure], {}, Asked(model))["parts"]
    assert "threshold" not in part["verdict"]
