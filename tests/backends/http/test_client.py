from __future__ import annotations

import gzip
import io
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from support.answers import Answer, error, limited, plain
from support.clock import Clock
from support.server import KEY, Server

from audiopipe._version import __version__
from audiopipe.backends.http.address import api_root
from audiopipe.backends.http.client import Call, Http
from audiopipe.backends.http.connection import Timeouts
from audiopipe.backends.http.download import download
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.http.retry import Retry
from audiopipe.errors import (
    AuthError,
    BackendError,
    BadReply,
    RateLimited,
    RejectedRequest,
    RequestTooLarge,
    ServerFault,
    UnreadableInput,
    UsageError,
)

LIST = Call("GET", "/models", "list of models")
NO_WAIT = Retry(attempts=3, sleep=lambda _: None)


@pytest.fixture
def http(server: Server) -> Iterator[Http]:
    clock = Clock()
    http = Http(server.url, KEY, retry=Retry(attempts=3, sleep=clock.sleep), clock=clock)
    yield http
    http.close()


def first_model(reply: Reply) -> str:
    return str(reply.json()["data"][0]["id"])


def test_an_answer_is_parsed(http: Http) -> None:
    assert http.send(LIST, first_model) == "whisper-large-v3"


def test_each_request_says_who_asks_and_with_which_key(http: Http, server: Server) -> None:
    http.send(LIST, first_model)
    (seen,) = server.seen
    assert seen.headers["user-agent"] == f"audiopipe/{__version__}"
    assert seen.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_no_authorization_is_sent(server: Server) -> None:
    with closing(Http(server.url)) as http, pytest.raises(AuthError):
        http.send(LIST, first_model)
    assert "authorization" not in server.seen[0].headers


def test_many_threads_share_the_connections(http: Http, server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: http.send(LIST, first_model), range(40)))
    assert found == ["whisper-large-v3"] * 40
    assert len(server.seen) == 40


def test_closing_twice_is_harmless_and_another_request_opens_anew(http: Http) -> None:
    http.send(LIST, first_model)
    http.close()
    http.close()
    assert http.send(LIST, first_model) == "whisper-large-v3"


@pytest.mark.parametrize(
    "fault",
    [
        *("limited", "limited-retry-after", "internal", "bad-gateway", "over-capacity"),
        *("flex-capacity", "cut-headers", "cut-body", "truncated", "empty"),
    ],
)
def test_a_passing_fault_is_met_by_one_more_try(http: Http, server: Server, fault: str) -> None:
    server.faults.append(fault)
    assert http.send(LIST, first_model) == "whisper-large-v3"
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("too-large", RequestTooLarge), ("too-long", RequestTooLarge), ("network", AuthError)],
)
def test_a_lasting_fault_is_not_asked_for_twice(
    http: Http, server: Server, fault: str, kind: type[BackendError]
) -> None:
    server.faults.append(fault)
    with pytest.raises(kind, match=r"list of models to 127\.0\.0\.1: 4"):
        http.send(LIST, first_model)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("internal", ServerFault, "500 internal_server_error"),
        ("cut-headers", ServerFault, "connection broke"),
        ("cut-body", ServerFault, "connection broke"),
        ("truncated", BadReply, "not JSON"),
    ],
)
def test_a_fault_that_stays_is_told_in_one_line_with_the_number_of_tries(
    http: Http, server: Server, fault: str, kind: type[BackendError], words: str
) -> None:
    server.faults.extend([fault] * 5)
    with pytest.raises(kind) as caught:
        http.send(LIST, first_model)
    assert len(server.seen) == 3
    line = str(caught.value)
    assert line.startswith("list of models to 127.0.0.1: ") and words in line
    assert line.endswith("(given up after 3 tries)") and "\n" not in line


def test_an_answer_that_stops_half_way_is_given_up_and_not_asked_for_twice(server: Server) -> None:
    server.faults.extend(["slow"] * 2)
    retry = Retry(attempts=2, sleep=lambda _: None)
    with (
        closing(Http(server.url, KEY, retry=retry, timeouts=Timeouts(idle_s=0.2))) as http,
        pytest.raises(ServerFault, match=r"stands still for 0.2 s: it may have been billed"),
    ):
        http.send(LIST, first_model)
    assert len(server.seen) == 1


