"""The page as a person meets it: in a browser, from the program that shows it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from structure_files import CAESIUM_CHLORIDE, DISORDERED, write_cif
from tiny_model import write_tiny_model

SCRIPT = Path(__file__).parents[2] / "scripts" / "serve.py"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("serve") / "model", temperature=1.2)


@pytest.fixture(scope="module")
def address(model: Path) -> Iterator[str]:
    """Show the page at a free port; its address."""
    command = [sys.executable, str(SCRIPT), f"--model={model}", "--port=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"open (http://127\.0\.0\.1:\d+/)", line):
                break
        else:
            pytest.fail("".join(said))
        yield found[1]
        server.send_signal(signal.SIGINT)
        rest = server.stderr.read()
        server.wait()
    assert "Traceback" not in rest
    assert server.returncode == 130  # what shells call ended by Ctrl+C


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "needs Debian's chromium on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


def open_page(browser: Any, address: str, **options: Any) -> tuple[Any, list[str], list[str]]:
    """Open the page; return it with the requests it makes and what its console says, as lists."""
    page = browser.new_page(**options)
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(address)
    return page, requests, messages


def drop(page: Any, name: str, content: str) -> None:
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], name));
            return transfer;
        }""",
        [name, content],
    )
    page.dispatch_event("#send", "dragover", {"dataTransfer": transfer})
    page.dispatch_event("#send", "drop", {"dataTransfer": transfer})


def test_a_structure_dropped_on_the_page_is_answered_and_nothing_leaves_the_machine(
    browser: Any, address: str, tmp_path: Path
) -> None:
    page, requests, messages = open_page(browser, address)
    drop(page, "CsCl.cif", write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE).read_text())
    page.wait_for_selector("#answer")
    assert "CsCl.cif" in page.inner_text("#answer")
    rows = page.locator(".guesses tbody tr")
    assert rows.count() == 5
    shares = [float(text.split()[0]) for text in page.locator(".percent").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    widths = [float(rect.get_attribute("width")) for rect in page.locator(".share").all()]
    assert widths == pytest.approx(shares, abs=0.06)
    assert "221 Pm3\u0305m, cubic" in page.inner_text("#answer ~ .columns dl")
    loaded = page.evaluate(
        "[...document.images].map((image) => image.complete && image.naturalWidth)"
    )
    assert loaded == [600] * 3 + [256] * 6 + [16] * 3
    # Style and script came through the policy.
    assert page.evaluate("getComputedStyle(document.querySelector('.share')).fill") == (
        "rgb(0, 114, 178)"
    )
    assert messages == []
    for url in requests:
        parts = urlsplit(url)
        assert parts.scheme == "data" or parts.netloc == urlsplit(address).netloc
    assert any(url.endswith("/page.js") for url in requests)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 20_000
    page.close()


def test_errors_are_one_line_on_the_page(browser: Any, address: str, tmp_path: Path) -> None:
    page, requests, _ = open_page(browser, address)
    drop(page, "FeNi.cif", write_cif(tmp_path / "a.cif", DISORDERED).read_text())
    page.wait_for_selector(".error:not([hidden])")
    assert page.inner_text(".error").startswith("FeNi.cif: Partial occupancy")
    sent = len(requests)
    drop(page, "large.cif", "x" * 10_000_001)
    page.wait_for_function("document.querySelector('.error').innerText.startsWith('large.cif')")
    assert "More than 10 MB" in page.inner_text(".error")
    assert len(requests) == sent
    page.close()


def test_without_javascript_it_is_a_form(browser: Any, address: str, tmp_path: Path) -> None:
    page, _, _ = open_page(browser, address, java_script_enabled=False)
    page.set_input_files("#files", write_cif(tmp_path / "CsCl.cif", CAESIUM_CHLORIDE))
    page.click("#send button")
    page.wait_for_selector("#answer")
    assert "CsCl.cif" in page.inner_text("#answer")
    # Larger than the limit: the browser must get to see the line that says so.
    (tmp_path / "large.cif").write_text("x" * 20_000_000)
    page.set_input_files("#files", tmp_path / "large.cif")
    page.click("#send button")
    page.wait_for_selector(".error")
    assert "More than 10 MB" in page.inner_text(".error")
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_has_no_barriers_and_fits_a_phone(
    browser: Any, address: str, colours: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    def check() -> None:
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        # Nothing is cut off at the side.
        assert page.evaluate("document.documentElement.scrollWidth") == 390

    phone = {"width": 390, "height": 844}
    page, _, messages = open_page(browser, address, viewport=phone, color_scheme=colours)
    page.set_default_timeout(200_000)
    for details in page.locator("details").all():
        details.evaluate("(element) => { element.open = true; }")
    check()
    for example in ("Quartz", "Forsterite, a list of reflections"):
        page.click(f"text={example}")
        page.wait_for_selector("#answer")
        check()
    with page.expect_download() as saved:
        page.click("text=JSON")
    assert saved.value.suggested_filename == "forsterite.json"
    assert messages == []
    page.set_input_files("#files", {"name": "a.cif", "mimeType": "", "buffer": b"hello"})
    page.click("#send button")
    page.wait_for_selector(".error:not([hidden])")
    check()
    page.close()


def test_the_page_answers_over_http_and_lives_on_when_its_processes_are_killed(
    address: str, tmp_path: Path
) -> None:
    content = write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE).read_bytes()

    def is_answered() -> bool:
        sent = httpx.post(address, files={"files": ("a.cif", content)}, timeout=100)
        return "CsCl, 2 atoms in the cell" in sent.text

    assert is_answered()
    (server,) = children(os.getpid(), "serve.py")
    (template,) = children(server, "spawn_main")
    for pid in (*children(template), template):
        os.kill(pid, signal.SIGKILL)
    assert is_answered()
    assert httpx.get(address, headers={"host": "evil.example"}).status_code == 400


def children(pid: int, word: str = "") -> list[int]:
    """Return the processes that a process has started, of whose command lines a word is part."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid and word in status.with_name("cmdline").read_text():
                found.append(int(status.parent.name))
    return found


def test_a_port_in_use_is_one_line(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, str(SCRIPT), f"--model={model}", f"--port={port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: cannot listen there" in done.stderr
    assert "Traceback" not in done.stderr
