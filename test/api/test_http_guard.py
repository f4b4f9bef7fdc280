"""The HTTP guard, byte by byte over a real socket, against the server alone (http_echo.c)."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARIANT = os.environ.get("VARIANT", "release")
LIMIT = 60.0  # seconds a reply may take before the test gives up
PATIENCE = 60000  # milliseconds that most servers here wait for a client, so that none is late on a busy machine


@pytest.fixture(scope="session")
def echo_binary():
    program = f"build/{VARIANT}/programs/http_echo"
    subprocess.run(["make", "-s", f"VARIANT={VARIANT}", program], cwd=ROOT, check=True, timeout=600, stdin=subprocess.DEVNULL)
    return ROOT / program


class Server:
    def __init__(self, binary, *arguments, prepare=None):
        self.process = subprocess.Popen([str(binary), *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=prepare)
        self.port = int(self.process.stdout.readline())

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server(echo_binary):
    running = Server(echo_binary, 0, 0, 0, PATIENCE)
    yield running
    running.stop()


@pytest.fixture
def hasty_server(echo_binary):
    """It waits 400 ms for a request, and a second for the next one."""
    running = Server(echo_binary)
    yield running
    running.stop()


@pytest.fixture
def small_server(echo_binary):
    running = Server(echo_binary, 8, 5, 0, PATIENCE)
    yield running
    running.stop()


def read_reply(client, data=b"", is_head=False):
    """One reply: status, headers, body, and the bytes behind it."""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return None, {}, b"", data
        data += more
    head, rest = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    length = 0 if is_head else int(headers.get("content-length", 0))
    while len(rest) < length:
        more = client.recv(65536)
        assert more, "the reply was cut short"
        rest += more
    return int(lines[0].split(" ")[1]), headers, rest[:length], rest[length:]


def is_closed(client):
    """The server ends the connection within the limit, and sends no second reply."""
    return client.recv(10) == b""


def ask(server, data, pieces=1):
    with server.connect() as client:
        step = -(-len(data) // pieces)
        for at in range(0, len(data), step):
            client.sendall(data[at:at + step])
        return read_reply(client)


H = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + H

REFUSED = [
    ("no Host", 400, GET + b"\r\n"),
    ("two Hosts", 400, GET + H + H + b"\r\n"),
    ("empty Host", 400, GET + b"Host:\r\n\r\n"),
    ("malformed Host", 400, GET + b"Host: a/b\r\n\r\n"),
    ("two Content-Lengths", 400, POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"),
    ("two equal Content-Lengths", 400, POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"),
    ("Content-Length: +2", 400, POST + b"Content-Length: +2\r\n\r\nhi"),
    ("Content-Length: -2", 400, POST + b"Content-Length: -2\r\n\r\nhi"),
    ("Content-Length: 2,2", 400, POST + b"Content-Length: 2,2\r\n\r\nhi"),
    ("Content-Length: 0x2", 400, POST + b"Content-Length: 0x2\r\n\r\nhi"),
    ("empty Content-Length", 400, POST + b"Content-Length: \r\n\r\nhi"),
    ("Content-Length beyond 64 bits", 400, POST + b"Content-Length: 18446744073709551618\r\n\r\nhi"),
    ("Content-Length and chunked", 400, POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", 400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked in HTTP/1.0", 400, b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("unknown coding", 501, POST + b"Transfer-Encoding: gzip\r\n\r\nhi"),
    ("unknown coding, then chunked", 501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked, then identity", 501, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("coding with a vertical tab", 400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("NUL in a value", 400, GET + H + b"X-A: a\0b\r\n\r\n"),
    ("CR in a value", 400, GET + H + b"X-A: a\rX-B: b\r\n\r\n"),
    ("control character in a value", 400, GET + H + b"X-A: a\x01b\r\n\r\n"),
    ("DEL in a value", 400, GET + H + b"X-A: a\x7fb\r\n\r\n"),
    ("LF alone behind the request line", 400, b"GET / HTTP/1.1\n" + H + b"\r\n"),
    ("LF alone behind a header", 400, GET + b"Host: localhost\nX-A: b\r\n\r\n"),
    ("LF alone everywhere", 400, b"GET / HTTP/1.1\nHost: localhost\n\n"),
    ("folded header", 400, GET + H + b"X-A: a\r\n b\r\n\r\n"),
    ("blank before the colon", 400, GET + b"Host : localhost\r\n\r\n"),
    ("header without a colon", 400, GET + H + b"X-A\r\n\r\n"),
    ("header without a name", 400, GET + H + b": a\r\n\r\n"),
    ("NUL in the target", 400, b"GET /a\0b HTTP/1.1\r\n" + H + b"\r\n"),
    ("control character in the target", 400, b"GET /a\x1fb HTTP/1.1\r\n" + H + b"\r\n"),
    ("raw UTF-8 in the target", 400, "GET /ä HTTP/1.1\r\n".encode() + H + b"\r\n"),
    ("fragment in the target", 400, b"GET /a#b HTTP/1.1\r\n" + H + b"\r\n"),
    ("relative target", 400, b"GET a HTTP/1.1\r\n" + H + b"\r\n"),
    ("two blanks in the request line", 400, b"GET  / HTTP/1.1\r\n" + H + b"\r\n"),
    ("target and Host disagree", 400, b"GET http://127.0.0.1/ HTTP/1.1\r\n" + H + b"\r\n"),
    ("CONNECT", 400, b"CONNECT localhost:1 HTTP/1.1\r\n" + H + b"\r\n"),
    ("unknown method", 501, b"BREW / HTTP/1.1\r\n" + H + b"\r\n"),
    ("method in small letters", 501, b"get / HTTP/1.1\r\n" + H + b"\r\n"),
    ("RTSP", 400, b"GET / RTSP/1.0\r\n" + H + b"\r\n"),
    ("HTTP/0.9, said", 505, b"GET / HTTP/0.9\r\n" + H + b"\r\n"),
    ("LF alone behind the headers", 400, GET + H + b"\n"),
    ("CR alone behind the headers", 400, GET + H + b"\rX-A: b\r\n\r\n"),
    ("folded empty header", 400, GET + H + b"X-A:\r\n b\r\n\r\n"),
    ("three empty lines first", 400, b"\r\n\r\n\r\n" + GET + H + b"\r\n"),
    ("HTTP/0.9", 400, b"GET /\r\n" + H + b"\r\n"),
    ("HTTP/1.2", 505, b"GET / HTTP/1.2\r\n" + H + b"\r\n"),
    ("HTTP/2 preface", 505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS hello", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
    ("chunk size ends in LF", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n"),
    ("chunk data ends in LF", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\n0\r\n\r\n"),
    ("last chunk ends in LF", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\n\n"),
    ("chunk longer than its size", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n"),
    ("chunk size with a sign", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n"),
    ("chunk size of 16 digits", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n0000000000000002\r\nhi\r\n0\r\n\r\n"),
    ("trailers end in LF", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n\n"),
    ("folded trailer", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n"),
    ("Content-Length among trailers", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"),
    ("trailer without a colon", 400, POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"),
    ("other expectation", 417, POST + b"Expect: magic\r\nContent-Length: 2\r\n\r\nhi"),
    ("long target", 414, b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + H + b"\r\n"),
    ("endless target", 414, b"GET /" + b"a" * 9000),
    ("long head", 431, GET + H + b"X-A: " + b"a" * 16384 + b"\r\n\r\n"),
    ("endless head", 431, GET + H + b"X-A: a\r\n" * 2500),
    ("many headers", 431, GET + H + b"X: a\r\n" * 100 + b"\r\n"),
    ("many parameters", 400, b"GET /?" + b"a&" * 256 + b" HTTP/1.1\r\n" + H + b"\r\n"),
    ("long body, told before it is sent", 413, POST + b"Content-Length: 1048577\r\n\r\n"),
    ("long body, sent at once", 413, POST + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2000000),
    ("long chunked body", 413,
     POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 17 + b"0\r\n\r\n"),
    ("foreign Host", 403, GET + b"Host: evil.example\r\n\r\n"),
    ("foreign Host with our port", 403, GET + b"Host: evil.example:8000\r\n\r\n"),
    ("Host that begins like ours", 403, GET + b"Host: localhost.evil.example\r\n\r\n"),
    ("foreign Host in the target", 403, b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    ("write from a foreign origin", 403, POST + b"Origin: http://evil.example\r\nContent-Length: 2\r\n\r\nhi"),
    ("write from another port", 403, POST + b"Origin: http://localhost:3000\r\nContent-Length: 2\r\n\r\nhi"),
    ("write from no origin", 403, POST + b"Origin: null\r\nContent-Length: 2\r\n\r\nhi"),
    ("write across sites", 403, b"DELETE / HTTP/1.1\r\n" + H + b"Sec-Fetch-Site: cross-site\r\n\r\n"),
]


@pytest.mark.parametrize("status,data", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses_and_closes(server, status, data):
    with server.connect() as client:
        # What follows would be the smuggled request, but an endless target or head would swallow it.
        is_endless = status in (414, 431) and b"\r\n\r\n" not in data
        client.sendall(data if is_endless else data + b"GET /smuggled HTTP/1.1\r\n" + H + b"\r\n")
        got, headers, body, rest = read_reply(client)
        assert got == status, body
        assert headers["connection"] == "close"
        assert headers["content-type"] == "application/json"
        assert isinstance(json.loads(body)["detail"], str)
        assert rest == b"" and is_closed(client)


ACCEPTED = [
    ("plain", b"GET /a HTTP/1.1\r\n" + H + b"\r\n", "/a", ""),
    ("Host with port", b"GET /a HTTP/1.1\r\nHost: LocalHost:99\r\n\r\n", "/a", ""),
    ("Host 127.0.0.1", b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:99\r\n\r\n", "/a", ""),
    ("Host [::1]", b"GET /a HTTP/1.1\r\nHost: [::1]:99\r\n\r\n", "/a", ""),
    ("listed Host", b"GET /a HTTP/1.1\r\nHost: belfry.example\r\n\r\n", "/a", ""),
    ("absolute target", b"GET http://localhost/a HTTP/1.1\r\n" + H + b"\r\n", "/a", ""),
    ("HTTP/1.0 without Host", b"GET /a HTTP/1.0\r\n\r\n", "/a", ""),
    ("empty line first", b"\r\nGET /a HTTP/1.1\r\n" + H + b"\r\n", "/a", ""),
    ("blanks around a value", b"GET /a HTTP/1.1\r\nHost:\t localhost \t\r\n\r\n", "/a", ""),
    ("escapes", b"GET /a%20%C3%A4 HTTP/1.1\r\n" + H + b"\r\n", "/a ä", ""),
    ("body", POST + b"Content-Length: 2\r\n\r\nhi", "/", "hi"),
    ("Content-Length 0", POST + b"Content-Length: 0\r\n\r\n", "/", ""),
    ("body with GET", GET + H + b"Content-Length: 2\r\n\r\nhi", "/", "hi"),
    ("chunked", POST + b"Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhi\r\n003\r\n!!!\r\n0\r\nX: y\r\n\r\n", "/", "hi!!!"),
    ("write from our origin", POST + b"Origin: http://localhost\r\nContent-Length: 2\r\n\r\nhi", "/", "hi"),
    ("write from a listed origin", POST + b"Origin: https://belfry.example\r\nContent-Length: 2\r\n\r\nhi", "/", "hi"),
    ("read from a foreign origin", b"GET /a HTTP/1.1\r\n" + H + b"Origin: http://evil.example\r\n\r\n", "/a", ""),
]


@pytest.mark.parametrize("pieces", [1, 7, 10000])
@pytest.mark.parametrize("data,path,text", [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_serves(server, data, path, text, pieces):
    status, headers, body, rest = ask(server, data, pieces)
    told = json.loads(body)
    assert (status, told["path"], told["body"], rest) == (200, path, text, b"")
    assert told["peer"] == "127.0.0.1"
    assert headers["server"] == "belfry" and headers["date"].endswith(" GMT")


@pytest.mark.parametrize("path", ["/%00", "/%", "/%zz", "/%ff"])
def test_path_refuses_wrong_escapes(server, path):
    body = ask(server, f"GET {path} HTTP/1.1\r\n".encode() + H + b"\r\n")[2]
    assert json.loads(body)["path"] is None


def test_query(server):
    body = ask(server, b"GET /?a=1+2&b=%2B%26&a=3&c HTTP/1.1\r\n" + H + b"\r\n")[2]
    assert json.loads(body)["query"] == ["a", "1 2", "b", "+&", "a", "3", "c", ""]


def test_post_then_pipelined_get_stay_in_step(server):
    with server.connect() as client:
        client.sendall((POST + b"Content-Length: 5\r\n\r\nhelloGET /second HTTP/1.1\r\n" + H + b"\r\n") * 50)
        rest = b""
        for _ in range(50):
            status, _, body, rest = read_reply(client, rest)
            assert (status, json.loads(body)["body"]) == (200, "hello")
            status, _, body, rest = read_reply(client, rest)
            assert (status, json.loads(body)["path"]) == (200, "/second")


def test_pipeline_with_later_and_large_replies_keeps_order(server):
    with server.connect() as client:
        paths = [b"/later", b"/small", b"/large", b"/later", b"/small"]
        client.sendall(b"".join(b"GET " + path + b" HTTP/1.1\r\n" + H + b"\r\n" for path in paths))
        rest, bodies = b"", []
        for _ in paths:
            _, _, body, rest = read_reply(client, rest)
            bodies.append(body)
        assert bodies == [b"later", b'{"ok":true}', b"x" * (1 << 20), b"later", b'{"ok":true}']


def test_head_has_length_but_no_body(server):
    with server.connect() as client:
        client.sendall(b"HEAD /large HTTP/1.1\r\n" + H + b"\r\nGET /small HTTP/1.1\r\n" + H + b"\r\n")
        status, headers, _, rest = read_reply(client, is_head=True)
        assert (status, headers["content-length"]) == (200, str(1 << 20))
        assert read_reply(client, rest)[2] == b'{"ok":true}'


def test_keep_alive_and_close(server):
    with server.connect() as client:
        for _ in range(3):
            client.sendall(b"GET /small HTTP/1.1\r\n" + H + b"\r\n")
            assert "connection" not in read_reply(client)[1]
        client.sendall(b"GET /small HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n")
        assert read_reply(client)[1]["connection"] == "close"
        assert is_closed(client)
    with server.connect() as client:
        client.sendall(b"GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert read_reply(client)[1]["connection"] == "keep-alive"
        client.sendall(b"GET /small HTTP/1.0\r\n\r\n")
        assert read_reply(client)[1]["connection"] == "close"
        assert is_closed(client)


def test_half_closed_client_is_answered(server):
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\n" + H + b"\r\n")
        client.shutdown(socket.SHUT_WR)
        assert len(read_reply(client)[2]) == 1 << 20
        assert is_closed(client)


def test_expect_continue(server):
    with server.connect() as client:
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n")
        status, _, _, rest = read_reply(client)
        assert (status, rest) == (100, b"")
        client.sendall(b"a" * 300000)
        status, _, body, _ = read_reply(client)
        assert (status, json.loads(body)["body_bytes"]) == (200, 300000)
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
        assert read_reply(client)[0] == 413


@pytest.mark.parametrize("size", [0, 1, 4000, 16000, 20000, 20480, 20481, 70000, 1048576])
def test_bodies_of_many_sizes(server, size):
    status, _, body, _ = ask(server, POST + f"Content-Length: {size}\r\n\r\n".encode() + b"a" * size)
    assert (status, json.loads(body)["body_bytes"]) == (200, size)
    chunks = b"".join(b"%x\r\n" % len(c) + c + b"\r\n" for c in [b"a" * min(7777, size - at) for at in range(0, size, 7777)])
    status, _, body, _ = ask(server, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert (status, json.loads(body)["body_bytes"]) == (200, size)


@pytest.mark.parametrize("first", [b"GET /", POST + b"Content-Length: 50\r\n\r\n"], ids=["head", "body"])
def test_dripping_client_gets_408(hasty_server, first):
    with hasty_server.connect() as client:
        client.sendall(first)
        started = time.monotonic()
        client.settimeout(0.05)
        status = None
        while status is None and time.monotonic() - started < LIMIT:
            try:
                client.sendall(b"a")
                status = read_reply(client)[0]
            except TimeoutError:
                pass
        assert status == 408
        assert 0.3 < time.monotonic() - started < LIMIT


def test_idle_connection_is_closed_quietly(hasty_server):
    with hasty_server.connect() as client:
        client.sendall(b"GET /small HTTP/1.1\r\n" + H + b"\r\n")
        read_reply(client)
        assert is_closed(client)


def test_too_many_from_one_address_is_told_so(small_server):
    clients = [small_server.connect() for _ in range(5)]
    for client in clients:
        client.sendall(b"GET /small HTTP/1.1\r\n" + H + b"\r\n")
        assert read_reply(client)[0] == 200
    with small_server.connect() as late:
        status, headers, body, _ = read_reply(late)
        assert (status, headers["retry-after"]) == (503, "1")
        assert "address" in json.loads(body)["detail"]
        assert is_closed(late)
    for client in clients:
        client.close()
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            if ask(small_server, b"GET /small HTTP/1.1\r\n" + H + b"\r\n")[0] == 200:
                return
        except ConnectionError:
            pass
    pytest.fail("the places of closed connections were not given back")


def test_idle_and_slow_clients_hurt_nobody(echo_binary):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = min(1500, hard - 200)
    server = Server(echo_binary, 4000, 4000)
    idle = [server.connect() for _ in range(crowd)]
    for client in idle[::2]:
        client.sendall(b"GET /slow")
    took = []
    for _ in range(200):
        started = time.monotonic()
        assert ask(server, b"GET /small HTTP/1.1\r\n" + H + b"\r\n")[0] == 200
        took.append(time.monotonic() - started)
    assert sorted(took)[100] < 0.5  # of most: the machine may be busy for a moment
    for client in idle:
        client.close()
    server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_clients_at_once(server):
    wrong = []

    def work():
        with server.connect() as client:
            for i in range(50):
                client.sendall(f"POST /{i} HTTP/1.1\r\n".encode() + H + b"Content-Length: 3\r\n\r\nabc")
                status, _, body, _ = read_reply(client)
                if (status, json.loads(body)["path"]) != (200, f"/{i}"):
                    wrong.append(body)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []


def test_port_in_use_is_explained(server, echo_binary):
    second = subprocess.run([str(echo_binary), "0", "0", str(server.port)], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {server.port}: Address already in use" in second.stderr
    assert "choose another port" in second.stderr


def test_running_out_of_descriptors_neither_spins_nor_lasts(echo_binary):
    server = Server(echo_binary, 4000, 4000, prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30)))
    crowd = [server.connect() for _ in range(60)]

    def used():
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    with pytest.raises(TimeoutError):
        crowd[-1].settimeout(0.4)
        crowd[-1].recv(1)
    assert used() - before < 0.2
    for client in crowd:
        client.close()
    assert ask(server, b"GET /small HTTP/1.1\r\n" + H + b"\r\n")[0] == 200
    server.stop()