def test_the_wait_of_a_message_without_a_header_is_obeyed(server: Server) -> None:
    clock = Clock()
    server.faults.append(limited(wait="1m39.738s"))
    retry = Retry(sleep=clock.sleep, uniform=lambda: 0.0)
    with closing(Http(server.url, KEY, retry=retry, clock=clock)) as http:
        assert http.send(LIST, first_model) == "whisper-large-v3"
    assert clock.slept == [pytest.approx(99.738)]


def test_a_wait_beyond_the_limit_is_an_error_at_once(server: Server) -> None:
    server.faults.append(limited(wait="19m48s"))
    with (
        closing(Http(server.url, KEY, retry=Retry(max_wait_s=60))) as http,
        pytest.raises(RateLimited) as caught,
    ):
        http.send(LIST, first_model)
    assert caught.value.wait_s == 1188


def test_a_reply_that_the_parser_refuses_is_asked_for_again(http: Http, server: Server) -> None:
    def choosy(reply: Reply) -> str:
        if len(server.seen) < 3:
            raise BadReply("not what I wanted")
        return first_model(reply)

    assert http.send(LIST, choosy) == "whisper-large-v3"


def test_a_key_that_the_server_repeats_is_not_shown(http: Http, server: Server) -> None:
    server.faults.append(error(401, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(AuthError) as caught:
        http.send(LIST, first_model)
    assert KEY not in str(caught.value) and "***" in str(caught.value)


@pytest.mark.parametrize("key", ["gsk_a b", "gsk_ä", "gsk_a\nX-Header: 1"])
def test_a_key_that_is_no_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(AuthError) as caught:
        Http("http://127.0.0.1", key)
    assert "gsk_" not in str(caught.value)


def test_spaces_around_a_key_are_forgiven(server: Server) -> None:
    with closing(Http(server.url, f" {KEY}\n")) as http:
        assert http.send(LIST, first_model) == "whisper-large-v3"


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            closing(Http(address, retry=NO_WAIT)) as http,
            pytest.raises(ServerFault, match=r"127\.0\.0\.1: cannot connect"),
        ):
            http.send(LIST, first_model)


def test_a_redirect_to_another_host_is_named_and_not_followed(http: Http, server: Server) -> None:
    server.faults.append(Answer(302, headers={"location": "https://me:secret@elsewhere/v1?k=1"}))
    with pytest.raises(RejectedRequest, match=r"sends on to https://elsewhere/v1, .*--base-url"):
        http.send(LIST, first_model)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_on_the_same_host_is_followed(http: Http, server: Server, status: int) -> None:
    server.faults.append(Answer(status, headers={"location": "./models"}))
    assert http.send(LIST, first_model) == "whisper-large-v3"
    assert len(server.seen) == 2


def test_a_circle_of_redirects_has_an_end(http: Http, server: Server) -> None:
    server.faults.extend([Answer(308, headers={"location": "models"})] * 20)
    with pytest.raises(RejectedRequest, match="more than 5 redirects"):
        http.send(LIST, first_model)


@pytest.mark.parametrize("ending", ["", "/", "/audio/transcriptions", "/audio/translations/"])
@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("https://api.deepinfra.com/v1/openai", "https://api.deepinfra.com/v1/openai"),
        ("https://host/proxy/groq/openai/v1", "https://host/proxy/groq/openai/v1"),
    ],
)
def test_paths_are_not_doubled(base_url: str, root: str, ending: str) -> None:
    assert api_root(base_url + ending) == root


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("https://api.groq.com", "https://api.groq.com/openai/v1"),
        ("https://api.groq.com/v1", "https://api.groq.com/openai/v1"),
        ("https://api.groq.com/openai/", "https://api.groq.com/openai/v1"),
        ("http://localhost:8000", "http://localhost:8000/v1"),
        (" http://localhost:8000/openai ", "http://localhost:8000/openai/v1"),
    ],
)
def test_a_host_alone_gets_the_usual_path(base_url: str, root: str) -> None:
    assert api_root(base_url) == root


@pytest.mark.parametrize(
    "base_url", ["", "localhost:8000", "api.groq.com", "ftp://host", "http://"]
)
def test_what_is_no_address_is_a_usage_error(base_url: str) -> None:
    with pytest.raises(UsageError, match="http://host:8000"):
        api_root(base_url)


# downloads


def fetch(url: str) -> bytes:
    file = io.BytesIO(b"")
    download(url, file, retry=NO_WAIT)
    return file.read()


