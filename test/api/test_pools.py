"""test_pools.py - room beside the job: the limit of all, pools, priority, rates; over restarts, in words, in metrics."""
import json
import subprocess
import time

import pytest

from conftest import BELFRY

MANUAL = {"type": "manual"}
WAIT = 120


def wait_until(condition, what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture
def server(belfry_factory, tmp_path):
    return belfry_factory(tmp_path)


@pytest.fixture
def one(belfry_factory, tmp_path):
    """A server that runs one attempt at once."""
    return belfry_factory(tmp_path, "--max-running", "1")


def job(server, name, status=(200, 201), **members):
    """A job that notes its start and runs until the file `go` is there."""
    folder = server.jobs / name
    folder.mkdir(parents=True, exist_ok=True)
    text = "#!/bin/sh\necho %s >> ../order\nwhile [ ! -e go ] && [ ! -e ../go ]; do sleep 0.05; done\n" % name
    (folder / "main").write_text(text)
    (folder / "main").chmod(0o755)
    reply = server.put(f"/api/v1/jobs/{name}", json={"trigger": MANUAL, **members})
    assert reply.status_code in status, reply.text
    return reply.json()


def let(server, name=None):
    (server.jobs / (name or ".") / "go").touch()


def order(server):
    note = server.jobs / "order"
    return note.read_text().split() if note.exists() else []


def ask(server, name, status=201):
    reply = server.post(f"/api/v1/jobs/{name}/runs", json={})
    assert reply.status_code == status, reply.text
    return reply.json()["run_id"] if status == 201 else reply.json()


def run(server, run_id):
    return server.get(f"/api/v1/runs/{run_id}").json()


def ends(server, *run_ids):
    for run_id in run_ids:
        wait_until(lambda: run(server, run_id)["state"] == "succeeded", f"the end of {run(server, run_id)}")


def pool(server, name, status=(200, 201), **definition):
    reply = server.put(f"/api/v1/pools/{name}", json=definition)
    assert reply.status_code in status, reply.text
    return reply.json()


def test_limit_and_priority(one):
    """One attempt at once: what waits is queued with its reason, and starts by priority, then as it came."""
    job(one, "first")
    runs = [ask(one, "first")]
    wait_until(lambda: order(one) == ["first"], "the first")
    for name, priority in (("low", -5), ("mid", 0), ("mid2", 0), ("high", 50)):
        assert job(one, name, priority=priority)["priority"] == priority
        runs.append(ask(one, name))
    queued = one.get("/api/v1/runs?state=queued").json()["runs"]
    assert sorted(r["job_id"] for r in queued) == ["high", "low", "mid", "mid2"]
    for row in queued:
        assert row["reason"] == "limit" and row["started_at"] is None
        assert "--max-running 1" in row["reason_text"] and "by first" in row["reason_text"]
    why = one.get("/api/v1/jobs/mid/why", params={"at": run(one, runs[2])["scheduled_at"]}).json()
    assert "--max-running 1), by first; 4 runs wait that need it" in why["answers"][0]["sentence"]
    metrics = one.get("/metrics").text
    assert "\nbelfry_runs_queued 4\n" in metrics and "\nbelfry_running_limit 1\n" in metrics
    let(one)
    ends(one, *runs)
    assert order(one) == ["first", "high", "mid", "mid2", "low"]
    # Without a change nothing is reset, and null gives the preset.
    assert one.patch("/api/v1/jobs/high", json={"description": "x"}).json()["priority"] == 50
    assert one.patch("/api/v1/jobs/high", json={"priority": None}).json()["priority"] == 0


def test_pool(server):
    """Two places: the third run waits, is told who has them, and a job of another pool does not wait."""
    made = pool(server, "db", status=(201,), slots=2, description="connections")
    assert (made["slots"], made["used"], made["waiting"], made["version"]) == (2, 0, 0, 1)
    pool(server, "net", slots=1)
    for name, pools in (("a", "db"), ("b", ["db"]), ("c", {"db": 1}), ("d", "net"), ("e", {"db": 2, "net": 1})):
        told = job(server, name, pools=pools)["pools"]
        assert told == ({"db": 2, "net": 1} if name == "e" else {"net" if name == "d" else "db": 1})
    runs = [ask(server, "a")]
    wait_until(lambda: order(server) == ["a"], "a")
    runs += [ask(server, name) for name in "bcd"]
    wait_until(lambda: sorted(order(server)) == ["a", "b", "d"], "a, b and d")
    waits = run(server, runs[2])
    assert (waits["state"], waits["reason"]) == ("queued", "pool")
    assert waits["reason_text"] == "all 2 places of the pool db are taken, by b and a" or \
        waits["reason_text"] == "all 2 places of the pool db are taken, by a and b"
    shown = server.get("/api/v1/pools/db").json()
    assert (shown["used"], shown["waiting"]) == (2, 1)
    assert sorted(h["job_id"] for h in shown["held_by"]) == ["a", "b"] and all(h["since"] for h in shown["held_by"])
    assert sorted(shown["used_by"]) == ["a", "b", "c", "e"]
    metrics = server.get("/metrics").text
    for line in ('belfry_pool_slots{pool="db"} 2', 'belfry_pool_used{pool="db"} 2', 'belfry_pool_waiting{pool="db"} 1'):
        assert f"\n{line}\n" in metrics
    # All or nothing: e needs all of db and net, takes neither meanwhile, and does not stop c.
    runs.append(ask(server, "e"))
    let(server, "d")
    ends(server, runs[3])
    assert server.get("/api/v1/pools/net").json()["used"] == 0
    let(server, "a")
    wait_until(lambda: "c" in order(server), "c")
    let(server)
    ends(server, *runs)
    assert order(server)[-1] == "e"
    assert server.get("/api/v1/pools/db").json()["used"] == 0


def test_pool_changes(server):
    """Fewer slots end nothing; 0 closes it; more let those in that wait; one that is used is not removed."""
    pool(server, "db", slots=2)
    for name in "abc":
        job(server, name, pools="db")
    runs = [ask(server, name) for name in "abc"]
    wait_until(lambda: len(order(server)) == 2, "two")
    assert pool(server, "db", slots=0)["used"] == 2
    waits = run(server, runs[2])
    assert waits["reason_text"] == "the pool db is closed: it has no slots"
    let(server, "a")
    let(server, "b")
    ends(server, *runs[:2])
    assert run(server, runs[2])["state"] == "queued"
    pool(server, "db", slots=1)
    let(server, "c")
    ends(server, runs[2])
    reply = server.delete("/api/v1/pools/db")
    assert reply.status_code == 409 and "used by 3 jobs" in reply.text
    for name in "abc":
        assert server.patch(f"/api/v1/jobs/{name}", json={"pools": None}).json()["pools"] == {}
    assert server.delete("/api/v1/pools/db").status_code == 204
    assert server.get("/api/v1/pools/db").status_code == 404
    assert server.delete("/api/v1/pools/db").status_code == 404


def test_pool_revisions(server):
    made = server.put("/api/v1/pools/db", json={"slots": 2}, headers={"If-None-Match": "*"})
    assert made.status_code == 201 and made.headers["ETag"] == '"r1"'
    assert server.put("/api/v1/pools/db", json={"slots": 3}, headers={"If-None-Match": "*"}).status_code == 412
    assert server.put("/api/v1/pools/db", json={"slots": 3}, headers={"If-Match": '"r1"'}).json()["version"] == 2
    assert server.put("/api/v1/pools/db", json={"slots": 4}, headers={"If-Match": '"r1"'}).status_code == 412
    assert server.delete("/api/v1/pools/db", headers={"If-Match": '"r1"'}).status_code == 412
    assert [p["slots"] for p in server.get("/api/v1/pools").json()["pools"]] == [3]


@pytest.mark.parametrize("body, field, words", [
    ({}, "slots", "slots, a rate, or both"),
    ({"slots": -1}, "slots", "greater than or equal to 0"),
    ({"slots": 100001}, "slots", "less than or equal to 100000"),
    ({"slots": "x"}, "slots", "integer"),
    ({"rate": "10"}, "rate", "is no rate"),
    ({"rate": "10/m burst 0"}, "rate", "is no rate"),
    ({"slots": 1, "size": 2}, "size", "not permitted"),
])
def test_bad_pools(server, body, field, words):
    reply = server.put("/api/v1/pools/db", json=body)
    assert reply.status_code == 422, reply.text
    detail = reply.json()["detail"][0]
    assert detail["loc"] == ["body", field] and words in detail["msg"], detail
    assert server.get("/api/v1/pools").json() == {"total": 0, "pools": []}


@pytest.mark.parametrize("body, loc, words", [
    ({"pools": "nowhere"}, ["body", "pools"], 'there is no pool "nowhere"'),
    ({"pools": {"db": 0}}, ["body", "pools", "db"], "1 to 100000"),
    ({"pools": 7}, ["body", "pools"], "the name of one"),
    ({"priority": 101}, ["body", "priority"], "less than or equal to 100"),
    ({"rate": "often"}, ["body", "rate"], "is no rate"),
])
def test_bad_jobs(server, body, loc, words):
    pool(server, "db", slots=1)
    told = job(server, "x", status=(422,), **body)["detail"][0]
    assert told["loc"] == loc and words in told["msg"], told
    assert server.get("/api/v1/jobs/x").status_code == 404


def test_rate(server):
    """Two at once, then one in so long; the rest wait, say why, and a restart does not forget what has started."""
    told = job(server, "x", rate="2/h burst 2", max_instances=10)
    assert told["rate"] == "2/h burst 2"
    let(server)
    runs = [ask(server, "x") for _ in range(3)]
    ends(server, *runs[:2])
    waits = run(server, runs[2])
    assert (waits["state"], waits["reason"]) == ("queued", "rate")
    assert waits["reason_text"].startswith("the rate 2/h burst 2 lets the next one start in 29m")
    server.kill()
    server.start()
    fourth = ask(server, "x")
    assert run(server, fourth)["reason"] == "rate"
    assert run(server, runs[2])["state"] == "queued"
    assert len(order(server)) == 2
    # Another rate begins anew.
    assert server.patch("/api/v1/jobs/x", json={"rate": "1000/s"}).json()["rate"] == "1000/s"
    ends(server, runs[2], fourth)
    assert server.patch("/api/v1/jobs/x", json={"rate": None}).json()["rate"] is None


def test_rate_of_a_pool(server):
    """A pool with a rate only: its jobs share it, also over an orderly restart."""
    assert pool(server, "api", rate="1/h")["slots"] is None
    job(server, "x", pools="api")
    job(server, "y", pools="api")
    let(server)
    first = ask(server, "x")
    ends(server, first)
    second = ask(server, "y")
    assert run(server, second)["reason_text"].startswith("the rate of the pool api 1/h lets the next one start in 59m")
    server.stop()
    server.start()
    wait_until(lambda: run(server, second)["reason"] == "rate", "the run that waits")
    assert run(server, second)["state"] == "queued"
    pool(server, "api", slots=5)
    ends(server, second)


def test_over_a_kill(one):
    """What runs goes on and keeps its place; what waited waits again, in its order."""
    job(one, "first")
    first = ask(one, "first")
    wait_until(lambda: order(one) == ["first"], "the first")
    job(one, "low", priority=-1)
    job(one, "high", priority=1)
    waiting = [ask(one, "low"), ask(one, "high")]
    one.kill()
    one.start()
    wait_until(lambda: run(one, first)["state"] == "running", "the first to be taken over")
    assert [run(one, r)["state"] for r in waiting] == ["queued", "queued"]
    wait_until(lambda: run(one, waiting[0])["reason"] == "limit", "the reason")
    let(one)
    ends(one, first, *waiting)
    assert order(one) == ["first", "high", "low"]


def test_cancel_and_delete(one):
    job(one, "first")
    first = ask(one, "first")
    job(one, "x")
    job(one, "y")
    x, y = ask(one, "x"), ask(one, "y")
    assert ask(one, "x", status=409)["detail"]  # its place is taken, by the run that waits
    assert one.post(f"/api/v1/runs/{x}/cancel").status_code == 202
    wait_until(lambda: run(one, x)["state"] == "cancelled", "x to be cancelled")
    assert one.delete("/api/v1/jobs/y").status_code in (200, 204)
    wait_until(lambda: run(one, y)["state"] == "cancelled", "y to be cancelled")
    let(one)
    ends(one, first)
    assert order(one) == ["first"]


def test_defaults_of_the_instance_are_told(server):
    """What a job does not say shows its preset; the document knows the members."""
    told = job(server, "x")
    assert (told["priority"], told["pools"], told["rate"]) == (0, {}, None)
    document = server.get("/openapi.json").json()
    assert {"get", "put", "delete"} <= set(document["paths"]["/api/v1/pools/{name}"])
    assert "rate" in document["components"]["schemas"]["JobPut"]["properties"]


def test_many_wait(server):
    """A thousand runs for one place: each is let in, in order, and nothing is looked through for it."""
    pool(server, "db", slots=0)
    reply = server.put("/api/v1/jobs/x", json={"trigger": MANUAL, "command": ["true"], "pools": "db", "max_instances": 300})
    assert reply.status_code == 201, reply.text
    runs = [ask(server, "x") for _ in range(200)]
    pool(server, "db", slots=1)
    wait_until(lambda: server.get("/api/v1/pools/db").json()["waiting"] == 0, "all of them to start")
    ends(server, *runs)
    starts = [run(server, r)["started_at"] for r in runs]
    assert starts == sorted(starts)


def cli(server, *words):
    return subprocess.run([BELFRY, "pool", *words, "--server", server.url], capture_output=True, text=True, timeout=60)


def test_from_the_command_line(server):
    """Made, changed in part, looked at, refused and removed."""
    assert "belfry pool set" in cli(server).stderr
    assert cli(server, "set", "db", "slots=1", "description=of the reporting database").stdout == "added db: slots 1\n"
    assert cli(server, "set", "web", "rate=100/h burst 20").stdout == "added web: slots any, rate 100/h burst 20\n"
    for name in ("one", "two"):
        job(server, name, pools=["db"])
    runs = [ask(server, name) for name in ("one", "two")]
    wait_until(lambda: run(server, runs[1])["reason"] == "pool", "the one that waits")
    table = [line.split() for line in cli(server).stdout.splitlines()]
    assert table[0] == ["NAME", "SLOTS", "USED", "WAITING", "RATE", "DESCRIPTION"]
    assert table[1][:4] == ["db", "1", "1", "1"] and table[2][:4] == ["web", "any", "0", "0"]
    told = cli(server, "show", "db").stdout
    assert "1, 1 taken, 1 waiting" in told and f"one, run {runs[0]} since" in told and told.splitlines()[-1].split()[:2] == ["used", "by"]
    assert cli(server, "set", "db", "slots=2").stdout == "changed db: slots 2\n"
    wait_until(lambda: json.loads(cli(server, "show", "db", "-o", "json").stdout)["used"] == 2, "room for the other")
    assert json.loads(cli(server, "show", "db", "-o", "json").stdout)["description"] == "of the reporting database"
    used = cli(server, "rm", "db", "-y")
    assert used.returncode == 5 and "one, two" in used.stderr
    assert cli(server, "rm", "web", "-y").stdout == "removed web\n" and cli(server, "-o", "name").stdout == "db\n"
    for words, status in ((["show", "web"], 3), (["set", "db", "slots=x"], 7), (["set", "db", "slots=null"], 7), (["set", "db"], 2),
                          (["show"], 2), (["dance"], 2), (["rm", "db"], 2)):
        assert cli(server, *words).returncode == status, words
    let(server)
    ends(server, *runs)
