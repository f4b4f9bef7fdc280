"""GET /api/v1/events: what happens, as it happens; where a follower goes on; slow ones, many of them, and the end."""
import json
import resource
import select
import socket
import subprocess
import time

import pytest

from conftest import BELFRY
from test_cli import cli, environment, job

SECONDS = 60


class Follower:
    """A client of the stream: its events, one after the other."""

    def __init__(self, server, query="", headers=None):
        host, port = server.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        lines = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
        self.socket.sendall(f"GET /api/v1/events{query} HTTP/1.1\r\nhost: {host}:{port}\r\n{lines}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(": ")
            self.headers[name] = value
        self.ended = False

    def piece(self):
        """The next chunk's text; None at the end."""
        size = int(self.file.readline() or b"0", 16)
        text = self.file.read(size).decode()
        self.file.readline()
        self.ended = size == 0
        return None if self.ended else text

    def events(self):
        while (piece := self.piece()) is not None:
            fields = dict(line.split(": ", 1) for line in piece.splitlines() if line)
            if "data" in fields:
                data = json.loads(fields["data"])
                assert fields["event"] == data["type"] and (data["type"] == "reset" or int(fields["id"]) == data["seq"])
                yield {**data, "id": int(fields["id"])}

    def until(self, type, **members):
        """Events up to the first of that type with these members."""
        seen = []
        for event in self.events():
            seen.append(event)
            if event["type"] == type and all(event.get(k) == v for k, v in members.items()):
                return seen
        raise AssertionError(f"the stream ended: {seen}")

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def follow(server):
    made = []

    def make(query="", **more):
        made.append(Follower(server, query, **more))
        return made[-1]

    yield make
    for follower in made:
        follower.close()


def test_a_run_from_beginning_to_end(server, follow):
    server.folder("f")
    stream = follow()
    assert stream.status == 200 and stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-cache" and stream.headers["x-accel-buffering"] == "no"
    assert stream.piece() == "retry: 3000\n\n"
    job(server, "one")
    run_id = server.post("/api/v1/jobs/one/runs").json()["run_id"]
    seen = stream.until("run.finished", job_id="one")
    assert [e["type"] for e in seen] == ["job.created", "run.started", "run.finished"]
    assert seen[1]["run_id"] == seen[2]["run_id"] == run_id and seen[2]["state"] == "succeeded" and seen[2]["exit_code"] == 0
    assert [e["id"] for e in seen] == list(range(seen[0]["id"], seen[0]["id"] + 3))
    server.post("/api/v1/jobs/one/pause")
    server.post("/api/v1/jobs/one/resume")
    server.delete("/api/v1/jobs/one")
    assert [e["type"] for e in stream.until("job.deleted")] == ["job.paused", "job.resumed", "job.deleted"]


def test_topics_and_jobs(server, follow):
    server.folder("f")
    runs, one, bad = follow("?topics=runs"), follow("?topics=jobs,runs&job_id=one"), follow("?topics=runs,jbos")
    assert bad.status == 422 and follow("?job_id=a%20b").status == 422 and follow("?after=x").status == 422
    for name in ("two", "one"):
        job(server, name)
        server.post(f"/api/v1/jobs/{name}/runs")
    assert {e["type"] for e in runs.until("run.finished", job_id="one")} == {"run.started", "run.finished"}
    assert {e["job_id"] for e in one.until("run.finished")} == {"one"}


def test_going_on_behind_the_last_event(server, follow):
    server.folder("f")
    first = follow()
    job(server, "one")
    created = first.until("job.created")[-1]["id"]
    first.close()
    server.post("/api/v1/jobs/one/pause")
    server.post("/api/v1/jobs/one/resume")
    # Runs of the tests before may end meanwhile.
    for query, headers in (("", {"Last-Event-ID": created}), (f"&after={created}", None), ("&after=7", {"last-event-id": created})):
        seen = follow("?topics=jobs" + query, headers=headers).until("job.resumed")
        assert [e["type"] for e in seen] == ["job.paused", "job.resumed"] and seen[0]["id"] > created


@pytest.mark.parametrize("place", ["7", "9999999999999999", "-3"])
def test_a_place_that_is_not_known(server, follow, place):
    stream = follow(headers={"Last-Event-ID": place})
    reset = next(stream.events())
    assert reset["type"] == "reset" and "present state" in reset["message"]
    server.folder("f")
    job(server, "one")
    assert next(stream.events())["id"] == reset["id"] + 1


def test_a_place_before_a_restart(own_server):
    own_server.start()
    own_server.folder("f")
    job(own_server, "one")
    before = Follower(own_server, "?after=1")
    last = next(before.events())["id"]
    own_server.stop()
    before.close()
    own_server.start()
    after = Follower(own_server, headers={"Last-Event-ID": last})
    assert next(after.events())["type"] == "reset"
    after.close()


def test_an_orderly_stop_ends_streams(own_server):
    own_server.start()
    streams = [Follower(own_server) for _ in range(5)]
    assert own_server.stop() == 0
    for stream in streams:
        while stream.piece() is not None:
            pass
        assert stream.ended and stream.file.read() == b""
        stream.close()


def test_kill_breaks_streams(own_server):
    own_server.start()
    stream = Follower(own_server)
    stream.piece()
    own_server.kill()
    assert stream.file.read() == b""  # no last chunk: the client knows that it was no end
    stream.close()


def test_five_hundred_and_no_more(belfry_factory, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    server = belfry_factory(tmp_path)
    server.folder("f")
    streams = []
    try:
        for _ in range(501):
            streams.append(Follower(server))
        assert [s.status for s in streams[:500]] == [200] * 500
        assert streams[500].status == 503 and streams[500].headers["retry-after"]
        assert server.get("/livez").status_code == 200
        job(server, "one")
        for stream in streams[:500]:
            assert stream.until("job.created")
        # A place that is given back can be taken again.
        streams[0].close()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            again = Follower(server)
            again.close()
            if again.status == 200:
                break
        assert again.status == 200
    finally:
        for stream in streams:
            stream.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_that_reads_nothing_holds_nobody_up(server, follow):
    server.folder("f")
    slow, quick = follow(), follow()
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    job(server, "one")
    for _ in range(200):
        server.post("/api/v1/jobs/one/pause")
        server.post("/api/v1/jobs/one/resume")
    server.post("/api/v1/jobs/one/runs")
    seen = quick.until("run.finished")
    assert len([e for e in seen if e["type"] == "job.paused"]) == 200
    assert [e["id"] for e in slow.until("run.finished")] == [e["id"] for e in seen]  # nor is anything lost


def test_clients_come_and_go(server):
    server.folder("f")
    job(server, "one")
    for i in range(100):
        stream = Follower(server)
        if i % 2:
            stream.piece()
        server.post("/api/v1/jobs/one/" + ("pause" if i % 3 else "resume"))
        stream.close()
    assert server.get("/livez").status_code == 200


# ---- the command ----

def test_belfry_events(server):
    server.folder("f")
    first = Follower(server)
    job(server, "one")
    created = first.until("job.created")[-1]["id"]
    first.close()
    server.post("/api/v1/jobs/one/pause")
    said = cli(server, "events", "--after", str(created - 1), "-n", "2")
    lines = said.splitlines()
    assert lines[0].split()[1:] == ["job.created", "one"] and lines[1].split()[1:] == ["job.paused", "one"]
    data = json.loads(cli(server, "events", "--after", str(created - 1), "-n", "1", "-o", "ndjson"))
    assert data["type"] == "job.created" and data["seq"] == created
    assert "Topics are" in cli(server, "events", "-t", "jbos", status=7).err


def test_belfry_events_when_the_server_ends(own_server):
    own_server.start()
    process = subprocess.Popen([BELFRY, "events"], env=environment(own_server), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    own_server.folder("f")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not select_line(process, own_server):
        pass
    assert own_server.stop() == 0
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 6 and "has ended the stream" in err


def select_line(process, server):
    """Makes an event and looks whether the command has printed one."""
    job(server, "one")
    return select.select([process.stdout], [], [], 0.2)[0]
