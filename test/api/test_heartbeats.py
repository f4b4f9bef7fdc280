"""Jobs that run elsewhere and ping."""
import time

from test_why import why

CRON_NEVER_SOON = {"type": "cron", "expr": "0 3 1 1 *"}


def put(server, name, trigger, heartbeat="5m", **more):
    reply = server.put(f"/api/v1/jobs/{name}", json={"heartbeat": heartbeat, "trigger": trigger, **more})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def runs(server, name):
    return server.get(f"/api/v1/jobs/{name}/runs").json()["runs"]


def full(server, run):
    return server.get(f"/api/v1/runs/{run['run_id']}").json()


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def ok(reply):
    assert (reply.status_code, reply.text) == (200, "OK"), reply.text
    assert reply.headers["content-type"].startswith("text/plain")


def test_the_job_and_its_key(server):
    job = put(server, "night", CRON_NEVER_SOON)
    key = job["heartbeat"]["key"]
    assert len(key) == 32 and job["heartbeat"] == {"key": key, "path": f"/ping/{key}", "grace": "5m"}
    assert job["kind"] == "heartbeat" and job["misfire_grace"] == "5m"
    # What a reply shows can be put again; the key stays, also when the schedule changes.
    assert put(server, "night", CRON_NEVER_SOON, job["heartbeat"])["heartbeat"]["key"] == key
    reply = server.patch("/api/v1/jobs/night", json={"heartbeat": "10m"})
    assert reply.json()["heartbeat"] == {"key": key, "path": f"/ping/{key}", "grace": "10m"}
    assert put(server, "other", CRON_NEVER_SOON)["heartbeat"]["key"] != key
    for bad in ("soon", 0, {"grace": "x"}, {"key": "short"}, [1]):
        assert server.put("/api/v1/jobs/bad", json={"heartbeat": bad, "trigger": CRON_NEVER_SOON}).status_code == 422, bad
    reply = server.put("/api/v1/jobs/bad", json={"heartbeat": "5m", "folder": "x", "trigger": CRON_NEVER_SOON})
    assert reply.status_code == 422
    assert server.post("/api/v1/jobs/night/runs").status_code == 422


def test_each_ping_is_a_row(server):
    path = put(server, "job", CRON_NEVER_SOON)["heartbeat"]["path"]
    ok(server.get(path))
    ok(server.post(path, data="all of it is backed up"))
    assert server.ask("HEAD", path).status_code == 200
    ok(server.post(path + "/fail", data="no space left"))
    ok(server.get(path + "/0"))
    ok(server.post(path + "/3", data="x" * 200000))
    rows = runs(server, "job")[::-1]
    assert [row["state"] for row in rows] == ["succeeded"] * 3 + ["failed", "succeeded", "failed"]
    assert {row["origin"] for row in rows} == {"ping"}
    assert full(server, rows[1])["stdout"]["head"] == "all of it is backed up"
    assert full(server, rows[3])["stdout"]["head"] == "no space left"
    assert rows[5]["exit_code"] == 3
    assert full(server, rows[5])["stdout"]["total"] == 100 * 1024
    for what in ("/256", "/-1", "/stop", "/start/x"):
        assert server.get(path + what).status_code == 404
    assert server.get("/ping/" + "0" * 32).status_code == 404


def test_a_start_and_an_end_are_one_run(server):
    path = put(server, "job", CRON_NEVER_SOON)["heartbeat"]["path"]
    ok(server.get(path + "/start"))
    assert server.get("/api/v1/jobs/job").json()["running"] == 1
    [row] = runs(server, "job")
    assert row["state"] == "running"
    ok(server.post(path + "/log", data="half\n"))
    time.sleep(0.3)
    ok(server.post(path, data="whole\n"))
    [row] = runs(server, "job")
    assert row["state"] == "succeeded" and row["duration_ms"] >= 300
    assert full(server, row)["stdout"]["head"] == "half\nwhole\n"
    # Two at once, told apart.
    ok(server.get(path + "/start", params={"rid": "a"}))
    ok(server.get(path + "/start", params={"rid": "b"}))
    ok(server.get(path + "/fail", params={"rid": "a"}))
    ok(server.get(path, params={"rid": "b"}))
    assert [row["state"] for row in runs(server, "job")[:2]] == ["succeeded", "failed"]
    assert server.get("/api/v1/jobs/job").json()["running"] == 0


def test_a_ping_that_does_not_come(server):
    put(server, "silent", {"type": "interval", "seconds": 2}, heartbeat="1s")
    row = wait_for(lambda: next((r for r in runs(server, "silent") if r["state"] == "skipped"), None))
    assert row["reason"] == "no_ping" and row["origin"] != "ping"
    [answer] = why(server, "silent", row["scheduled_at"])
    assert "no ping came in time" in answer["sentence"], answer


def test_a_ping_takes_its_slot(server):
    job = put(server, "kept", {"type": "interval", "seconds": 4}, heartbeat="3s")
    slot = job["next_run_at"]
    wait_for(lambda: server.get("/api/v1/status").json()["time"] >= slot)
    ok(server.get(job["heartbeat"]["path"]))
    row = next(r for r in runs(server, "kept") if r["origin"] == "ping")
    if row["scheduled_at"] == slot:  # on a busy machine the time for it may have been over
        [answer] = why(server, "kept", slot)
        assert answer["rule"] == "ran" and answer["outcome"] == "succeeded"
        time.sleep(4)
        assert [r["state"] for r in runs(server, "kept") if r["scheduled_at"] == slot] == ["succeeded"]


def test_after_the_last_ping(server):
    job = put(server, "since", {"type": "after", "delay": "2s"}, heartbeat="2s")
    ok(server.get(job["heartbeat"]["path"]))
    rows = wait_for(lambda: len(runs(server, "since")) > 1 and runs(server, "since"))
    assert rows[-1]["state"] == "succeeded" and rows[-2]["reason"] == "no_ping"


def test_hammering(server):
    path = put(server, "loud", CRON_NEVER_SOON)["heartbeat"]["path"]
    answers = [server.get(path).status_code for _ in range(200)]
    assert answers[0] == 200 and 429 in answers and set(answers) == {200, 429}


def test_restarts(own_server):
    server = own_server.start()
    path = put(server, "job", CRON_NEVER_SOON, heartbeat="1h")["heartbeat"]["path"]
    ok(server.get(path + "/start", params={"rid": "x"}))
    server.kill()
    server.start()
    wait_for(lambda: runs(server, "job")[0]["state"] == "running")  # elsewhere: nothing of it was lost
    ok(server.get(path, params={"rid": "x"}))
    [row] = runs(server, "job")
    assert row["state"] == "succeeded"
    # An end that is not told in time.
    server.patch("/api/v1/jobs/job", json={"timeout": "1s"})
    ok(server.get(path + "/start"))
    assert server.stop() == 0
    server.start()
    row = wait_for(lambda: next((r for r in runs(server, "job") if r["state"] == "timed_out"), None))
    assert row["reason"] == "no_ping" and "not told in time" in row["message"]
