"""test_logs.py - what runs write: kept in files, asked for at once, followed as it comes, bounded."""
import json
import os
import threading
import time

import pytest

from test_commands import put, run


def log(server, run_id, **query):
    reply = server.get(f"/api/v1/runs/{run_id}/log", params=query)
    assert reply.status_code == 200, reply.text
    return reply


def start(server, name, **job):
    put(server, name, **job)
    return server.post(f"/api/v1/jobs/{name}/runs").json()["run_id"]


def wait_for(server, run_id, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended = server.get(f"/api/v1/runs/{run_id}").json()
        if ended["finished_at"]:
            return ended
        time.sleep(0.05)
    raise AssertionError(ended)


def lines(reply):
    return [json.loads(line) for line in reply.text.splitlines()]


def test_forms(server):
    one, two = server.home / "form one", server.home / "form two"
    os.mkfifo(one)
    os.mkfifo(two)
    run_id = start(server, "forms", command=f"echo one; read x < '{one}'; echo bad >&2; read x < '{two}'; printf 'no end'")
    for gate, told in ((one, "one\n"), (two, "one\nbad\n")):  # each has been read before the next is written
        end = time.monotonic() + 60
        while log(server, run_id).text != told and time.monotonic() < end:
            time.sleep(0.02)
        gate.write_text("on\n")
    wait_for(server, run_id)
    reply = log(server, run_id)
    assert reply.text == "one\nbad\nno end" and reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert log(server, run_id, stream="stdout").text == "one\nno end"
    assert log(server, run_id, stream="stderr", format="raw").text == "bad\n"
    assert log(server, run_id, tail=1).text == "bad\nno end"
    reply = log(server, run_id, timestamps=True, download=True)
    assert [line.split(" ", 1)[1] for line in reply.text.splitlines()] == ["one", "bad", "no end"]
    assert f'filename="{run_id}.1.log"' in reply.headers["content-disposition"]
    told = lines(log(server, run_id, format="ndjson"))
    assert [(line["stream"], line["text"], line.get("partial")) for line in told] == \
        [("stdout", "one", None), ("stderr", "bad", None), ("stdout", "no end", True)]
    assert told == sorted(told, key=lambda line: line["at"])
    assert log(server, run_id, offset=told[0]["offset"]).text == "bad\nno end"
    assert log(server, run_id, attempt=2).text == ""


def test_bytes(server):
    """Whatever a job writes comes back as it was."""
    put(server, "bytes", command=["python3", "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 500)"])
    run_id = run(server, "bytes")["run_id"]
    assert log(server, run_id, format="raw").content == bytes(range(256)) * 500


def test_nothing(server):
    put(server, "silent", command="true")
    run_id = run(server, "silent")["run_id"]
    assert log(server, run_id).text == ""
    assert server.get("/api/v1/runs/1/log").status_code == 404
    assert server.get(f"/api/v1/runs/{run_id}/log?format=html").status_code == 422


@pytest.mark.parametrize("form", ["text", "ndjson", "raw"])
def test_ranges(server, form):
    """Any part of what would be sent, cut at its bytes."""
    put(server, "ranges", command="seq 20000; printf end")  # more than is sent at once
    run_id = run(server, "ranges")["run_id"]
    whole = log(server, run_id, format=form)
    size, tag = len(whole.content), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes" and size > 100_000

    def part(value, **headers):
        return server.get(f"/api/v1/runs/{run_id}/log", params={"format": form}, headers={"Range": value, **headers})

    for value, first, end in [("bytes=0-0", 0, 1), ("bytes=10-99999", 10, 100_000), (f"bytes={size - 1}-", size - 1, size),
                              ("bytes=-7", size - 7, size), (f"bytes=40000-{size * 2}", 40000, size)]:
        reply = part(value)
        assert reply.status_code == 206 and reply.content == whole.content[first:end], value
        assert reply.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
        assert reply.headers["content-type"] == whole.headers["content-type"]
    reply = part(f"bytes={size}-")
    assert reply.status_code == 416 and reply.headers["content-range"] == f"bytes */{size}"
    assert reply.json()["code"] == "range_not_satisfiable", reply.text
    for value in ["bytes=0-1,5-9", "lines=1-2", "bytes=9-1"]:
        assert part(value).content == whole.content, value
    assert part("bytes=0-9", **{"If-Range": tag}).status_code == 206
    for other in ['"r1"', "Thu, 26 Nov 2026 02:30:00 GMT"]:
        assert part("bytes=0-9", **{"If-Range": other}).content == whole.content


def test_range_of_a_run_in_progress(server):
    """Asking on from where one was: what has come since."""
    gate = server.home / "gate"
    run_id = start(server, "grows", command=f"echo one; while [ ! -e {gate} ]; do sleep 0.05; done; echo two")
    end = time.monotonic() + 60
    while log(server, run_id).text != "one\n" and time.monotonic() < end:
        time.sleep(0.05)
    path = f"/api/v1/runs/{run_id}/log"
    assert server.get(path, headers={"Range": "bytes=4-"}).status_code == 416
    assert "etag" not in server.get(path).headers
    assert server.get(path, headers={"Range": "bytes=0-1", "If-Range": f'"{run_id}.1"'}).status_code == 200
    gate.touch()
    wait_for(server, run_id)
    reply = server.get(path, headers={"Range": "bytes=4-"})
    assert (reply.status_code, reply.text) == (206, "two\n")


def test_range_of_a_module(server):
    folder = server.folder("modpart", main=None)
    (folder / "main.c").write_text('#include <stdio.h>\nint call(void) { puts("from C"); return 0; }\n')
    put(server, "modpart", folder="modpart")
    path = f"/api/v1/runs/{run(server, 'modpart')['run_id']}/log"
    reply = server.get(path, headers={"Range": "bytes=-2"})
    assert (reply.status_code, reply.text, reply.headers["content-range"]) == (206, "C\n", "bytes 5-6/7")
    assert server.get(path, headers={"Range": "bytes=7-"}).status_code == 416


def test_module(server):
    """Output of C modules has no file: it is told from the run."""
    folder = server.folder("mod", main=None)
    (folder / "main.c").write_text('#include <stdio.h>\nint call(void) { puts("from C"); fputs("half", stderr); return 0; }\n')
    put(server, "mod", folder="mod")
    run_id = run(server, "mod")["run_id"]
    assert log(server, run_id).text == "from C\nhalf"


class Follower(threading.Thread):
    """Reads the events of a run's output, with the times at which they came."""

    def __init__(self, server, run_id, headers=None, **query):
        super().__init__()
        self.reply = server.session.get(f"{server.url}/api/v1/runs/{run_id}/log/stream", params=query, headers=headers or {},
                                        stream=True, timeout=60)
        self.events = []
        self.start()

    def run(self):
        event = {}
        for line in self.reply.iter_lines(chunk_size=1):
            if line:
                key, _, value = line.decode().partition(": ")
                event[key] = value
            elif "data" in event:
                self.events.append((event.get("event"), event.get("id"), json.loads(event["data"]), time.monotonic()))
                event = {}

    def texts(self):
        return [data["text"] for kind, _, data, _ in self.events if kind == "line" and "text" in data]


def test_follow(server):
    one, two = server.home / "one", server.home / "two"  # a second opening of the same might meet the first writer
    os.mkfifo(one)
    os.mkfifo(two)
    run_id = start(server, "follow", command=f"echo first; read x < {one}; echo second; read x < {two}; exit 3")
    follower = Follower(server, run_id)
    assert follower.reply.headers["content-type"].startswith("text/event-stream")
    end = time.monotonic() + 60
    while follower.texts() != ["first"] and time.monotonic() < end:
        time.sleep(0.02)
    assert follower.texts() == ["first"]  # told while it runs
    place = follower.events[0][1]
    one.write_text("on\n")
    while follower.texts() != ["first", "second"] and time.monotonic() < end:
        time.sleep(0.02)
    two.write_text("on\n")
    follower.join(60)
    assert not follower.is_alive() and follower.texts() == ["first", "second"]
    assert follower.events[-1][0] == "end" and follower.events[-1][2] == {"state": "failed"}
    again = Follower(server, run_id, headers={"Last-Event-ID": place})
    again.join(60)
    assert again.texts() == ["second"]
    last = Follower(server, run_id, tail=1)
    last.join(60)
    assert last.texts() == ["second"]


def test_flood(server):
    """1 GiB costs what is kept and no more: head and tail are there, and the run ends as it would."""
    size = int(os.environ.get("FLOOD_MB", "1024"))
    run_id = start(server, "flood", command=f"echo first; yes {'x' * 99} | head -c {size}M; echo last", log_max="1M")
    ended = wait_for(server, run_id, 300)
    assert ended["state"] == "succeeded" and ended["message"] == ""
    assert ended["stdout"]["total"] == size * 1024 * 1024 + 11
    file = next((server.home / "belfry.db.runs").glob(f"*/{run_id}.1.log"))
    assert file.stat().st_blocks * 512 < 2 << 20
    text = log(server, run_id).text
    assert text.startswith("first\nxxx") and text.endswith("last\n") and "bytes are left out" in text
    assert 500_000 < len(text) < 2 << 20
    keeper = int(next((server.home / "belfry.db.runs").glob("keeper.[0-9]*")).suffix[1:])
    peak = int(next(line for line in open(f"/proc/{keeper}/status") if line.startswith("VmHWM")).split()[1])
    if "asan" not in os.environ.get("BELFRY", "") and "tsan" not in os.environ.get("BELFRY", ""):
        assert peak < 64 << 10


def test_daemon_on_the_pipe(server):
    """What a job leaves behind on its pipes does not hold its run open, and does not write into its log for ever."""
    run_id = start(server, "daemon", command="(while :; do echo still here; sleep 0.01; done) & echo $!")
    ended = wait_for(server, run_id)  # though the daemon runs for ever
    pid = int(next(line for line in ended["stdout"]["head"].splitlines() if line.isdigit()))  # the daemon may be faster
    assert ended["state"] == "succeeded"
    try:
        size = len(log(server, run_id).text)
        time.sleep(0.3)
        assert len(log(server, run_id).text) == size
    finally:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass  # its pipe was closed


def test_many_followers(server):
    run_id = start(server, "many", command="for i in $(seq 200); do echo line $i; done; sleep 0.5")
    followers = [Follower(server, run_id) for _ in range(20)]
    for follower in followers:
        follower.join(60)
        assert follower.texts() == [f"line {i + 1}" for i in range(200)]


@pytest.mark.parametrize("path", ["log", "log/stream"])
def test_client_that_leaves(server, path):
    run_id = start(server, "leave", command="yes | head -c 3M")
    for _ in range(5):
        reply = server.session.get(f"{server.url}/api/v1/runs/{run_id}/{path}", stream=True, timeout=60)
        reply.raw.read(100)
        reply.close()
    wait_for(server, run_id)
    assert server.get("/livez").status_code == 200
