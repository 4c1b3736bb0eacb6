"""A service on a real port, asked by people who should not, or who are wrong: refused, recorded, and nothing woken."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from support.patience import PATIENCE
from support.serving import OLD_VARIABLE, OLD_WORD, VARIABLE, WORD, Serving, a_service, environ_of
from support.stacks import eventually
from support.tokens import ISSUER, Issuer

from releasepilot.plugins.changes.webhook import MAX_BODY, SIGNATURE_HEADER, signature_of
from releasepilot.server.service import CONNECTIONS

BODY = b'{"correlation_id": "nobody-0123456789/lib"}'
HOOKS = {
    "RELEASEPILOT_WEBHOOKS": f"servicenow=env:{VARIABLE},env:{OLD_VARIABLE} jira=env:{OLD_VARIABLE}",
    VARIABLE: WORD,
    OLD_VARIABLE: OLD_WORD,
}


@pytest.fixture(scope="module")
def environ(temporal_address: str, ledger_url: str) -> dict[str, str]:
    """Give the environment of a service that takes word of two systems."""
    return environ_of(temporal_address, ledger_url, **HOOKS)


@pytest.fixture
def serving(environ: dict[str, str]) -> Iterator[Serving]:
    """Give a service."""
    with a_service(environ) as running:
        yield running


@pytest.fixture(scope="module")
def standing(environ: dict[str, str]) -> Iterator[Serving]:
    """Give a service that several tests ask, whose log nobody reads."""
    with a_service(environ) as running:
        yield running


def signed(body: bytes = BODY, word: str = WORD, at: float | None = None) -> dict[str, str]:
    """Sign a body, now."""
    return {SIGNATURE_HEADER: signature_of(body, word.encode(), int(time.time() if at is None else at))}


def send(serving: Serving, body: bytes = BODY, headers: dict[str, str] | None = None, name: str = "servicenow") -> int:
    """Send word and return the status; a refusal is JSON with a code, and does not say which check failed."""
    where = f"{serving.url}/webhooks/{name}"
    answer = httpx.post(where, content=body, headers=signed(body) if headers is None else headers, timeout=PATIENCE)
    if answer.is_error:
        assert answer.json()["code"] == ("RP600" if answer.status_code == 503 else "RP504")
        assert not re.search("old|expired|replay|secret|known", answer.json()["message"])
    return answer.status_code


def refusals(serving: Serving, status: int) -> int:
    """Count the lines about refusals."""
    return sum(f"refused with {status}" in line for line in serving.lines)


def test_genuine_word_is_taken_with_either_secret(serving: Serving) -> None:
    """While a secret is changed, both are believed."""
    assert send(serving) == 202
    assert send(serving, headers=signed(word=OLD_WORD)) == 202
    eventually(lambda: sum("woke nothing" in line for line in serving.lines) == 2)


def test_what_is_not_genuine_is_refused_and_recorded(serving: Serving) -> None:
    """Another secret, another body, an old moment, one to come, no signature, another form: one answer for all."""
    other = b'{"correlation_id": ""}'
    attacks = [
        signed(word="f" * 64),
        signed(other),
        signed(at=time.time() - 301),
        signed(at=time.time() + 330),
        {},
        {SIGNATURE_HEADER: ""},
        {SIGNATURE_HEADER: "sha256=" + "0" * 64},
        {SIGNATURE_HEADER: signed()[SIGNATURE_HEADER].upper()},
        {SIGNATURE_HEADER: signed()[SIGNATURE_HEADER] + ",v1=" + "0" * 64},
        {"Authorization": f"Bearer {WORD}"},
    ]
    assert [send(serving, headers=headers) for headers in attacks] == [401] * len(attacks)
    eventually(lambda: refusals(serving, 401) == len(attacks))
    assert not any("woke" in line for line in serving.lines)


def test_a_replay_wakes_nothing_under_any_name(serving: Serving) -> None:
    """Its sender may not have heard the answer, so it is told; another system that has the same secret is refused."""
    headers, where = signed(word=OLD_WORD), f"{serving.url}/webhooks"
    names = ("servicenow", "servicenow", "jira", "servicenow")
    answers = [httpx.post(f"{where}/{name}", content=BODY, headers=headers, timeout=30) for name in names]
    assert [answer.status_code for answer in answers] == [202, 202, 401, 202]
    assert [answer.json() for answer in answers if answer.is_success] == [{"woken": 0}] * 3
    eventually(lambda: sum("came again" in line for line in serving.lines) == 2)
    eventually(lambda: refusals(serving, 401) == 1)
    # Nobody was looked for but the first time.
    assert sum("word from servicenow woke" in line for line in serving.lines) == 1


def test_word_without_sense_does_not_arrive_by_being_sent_again(serving: Serving) -> None:
    """What was refused for its content is refused again."""
    headers = signed(b"[]")
    assert [send(serving, b"[]", headers) for _ in range(2)] == [400, 400]


def test_equal_words_at_one_time_wake_once(serving: Serving) -> None:
    """Whoever sends the same while it is being taken is told to come back, and not that it has arrived."""
    headers = signed()
    with ThreadPoolExecutor(8) as threads:
        sent = [threads.submit(send, serving, headers=headers) for _ in range(8)]
        assert sorted(one.result() for one in sent) == [202] + [503] * 7
    assert send(serving, headers=headers) == 202
    eventually(lambda: any("came again" in line for line in serving.lines))
    assert sum("word from servicenow woke" in line for line in serving.lines) == 1


def test_a_secret_that_has_gone_is_our_fault(environ: dict[str, str], tmp_path: Path) -> None:
    """Its word can be sent again, until somebody has read in the log what is wrong; the answer does not say it."""
    secret = tmp_path / "secret"
    secret.write_text(WORD)
    with a_service({**environ, "RELEASEPILOT_WEBHOOKS": f"servicenow=file:{secret}"}) as serving:
        secret.unlink()
        headers = signed()
        answer = httpx.post(f"{serving.url}/webhooks/servicenow", content=BODY, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "RP600")
        assert "secret" not in answer.text
        eventually(lambda: any(f"no secret: file:{secret} cannot be read" in line for line in serving.lines))
        # Who is wrong in another way is told the same as ever.
        assert send(serving, headers={}) == 401
        assert send(serving, headers=signed(at=time.time() - 301)) == 401
        secret.write_text(WORD)
        assert send(serving, headers=headers) == 202


def test_an_unknown_name_is_refused(serving: Serving) -> None:
    """Whatever it is signed with, and without repeating at length what was sent."""
    names = ("github", "servicenow.change", "..%2Fapi", "%00%0a%1b[31m", "x" * 5000)
    assert [send(serving, name=name) for name in names] == [404] * len(names)
    eventually(lambda: refusals(serving, 404) == len(names))
    assert "\x1b" not in "".join(serving.lines)
    assert all(len(line) < 300 for line in serving.lines)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b"correlation_id=1"])
def test_what_is_no_json_object_is_refused(standing: Serving, body: bytes) -> None:
    """Also where it is signed."""
    assert send(standing, body) == 400


def test_a_large_body_is_refused_before_it_has_arrived(serving: Serving) -> None:
    """Both where it says its length and where it comes in chunks without an end."""
    assert send(serving, b" " * (MAX_BODY + 1)) == 413

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 65536

    try:
        answer = httpx.post(f"{serving.url}/webhooks/servicenow", content=endless(), headers=signed(), timeout=PATIENCE)
        assert answer.status_code == 413
    except httpx.WriteError:
        pass  # The service has closed the connection on what was still being sent.
    eventually(lambda: refusals(serving, 413) == 2)


def test_the_log_does_not_grow_with_those_who_knock(serving: Serving) -> None:
    """A few lines a minute, whoever sends what; also where what is sent is no HTTP."""
    with httpx.Client() as client:
        for _ in range(200):
            client.post(f"{serving.url}/webhooks/servicenow", content=BODY)
    address = urlsplit(serving.url)
    for _ in range(100):
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(b"\x16\x03\x01 no http\r\n\r\n")
            connection.recv(1000)
    assert send(serving) == 202
    eventually(lambda: any("woke nothing" in line for line in serving.lines))
    assert len(serving.lines) < 30


#: What is said first on connections that are then kept: a head without an end, one after an answer, and a body after
#: the answer that it had no need of. Each goes on by `x`.
BEGINNINGS = (
    b"GET /x HTTP/1.1\r\nX: ",
    b"GET /x HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nX: ",
    b"POST /webhooks/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n",
)
#: Questions whose answers nobody takes, more than the kernel keeps for them.
QUESTIONS = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" * 9000


def test_connections_that_come_to_no_end_are_ended(serving: Serving) -> None:
    """In every way, and more than are answered: for a while others are told to come back, then they are answered."""
    before = connections(serving)
    with ExitStack() as stack:
        trickling = [stack.enter_context(knock(serving, said)) for said in BEGINNINGS for _ in range(5)]
        for said in (*[b"GET /x HTTP/1.1\r\n"] * 5, *[b""] * CONNECTIONS):
            stack.enter_context(knock(serving, said))
        assert serving.get("/healthz").status_code == 503
        eventually(lambda: not trickle(trickling) and connections(serving) == before, 60)
        assert serving.get("/healthz").status_code == 200


def test_answers_that_nobody_takes_are_given_up(serving: Serving) -> None:
    """Also where the other side is there, and has the next questions sent already."""
    before = connections(serving)
    with knock(serving, QUESTIONS):
        assert connections(serving) == before + 1
        eventually(lambda: connections(serving) == before, 60)


def test_a_crowd_is_not_held(serving: Serving) -> None:
    """Descriptors do not run out: who comes beyond twice as many as are answered is not let in."""
    before = connections(serving)
    with ExitStack() as stack:
        for _ in range(2 * CONNECTIONS + 50):
            stack.enter_context(knock(serving, b""))
        eventually(lambda: connections(serving) == before + 2 * CONNECTIONS, 5)


def knock(serving: Serving, said: bytes) -> socket.socket:
    """Open a connection whose answers are not taken, and say something."""
    address = urlsplit(serving.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.connect((address.hostname, address.port))
    connection.sendall(said)
    return connection


def trickle(held: list[socket.socket]) -> None:
    """Send a byte more on each that still takes one."""
    for connection in held:
        with suppress(ConnectionError):
            connection.send(b"x")
    time.sleep(0.2)


def connections(serving: Serving) -> int:
    """Count the connections that the service has not ended."""
    local = f":{urlsplit(serving.url).port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(row[1].endswith(local) and row[3] == "01" for row in rows)


def test_no_secret_is_ever_said(serving: Serving, environ: dict[str, str]) -> None:
    """Neither in the log nor in an answer, whoever asks."""
    said = [serving.get("/healthz").text, serving.get("/api/trains").text, serving.get(f"/{WORD[:8]}").text]
    where = f"{serving.url}/webhooks/servicenow"
    sent = (signed(), signed(word="x" * 40), {"Authorization": f"Bearer {OLD_WORD}"})
    said += [httpx.post(where, content=BODY, headers=headers).text for headers in sent]
    serving.end()
    everything = "".join([*said, *serving.lines])
    for secret in (WORD, OLD_WORD, environ["RELEASEPILOT_DATABASE_URL"]):
        assert secret not in everything


def test_health_is_told_to_anybody(standing: Serving) -> None:
    """And nothing else."""
    answer = standing.get("/healthz", Host="releases.example.org")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/trains/nobody-knows-it", 404, "RP501"),
        ("/api/trains/nobody-knows-it/explain", 404, "RP501"),
        ("/api/trains/a%00b", 404, "RP501"),
        ("/api/trains/%ff%fe", 404, "RP501"),
        ("/api/trains/" + "x" * 20_000, 404, "RP501"),
        ("/api/trains?limit=0", 400, "RP504"),
        ("/api/trains?limit=1001", 400, "RP504"),
        ("/api/trains?limit=00010000", 400, "RP504"),
        ("/api/trains?limit=%D9%A3", 400, "RP504"),
        ("/api/trains?limit=many", 400, "RP504"),
        ("/api", 404, "RP504"),
        ("/docs", 404, "RP504"),
        ("/webhooks/servicenow", 405, "RP504"),
    ],
)
def test_what_cannot_be_answered_is_said_with_a_code(standing: Serving, path: str, status: int, code: str) -> None:
    """As JSON, as the command line does."""
    answer = standing.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "hint", "component"}


def test_a_name_that_was_made_lead_here_is_refused(standing: Serving) -> None:
    """A page of somebody else's, in a browser of this machine, reads nothing (DNS rebinding)."""
    for path in ("/api/trains", "/api/trains/x", "/api/trains/x/explain"):
        answer = standing.get(path, Host="evil.example.org")
        assert (answer.status_code, answer.json()["code"]) == (421, "RP504")
    assert "access-control-allow-origin" not in standing.get("/api/trains", Origin="https://evil.example.org").headers


