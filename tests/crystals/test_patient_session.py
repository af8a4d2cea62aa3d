from email.utils import formatdate
from time import time

import pytest
from web_services import CUT, HANG_UP, Optimade

from spacegrouper.crystals.patient_session import PatientSession
from spacegrouper.errors import UserError


@pytest.fixture
def service():
    with Optimade([]) as running:
        yield running


def ask(service, attempts=4):
    waits = []
    session = PatientSession(attempts, waits.append)
    return session.get(f"{service.address}/v1/structures?response_fields=id"), waits


@pytest.mark.parametrize("trouble", [429, 500, 502, 503, 504, CUT, HANG_UP])
def test_trouble_that_passes_is_waited_out_ever_longer(service, trouble):
    service.troubles = {0: trouble, 1: trouble, 2: trouble}
    response, waits = ask(service)
    assert response.json()["data"] == []
    assert waits == [1, 2, 4]


def test_a_server_that_says_how_long_to_wait_is_obeyed(service):
    service.troubles = {0: 429}
    service.retry_after = "30"
    assert ask(service)[1] == [30]
    service.troubles = {2: 503}
    service.retry_after = formatdate(time() + 100, usegmt=True)
    (wait,) = ask(service)[1]
    assert 90 < wait <= 100
    service.troubles = {4: 429}
    service.retry_after = "soon"
    assert ask(service)[1] == [1]


@pytest.mark.parametrize(
    ("trouble", "retry_after", "waits", "message"),
    [
        (503, "0", [1, 2], "answers with HTTP status 503, at attempt 3 of 3"),
        (CUT, "0", [1, 2], "cut in the middle of the answer, at attempt 3 of 3"),
        (HANG_UP, "0", [1, 2], "no connection"),
        (429, "86400", [], "asks to wait 21600 s, at attempt 1 of 3"),
    ],
)
def test_it_gives_up_with_one_line(service, trouble, retry_after, waits, message):
    service.troubles = dict.fromkeys(range(9), trouble)
    service.retry_after = retry_after
    waited = []
    session = PatientSession(3, waited.append)
    session.headers["x-api-key"] = "secret"
    with pytest.raises(UserError, match=message) as raised:
        session.get(f"{service.address}/v1/structures?response_fields=id")
    assert waited == waits
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_other_answers_are_passed_on_at_once(service, status):
    service.troubles = {0: status}
    response, waits = ask(service)
    assert (response.status_code, waits) == (status, [])


def test_json_that_ends_too_early_is_asked_for_again(service, monkeypatch):
    answers = iter(["{", "{}"])
    monkeypatch.setattr("web_services.json.dumps", lambda _: next(answers))
    response, waits = ask(service)
    assert (response.json(), waits) == ({}, [1])


def test_nobody_there_and_no_address():
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1: no connection .*[Rr]efused"):
        PatientSession(1).get("http://127.0.0.1:1/x")
    with pytest.raises(UserError, match="cannot be asked"):
        PatientSession(1).get("nonsense")
