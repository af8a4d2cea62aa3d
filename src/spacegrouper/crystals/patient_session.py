"""Requests to a web service that may be busy, down for a moment or cut off."""

import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectionError,
    ContentDecodingError,
    RequestException,
    Timeout,
)
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

# Too many requests, and what servers and the proxies before them say when they are out of order.
_PASSING = (429, 500, 502, 503, 504)
_PASSING_ERRORS = (ConnectionError, Timeout, ChunkedEncodingError, ContentDecodingError)
_LONGEST_BACK_OFF = 60.0  # s
_LONGEST_WAIT = 600.0  # s; a server that asks for more is left alone
_TIMEOUT = 60.0  # s without a byte


class PatientSession(requests.Session):
    """A session that asks again, up to `attempts` times, where the trouble may pass.

    Passing trouble is HTTP 429, 500, 502, 503 and 504, no connection, and an answer that is cut
    before its end. It waits 1, 2, 4 ... 60 s in between, and longer where the server says so
    (Retry-After); `wait` is called with the seconds.

    Raises:
        UserError: all attempts failed, or the address cannot be asked. Neither this nor the log
            contains headers, where keys are.
    """

    def __init__(self, attempts: int, wait: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self.attempts = attempts
        self.wait = wait

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request as `requests.Session` does, with patience."""
        host = urlsplit(str(url)).netloc
        kwargs["timeout"] = _TIMEOUT  # mp-api's 20 s are short for hundreds of structures
        attempt = 1
        while True:
            pause = back_off(attempt)
            try:
                response = super().request(method, url, *args, **kwargs)
                if response.status_code in _PASSING:
                    trouble = f"it answers with HTTP status {response.status_code}"
                    pause = max(pause, _retry_after(response))
                elif _cut_short(response):
                    trouble = "the answer is cut short"
                else:
                    return response
            except _PASSING_ERRORS as error:
                trouble = _explained(error)
            except RequestException as error:
                raise UserError(f"{url}: cannot be asked: {error}; check the address") from None
            if attempt >= self.attempts or pause > _LONGEST_WAIT:
                break
            log.warning("%s: %s; asking again in %g s", host, trouble, pause)
            self.wait(pause)
            attempt += 1
        asked = f" and asks to wait {pause:g} s" if pause > _LONGEST_WAIT else ""
        raise UserError(
            f"{host}: {trouble}{asked}, at attempt {attempt} of {self.attempts}; check the "
            "network and run again later: it goes on from what has been fetched"
        )


def back_off(attempt: int) -> float:
    """Return the seconds to wait after the attempt of this number, from 1."""
    return min(2.0 ** (attempt - 1), _LONGEST_BACK_OFF)


def _cut_short(response: requests.Response) -> bool:
    """Whether JSON ends before its end, as where a server's connection to its own source broke."""
    if not (response.ok and "json" in response.headers.get("Content-Type", "")):
        return False
    try:
        response.json()
    except ValueError:
        return True
    except RecursionError:  # JSON, but nothing that one could use
        return False
    return False


def _retry_after(response: requests.Response) -> float:
    header = response.headers.get("Retry-After", "0")
    try:
        return Retry(0).parse_retry_after(header)
    except InvalidHeader:
        return 0.0


def _explained(error: RequestException) -> str:
    if isinstance(error, Timeout):
        return "no answer in time"
    if isinstance(error, ChunkedEncodingError | ContentDecodingError):
        return "the connection was cut in the middle of the answer"
    # requests wraps the error of urllib3, which says what is wrong, in one that repeats the query.
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", None) or cause
    return f"no connection ({cause.args[-1] if getattr(cause, 'args', None) else cause})"