def test_with_trusted_keys_nobody_asks_without_a_token(environ: dict[str, str], tmp_path: Path) -> None:
    """Deny by default: each question needs one, word does not, and health does not."""
    issuer = Issuer()
    (tmp_path / "keys.json").write_text(issuer.trust.keys)
    trust = {"RELEASEPILOT_TRUSTED_KEYS": str(tmp_path / "keys.json"), "RELEASEPILOT_TRUSTED_ISSUER": ISSUER}
    with a_service({**environ, **trust}) as serving:
        for path in ("/api/trains", "/api/trains/x", "/api/trains/x/explain"):
            for headers in ({}, {"Authorization": f"Bearer {Issuer().token('anna')}"}):
                answer = serving.get(path, **headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "RP503")
                assert answer.headers["www-authenticate"] == "Bearer"
        token = issuer.token("anna")
        answer = serving.get("/api/trains", Authorization=f"Bearer {token}", Host="releases.example.org")
        assert answer.status_code == 200
        assert isinstance(json.loads(answer.text), list)
        assert serving.get("/healthz").status_code == 200
        assert send(serving) == 202
        assert serving.end() == 0
        assert token not in "".join(serving.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_when_told(serving: Serving, number: signal.Signals) -> None:
    """With 0, also while somebody sends a body that never ends."""
    address = urlsplit(serving.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"POST /webhooks/servicenow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert serving.end(number) == 0
    eventually(lambda: any("ended" in line for line in serving.lines))


@pytest.mark.parametrize(
    ("change", "listen", "said"),
    [
        ({}, "0.0.0.0:0", "loopback alone"),
        ({VARIABLE: "short"}, "127.0.0.1:0", "shorter than 32 bytes"),
        ({VARIABLE: ""}, "127.0.0.1:0", "has no secret"),
        ({"RELEASEPILOT_WEBHOOKS": f"servicenow={WORD}"}, "127.0.0.1:0", "named and not written down"),
        ({"RELEASEPILOT_WEBHOOKS": f"servicenow=env:{VARIABLE} servicenow=env:{VARIABLE}"}, "127.0.0.1:0", "once"),
        ({"RELEASEPILOT_WEBHOOKS": "servicenow"}, "127.0.0.1:0", "named and not written down"),
        ({"RELEASEPILOT_WEBHOOKS": "servicenow=vault:kv/hooks#word"}, "127.0.0.1:0", "stands on the machine itself"),
        (
            {"RELEASEPILOT_WEBHOOKS": f"servicenow=env:{VARIABLE},aws-sm:word"},
            "127.0.0.1:0",
            "stands on the machine itself",
        ),
        ({}, "192.0.2.1:0", "loopback alone"),
        ({}, "127.0.0.1:80000", "host:port"),
        ({}, "127.0.0.1", "host:port"),
    ],
)
def test_what_it_cannot_begin_with_is_said(
    environ: dict[str, str], change: dict[str, str], listen: str, said: str
) -> None:
    """Before it listens, in one line with the cause, and without a secret that was written down."""
    with pytest.raises(AssertionError, match=said) as raised, a_service({**environ, **change}, listen):
        pass
    assert WORD not in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_an_address_that_is_taken_is_said(environ: dict[str, str], standing: Serving) -> None:
    """With the address and the option."""
    taken = urlsplit(standing.url).netloc
    with pytest.raises(AssertionError, match=f"nothing can listen on {taken}"), a_service(environ, taken):
        pass
