"""test_bad_input.py - what strangers send: each a clear refusal that names what and where."""
import os
import socket
from urllib.parse import quote

import pytest

JOBS = "/api/v1/jobs"


def complaint(reply, type_, *loc):
    assert reply.status_code == 422, reply.text
    found = [(d["type"], d["loc"]) for d in reply.json()["detail"]]
    assert (type_, list(loc)) in found, found


@pytest.mark.parametrize("body, type_, loc", [
    (b"", "missing", ["body"]),
    (b"{", "json_invalid", None),
    (b"[]", "model_attributes_type", ["body"]),
    (b'"text"', "model_attributes_type", ["body"]),
    (b"{}", "missing", ["body", "job_id"]),
    (b'{"job_id":5}', "string_type", ["body", "job_id"]),
    (b'{"job_id":null}', "string_type", ["body", "job_id"]),
    (b'{"job_id":"x","from_file":"perhaps"}', "bool_parsing", ["body", "from_file"]),
    (b'{"job_id":"x","from_file":[]}', "bool_type", ["body", "from_file"]),
    (b'{"job_id":"x","type":"hourly"}', "enum", ["body", "type"]),
    (b'{"job_id":"x","from_file":false,"type":"interval","args":{"seconds":"soon"}}', "int_parsing", ["body", "args", "seconds"]),
    (b'{"job_id":"x","from_file":false,"type":"interval","args":{"seconds":1.5}}', "int_from_float", ["body", "args", "seconds"]),
    (b'{"job_id":"x","from_file":false,"type":"interval","args":{"seconds":-1}}', "greater_than_equal", ["body", "args", "seconds"]),
    (b'{"job_id":"x","args":"text"}', "dict_type", ["body", "args"]),
    (b'{"job_id":"x","job_id":"y"}', "json_invalid", None),
    (b'{"job_id":"\xff"}', "json_invalid", None),
    (b'{"job_id":"\\u0000"}', "json_invalid", None),
    (b"[" * 100000, "json_invalid", None),
    (b'{"a":' * 1000, "json_invalid", None),
    (b'{"job_id":"x","max_instances":0}', "greater_than_equal", ["body", "max_instances"]),
    (b'{"job_id":"x","trigger":{"expr":"* * * * *"},"unknown":1}', "extra_forbidden", ["body", "unknown"]),
])
def test_bodies(server, body, type_, loc):
    server.folder("x")
    reply = server.post(JOBS, data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422, reply.text
    details = reply.json()["detail"]
    assert type_ in [d["type"] for d in details], details
    if loc:
        assert loc in [d["loc"] for d in details]
    for item in details:
        assert set(item) - {"ctx"} == {"type", "loc", "msg", "input"}


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "/etc", "a/b", "a\\b", "-x", "_x", "x y", "x\n", "x\u0000", "ü", "x" * 129,
                                  "%2e%2e", "x;y", "x*"])
def test_path_tricks_in_job_id(server, name):
    (server.jobs.parent / ".schedule").write_text("interval\nseconds=5\n")
    reply = server.post(JOBS, json={"job_id": name})
    assert reply.status_code == 422, reply.text
    if name.strip(".") and "/" not in name:  # clients themselves resolve "." and ".."
        for method in "GET", "DELETE":
            reply = server.ask(method, f"{JOBS}/{quote(name, safe='')}")
            assert reply.status_code in (400, 404, 422), (method, name)
    assert server.get(JOBS).json()["total"] == 0


def test_encoded_slashes_stay_in_the_name(server):
    for name in "..%2fx", "..%2Fx", "%2e%2e%2fx", "a%2fruns":
        reply = server.ask("DELETE", f"{JOBS}/{name}")
        complaint(reply, "string_pattern_mismatch", "path", "job_id")
    complaint(server.get(JOBS + "/%ff"), "string_unicode", "path", "job_id")


def test_folder_member_cannot_leave_the_directory(server):
    complaint(server.post(JOBS, json={"job_id": "x", "folder": "../x"}), "string_pattern_mismatch", "body", "folder")
    reply = server.put(JOBS + "/x", json={"folder": "../x", "trigger": {"expr": "* * * * *"}})
    complaint(reply, "string_pattern_mismatch", "body", "folder")