def test_a_download_follows_redirects_and_ends_at_the_beginning_of_the_file(
    server: Server, tmp_path: Path
) -> None:
    server.files["talk.mp3"] = bytes(range(256)) * 1000
    with (tmp_path / "talk").open("w+b") as file:
        download(server.url_of("talk.mp3", "moved"), file)
        assert file.read() == server.files["talk.mp3"]


def test_a_download_goes_to_the_address_that_was_looked_at_whatever_the_name_means_then(
    server: Server,
) -> None:
    server.files["talk.mp3"] = b"sound"
    url = server.url_of("talk.mp3", "moved").replace("127.0.0.1", "talks.invalid")
    asked: list[str] = []

    def allow(url: str) -> str:
        asked.append(url)
        return "127.0.0.1"

    file = io.BytesIO(b"")
    download(url, file, retry=NO_WAIT, allow=allow)
    assert file.read() == b"sound"
    assert asked == [url, server.url_of("talk.mp3")]
    assert server.seen[0].headers["host"] == url.split("/")[2]


def test_a_download_sends_no_key(server: Server) -> None:
    server.files["talk.mp3"] = b"sound"
    fetch(server.url_of("talk.mp3"))
    assert "authorization" not in server.seen[0].headers


def test_a_file_that_is_not_there_is_unreadable_input_without_its_query(server: Server) -> None:
    with pytest.raises(UnreadableInput, match=r"cannot download .*/files/no\.mp3: 404") as caught:
        fetch(server.url_of("no.mp3") + "?token=secret")
    assert "secret" not in str(caught.value)


def test_a_download_that_breaks_is_begun_anew(
    raw_server: Callable[[list[bytes]], str],
) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
    assert fetch(raw_server([whole[:-4], whole])) == b"0123456789"


def test_a_download_that_stays_broken_is_unreadable_input(
    raw_server: Callable[[list[bytes]], str],
) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234"
    with pytest.raises(UnreadableInput, match="connection broke"):
        fetch(raw_server([half] * 3))


TAGGED = b'ETag: "1"\r\nContent-Length: '
BEGUN = b"HTTP/1.1 200 OK\r\n" + TAGGED + b"10\r\n\r\n0123"
REST = b"HTTP/1.1 206 Partial Content\r\n" + TAGGED


@pytest.mark.parametrize(
    "answers",
    [
        [REST + b"10\r\nContent-Range: bytes 0-9/10\r\n\r\n0123456789"],
        [BEGUN, REST + b"6\r\nContent-Range: bytes 4-9/10\r\n\r\n456789"],
        [
            BEGUN,
            REST + b"2\r\nContent-Range: bytes 4-5/10\r\n\r\n45",
            REST + b"4\r\nContent-Range: bytes 6-9/10\r\n\r\n6789",
        ],
        [BEGUN, REST + b"9\r\nContent-Range: bytes 1-9/10\r\n\r\n123456789", BEGUN + b"456789"],
    ],
)
def test_a_part_is_taken_for_what_it_says_that_it_is(
    answers: list[bytes], raw_server: Callable[[list[bytes]], str]
) -> None:
    assert fetch(raw_server(answers)) == b"0123456789"


def test_a_packed_download_that_breaks_is_begun_anew(
    raw_server: Callable[[list[bytes]], str],
) -> None:
    packed = gzip.compress(bytes(range(256)) * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + TAGGED + b"%d\r\n\r\n" % len(packed)
    assert fetch(raw_server([head + packed[:300], head + packed])) == bytes(range(256)) * 1000


@pytest.mark.parametrize("url", ["https://", "http://[::1", "http://127.0.0.1:1/talk.mp3"])
def test_an_address_that_leads_nowhere_is_unreadable_input(url: str) -> None:
    with pytest.raises(UnreadableInput):
        fetch(url)


@pytest.fixture
def raw_server() -> Iterator[Callable[[list[bytes]], str]]:
    """Starts a server that answers each connection with the next bytes, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(replies: list[bytes]) -> None:
        for reply in replies:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(reply)

    def start(replies: list[bytes]) -> str:
        threads.append(threading.Thread(target=serve, args=(replies,)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/talk.mp3"

    with listener:
        yield start
        for thread in threads:
            thread.join()


def test_text_is_decoded_whatever_its_bytes() -> None:
    assert Reply(200, {}, plain("é").body + b"\xff").text == "é\ufffd"
