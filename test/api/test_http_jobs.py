"""test_http_jobs.py - jobs that are HTTP requests, against a small server."""
import datetime
import http.server
import threading
import time
import urllib.parse

import pytest

from test_commands import MANUAL, put, run


def server_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []
    busy = 0

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        Handler.seen.append((self.command, self.path, dict(self.headers.items()), body))
        kind, _, rest = self.path[1:].partition("/")
        if kind == "slow":
            time.sleep(3)
        status = int(rest) if kind == "status" else 302 if kind == "redirect" else 200
        text = b"x" * 3_000_000 if kind == "large" else b"all is done"
        if kind == "busy":
            Handler.busy += 1
            status = [503, 429, 404][Handler.busy - 1] if Handler.busy < 4 else 200
        self.send_response(status)
        if kind == "busy":
            self.send_header("retry-after", urllib.parse.unquote(rest))
        if kind == "redirect":
            self.send_header("location", "/status/204" if rest == "once" else self.path)
        self.send_header("content-length", str(0 if status == 204 else len(text)))
        self.end_headers()
        if status != 204 and self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path, http, state, message", [
    ("/", {}, "succeeded", ""),
    ("/status/399", {}, "succeeded", ""),
    ("/status/404", {}, "failed", "status 404 is not expected"),
    ("/status/404", {"expect_status": ["200-299", 404]}, "succeeded", ""),
    ("/", {"expect_status": [204]}, "failed", "status 200 is not expected"),
    ("/", {"expect_body": "is done"}, "succeeded", ""),
    ("/", {"expect_body": "is not"}, "failed", 'the response does not contain "is not"'),
    ("/redirect/once", {}, "succeeded", ""),
    ("/redirect/once", {"follow_redirects": True, "expect_status": [204]}, "succeeded", ""),
    ("/redirect/ever", {"follow_redirects": True}, "failed", "Maximum (10) redirects followed"),
    ("/large", {}, "succeeded", ""),
])
def test_answers(server, site, path, http, state, message):
    job = put(server, "h", http={"url": site + path, **http})
    assert job["kind"] == "http" and job["target"] == site + path
    ended = run(server, "h")
    assert (ended["state"], ended["message"]) == (state, message), ended
    assert ended["stdout"]["head"].startswith("HTTP/1.1 ") and ended["result"]["status"] >= 200
    if path == "/large":
        assert ended["stdout"]["total"] > 3_000_000


def test_what_is_sent(server, site):
    Handler.seen.clear()
    put(server, "sent", http={"url": site + "/a?b=c", "headers": {"X-Mine": "yes"}, "body": '{"n":1}'})
    ended = run(server, "sent")
    put(server, "sent", http={"url": site + "/", "method": "HEAD"})
    run(server, "sent")
    (method, path, headers, body), (head, *_) = Handler.seen
    assert (method, path, body, head) == ("POST", "/a?b=c", b'{"n":1}', "HEAD")
    assert headers["Idempotency-Key"] == str(ended["run_id"]) and headers["X-Mine"] == "yes"
    assert headers["Belfry-Job-Id"] == "sent" and headers["User-Agent"].startswith("belfry/")


def test_limits_and_cancel(server, site):
    put(server, "slow", http={"url": site + "/slow/"}, timeout="200ms")
    ended = run(server, "slow")
    assert (ended["state"], ended["message"]) == ("timed_out", "took longer than its limit of 0.2 s")
    put(server, "gone", http={"url": "http://127.0.0.1:1/"})
    ended = run(server, "gone")
    assert ended["state"] == "failed" and "connect" in ended["message"].lower() and ended["result"] is None


@pytest.mark.parametrize("http, where, words", [
    ({"url": "ftp://x/"}, "url", "a url is http://HOST"),
    ({"url": "http:///x"}, "url", "a url is http://HOST"),
    ({"url": "http://a b/"}, "url", "a url is http://HOST"),
    ({}, "url", "Field required"),
    ({"url": "http://x", "method": "get"}, "method", "String should match"),
    ({"url": "http://x", "headers": {"a b": "c"}}, "headers", "a header is a name"),
    ({"url": "http://x", "headers": {"a": "c\r\nd: e"}}, "headers", "a header is a name"),
    ({"url": "http://x", "expect_status": [99]}, "expect_status", "a status is from 100"),
    ({"url": "http://x", "expect_status": ["300-200"]}, "expect_status", "a status is from 100"),
    ({"url": "http://x", "ca_file": "x.pem"}, "ca_file", "absolute path"),
    ({"url": "http://x", "urll": 1}, "urll", "Extra inputs"),
])
def test_what_is_refused(server, http, where, words):
    reply = server.put("/api/v1/jobs/bad", json={"trigger": MANUAL, "http": http})
    assert reply.status_code == 422, reply.text
    detail = reply.json()["detail"][0]
    assert detail["loc"][-1] == where and words in detail["msg"]


def test_no_process(server):
    reply = server.put("/api/v1/jobs/bad", json={"trigger": MANUAL, "http": {"url": "http://x"}, "env": {"A": "1"}})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["body", "env"]


@pytest.mark.parametrize("retry_after", ["30", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_statuses_that_are_tried_again(server, site, retry_after):
    Handler.busy = 0
    retries = {"max": 9, "backoff": "fixed", "delay": "10ms", "max_delay": "300ms",
               "on": {"http_status": "429,500-599"}}
    put(server, "busy", retries=retries, http={"url": f"{site}/busy/{retry_after}".replace(" ", "%20")})
    ended = run(server, "busy")
    assert (ended["state"], ended["attempt"]) == ("failed", 3), ended
    assert ended["message"].startswith("status 404 is not expected; the server asks to wait ")
    first, second = ended["attempts"][:2]
    assert first["message"].startswith("status 503") and second["message"].startswith("status 429")
    # both pauses are as long as the job allows, though the plain wait is 10 ms
    assert server_time(ended["finished_at"]) - server_time(first["finished_at"]) >= 0.6


def test_no_response_is_tried_again(server, site):
    retries = {"max": 1, "backoff": "fixed", "delay": "10ms", "on": {"http_status": "503"}}
    put(server, "nobody", retries=retries, http={"url": "http://127.0.0.1:9/"})
    assert run(server, "nobody")["attempt"] == 2