@pytest.mark.parametrize("trigger, status", [
    ({"type": "cron", "year": "2001"}, 400),
    ({"type": "cron", "month": "2", "day": "31"}, 400),
    ({"type": "cron", "hour": "25"}, 422),
    ({"type": "cron", "huor": "5"}, 422),
    ({"type": "cron", "timezone": "Mars/Olympus", "hour": "5"}, 422),
    ({"type": "cron", "timezone": "../../etc/passwd", "hour": "5"}, 422),
    ({"type": "interval"}, 422),
    ({"type": "interval", "seconds": -5}, 422),
    ({"type": "interval", "seconds": 1e300}, 422),
    ({"type": "interval", "seconds": []}, 422),
    ({"type": "date"}, 422),
    ({"type": "date", "run_date": "yesterday"}, 422),
    ({"type": "moon"}, 422),
    ({"expr": "61 * * * *"}, 422),
    ({"expr": ""}, 422),
    ({}, 422),
])
def test_impossible_triggers(server, trigger, status):
    server.folder("x")
    reply = server.put(JOBS + "/x", json={"trigger": trigger})
    if reply.status_code in (200, 201):  # what the trigger layer accepts it also fires
        assert reply.json()["next_run"] != "None"
        assert trigger == {"type": "interval"}
        return
    assert reply.status_code in (400, 422) and reply.status_code == status, reply.text
    if status == 422:
        assert reply.json()["detail"][0]["loc"][:2] == ["body", "trigger"]
    else:
        assert reply.json()["code"] == "schedule_invalid"


def test_missing_things_in_folders(server):
    server.folder("noentry", "cron\n", main=None)
    reply = server.post(JOBS, json={"job_id": "noentry"})
    assert reply.status_code == 400 and "main" in reply.json()["hint"]
    (server.jobs / "file").write_text("not a folder")
    assert server.post(JOBS, json={"job_id": "file"}).text == '{"detail":"Job folder not found."}'
    server.folder("fifo")
    os.mkfifo(server.jobs / "fifo" / ".schedule")
    assert server.post(JOBS, json={"job_id": "fifo"}, timeout=60).status_code in (400, 404)
    server.folder("big", b"cron\n" + b"# x\n" * 30000)
    reply = server.post(JOBS, json={"job_id": "big"})
    assert reply.status_code == 400 and "larger" in reply.json()["hint"]
    server.folder("dir")
    (server.jobs / "dir" / ".schedule").mkdir()
    assert server.post(JOBS, json={"job_id": "dir"}).text == '{"detail":"Schedule file not found"}'


def test_huge_body(server):
    reply = server.post(JOBS, data=b'{"job_id":"' + b"x" * (2 << 20) + b'"}', headers={"Content-Type": "application/json"})
    assert reply.status_code == 413


def test_large_but_allowed_body(server):
    reply = server.post(JOBS, json={"job_id": "x" * 900000})
    assert reply.status_code == 422 and len(reply.content) < 10000


def test_many_complaints_are_bounded(server):
    reply = server.put(JOBS + "/x", json={f"k{i}": "v" * 100 for i in range(5000)})
    assert reply.status_code == 422 and len(reply.json()["detail"]) <= 32


def test_content_type(server):
    server.folder("x", "cron\n")
    reply = server.post(JOBS, data=b'{"job_id":"x"}', headers={"Content-Type": "text/plain"})
    complaint(reply, "model_attributes_type", "body")
    for type_ in "application/json; charset=utf-8", "application/vnd.api+json", "":
        reply = server.post(JOBS, data=b'{"job_id":"x"}', headers={"Content-Type": type_})
        assert reply.status_code == 200, reply.text
        server.clear()


def test_problem_json_on_request(server):
    reply = server.get("/absent", headers={"Accept": "application/problem+json"})
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body["detail"] == "Not Found" and body["status"] == 404 and body["type"] == "/problems/not-found" and body["request_id"]
    reply = server.post(JOBS, json={}, headers={"Accept": "application/problem+json"})
    assert isinstance(reply.json()["detail"], str) and reply.json()["errors"][0]["type"] == "missing"


def test_foreign_origin_may_not_write(server):
    server.folder("x", "cron\n")
    reply = server.post(JOBS, json={"job_id": "x"}, headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403
    assert server.get(JOBS, headers={"Host": "evil.example"}).status_code in (400, 403, 421)
    assert server.get(JOBS).json()["total"] == 0


def test_half_a_request(server):
    host, port = server.url.removeprefix("http://").split(":")
    for text in b"GET", b"GET / HTTP/1.1\r\n", b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{":
        with socket.create_connection((host, int(port)), timeout=60) as s:
            s.sendall(text)
    assert server.get("/livez").status_code == 200
