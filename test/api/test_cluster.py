"""test_cluster.py - two and three belfry on one PostgreSQL: who runs what, edits, drains, restarts, and acts that are handed on."""
import threading
import time

import pytest

from cluster import SLACK, needs_postgresql, nodes, wait_until  # noqa: F401
from ledger import SUCCEEDED

pytestmark = needs_postgresql
MANUAL = {"type": "manual"}
EVERY_SECOND = {"type": "interval", "seconds": 1, "start_date": "2024-01-01T00:00:00Z"}
SEEN = 1  # seconds until an edit is known everywhere


@pytest.fixture(autouse=True)
def without_haste(nodes):  # noqa: F811
    """Nobody dies here, so nobody must be buried soon: not a node either that a busy machine holds up."""
    nodes.lease = 20


def run_id(reply):
    assert reply.status_code == 201, reply.text
    return reply.json()["run_id"]


def state(nodes, node, run):
    return nodes[node].get(f"/api/v1/runs/{run}").json()["state"]


def other(name):
    return {"a": "b", "b": "a"}[name]


def test_three_share(nodes):
    """Each has some of the jobs, and each job has one; every node tells the same of all."""
    nodes.start("a", "b", "c")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    before = len(nodes.starts())
    nodes.goes_on(jobs)
    assert nodes.ran_on() == {"a", "b", "c"}
    for job in jobs:
        assert len(nodes.ran_on(job, before)) == 1, f"{job} has run on {nodes.ran_on(job, before)}"
    lists = [nodes[name].get("/api/v1/jobs").json()["jobs"] for name in "abc"]
    assert [sorted(job["job_id"] for job in listed) for listed in lists] == [sorted(jobs)] * 3
    nodes.audit(jobs)


def test_edits_are_seen(nodes):
    """What is written on one node is known on the other within a second, and its owner acts by it."""
    nodes.start("a", "b")

    def seen(node, look, what):
        began = time.monotonic()
        wait_until(look, SEEN + SLACK, f"{what} on {node}")
        return time.monotonic() - began

    def get(node, name):
        reply = nodes[node].get("/api/v1/jobs/" + name)
        return reply.json() if reply.status_code == 200 else None
    for i in range(6):
        name, here = f"e{i}", "ab"[i % 2]
        nodes.put(here, name, EVERY_SECOND)
        seen(other(here), lambda: get(other(here), name), "a new job")
    nodes.goes_on([f"e{i}" for i in range(6)])
    for i in range(6):
        name, here = f"e{i}", "ba"[i % 2]
        assert nodes[here].post(f"/api/v1/jobs/{name}/pause").status_code == 200
        seen(other(here), lambda: get(other(here), name)["paused"], "a pause")
    before = nodes.calm()  # what was claimed before has been carried out
    time.sleep(1.5)
    assert len(nodes.starts()) == before, "paused jobs have started"
    for i in range(6):
        assert nodes["ab"[i % 2]].post(f"/api/v1/jobs/e{i}/resume").status_code == 200
    nodes.goes_on([f"e{i}" for i in range(6)])
    for i in range(6):
        name, here = f"e{i}", "ba"[i % 2]
        assert nodes[here].delete("/api/v1/jobs/" + name).status_code == 200
        seen(other(here), lambda: get(other(here), name) is None, "a removal")
    nodes.audit({})


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_rolling_restart(nodes, how):
    """Node by node: nothing is lost, runs that take long go on with their keepers and are told how they ended."""
    leave = {"BELFRY_ON_STOP": None}
    for name in "ab":
        nodes.make(name, "--stop-grace", "0s", environment=leave)
    nodes.begin("a", "b")
    nodes.program("long", f"while [ ! -e {nodes.home}/go ]; do sleep 0.1; done; exit 7")
    jobs = nodes.put_fifty()
    long = []
    for i in range(4):
        nodes.put("a", f"long{i}", MANUAL, folder="long")
        long.append(run_id(nodes["a"].post(f"/api/v1/jobs/long{i}/runs")))
    wait_until(lambda: len([s for s in nodes.starts() if s[0].startswith("long")]) == 4, what="the long ones")
    nodes.goes_on(jobs)
    for name in "ab":
        if how == "stop":
            assert nodes[name].stop() == 0
        else:
            nodes[name].kill()
        nodes[name].start()
        nodes.settled("a", "b")
        nodes.goes_on(jobs)
        assert [state(nodes, "a", run) for run in long] == ["running"] * 4
    (nodes.home / "go").touch()
    for run in long:
        wait_until(lambda: state(nodes, "b", run) == "failed", what=f"the end of {run}")
        assert nodes["a"].get(f"/api/v1/runs/{run}").json()["exit_code"] == 7
    # What runs while they are stopped for good would go on and be told by nobody.
    assert nodes["a"].post("/api/v1/scheduler/pause").status_code == 200
    nodes.calm()
    wait_until(lambda: all(row["state"] >= SUCCEEDED for row in nodes.rows()), what="the end of all runs")
    nodes.audit(jobs, lost=0 if how == "stop" else 50)


def test_drain(nodes):
    """A drained node starts nothing; what it runs ends there; drained no longer, it has its share again."""
    nodes.start("a", "b")
    nodes.program("long", f"while [ ! -e {nodes.home}/go ]; do sleep 0.1; done")
    jobs = nodes.put_fifty()
    names = [f"long{i}" for i in range(6)]
    for name in names:
        nodes.put("a", name, MANUAL, folder="long")
    runs = {name: run_id(nodes["a"].post(f"/api/v1/jobs/{name}/runs")) for name in names}
    wait_until(lambda: len([s for s in nodes.starts() if s[0] in names]) == 6, what="the long ones")
    nodes.goes_on(jobs)
    assert nodes["a"].post("/api/v1/nodes/b/drain").status_code == 200
    assert nodes["a"].post("/api/v1/nodes/b/drain").status_code == 200
    wait_until(lambda: {n["name"]: n["state"] for n in nodes["a"].get("/api/v1/nodes").json()["nodes"]} ==
               {"a": "active", "b": "draining"}, what="the state")
    nodes.goes_on(jobs, on=["a"])
    before = len(nodes.starts())
    nodes.goes_on(jobs)
    assert nodes.ran_on(after=before) == {"a"}
    assert [state(nodes, "a", run) for run in runs.values()] == ["running"] * 6
    (nodes.home / "go").touch()
    for run in runs.values():
        wait_until(lambda: state(nodes, "a", run) == "succeeded", what=f"the end of {run}")
    assert nodes["a"].post("/api/v1/nodes/b/undrain").status_code == 200
    wait_until(lambda: "b" in nodes.ran_on(after=before), what="a start on b")
    assert nodes["a"].post("/api/v1/nodes/x/drain").status_code == 404
    nodes.audit(jobs)


def test_selectors(nodes):
    """A job runs where it may: by name, by tag; where nobody may, each slot is told as skipped."""
    nodes.make("a", "--node-tags", "gpu,north")
    nodes.make("b", "--node-tags", "south")
    nodes.begin("a", "b")
    jobs = {"name": (["b"], {"b"}), "tag": (["gpu"], {"a"}), "both": (["north", "gpu"], {"a"}), "either": (["gpu", "south"], {"a", "b"}), "nobody": (["west"], set())}
    for name, (words, _) in jobs.items():
        nodes.put("b" if name == "tag" else "a", name, EVERY_SECOND, nodes=words)
    wait_until(lambda: nodes["a"].get("/api/v1/jobs/nobody/runs").json()["runs"], what="a slot of nobody")
    run = nodes["b"].get("/api/v1/jobs/nobody/runs").json()["runs"][0]
    assert (run["state"], run["reason"]) == ("skipped", "no_node")
    nodes.goes_on([name for name, (_, on) in jobs.items() if on])
    for name, (_, on) in jobs.items():
        assert nodes.ran_on(name) <= on
    nodes.put("a", "name", EVERY_SECOND, nodes=["a"])
    nodes.goes_on(["name"], on=["a"])
    before = len(nodes.starts())
    nodes.goes_on(["name"])
    assert nodes.ran_on("name", before) == {"a"}
    nodes.audit({name: 1 for name in jobs})


def test_chain_and_pool(nodes):
    """What is linked is at one node: a chain goes on once an end, a pool of one is never two, wherever the jobs were made."""
    nodes.start("a", "b")
    assert nodes["a"].put("/api/v1/pools/one", json={"slots": 1}).status_code in (200, 201)
    nodes.program("alone", "set -C", f"echo > {nodes.home}/held || echo overlap >> {nodes.home}/overlaps", "sleep 0.1", f"rm -f {nodes.home}/held")
    alone = [f"alone{i}" for i in range(4)]
    for i, name in enumerate(alone):
        wait_until(lambda: nodes["ab"[i % 2]].get("/api/v1/pools/one").status_code == 200, what="the pool")
        nodes.put("ab"[i % 2], name, EVERY_SECOND, folder="alone", pools=["one"])
    nodes.put("a", "first", EVERY_SECOND)
    for i, name in enumerate(["second", "third", "fourth"]):
        parent = ["first", "second", "third"][i]
        wait_until(lambda: nodes["ba"[i % 2]].get(f"/api/v1/jobs/{parent}").status_code == 200, what=parent)
        reply = nodes["ba"[i % 2]].put(f"/api/v1/jobs/{name}", json={"folder": "note", "depends_on": parent})
        assert reply.status_code in (200, 201), reply.text
    nodes.goes_on(["fourth", *alone])
    before = len(nodes.starts())
    nodes.goes_on(["fourth", *alone])
    assert len({node for name in alone for node in nodes.ran_on(name, before)}) == 1
    assert len({node for name in ("first", "second", "third", "fourth") for node in nodes.ran_on(name, before)}) == 1
    assert not (nodes.home / "overlaps").exists()
    for name in ("first", *alone):  # no more slots, and what waits may run
        assert nodes["a"].patch(f"/api/v1/jobs/{name}", json={"trigger": MANUAL}).status_code == 200
    wait_until(lambda: all(row["state"] >= 10 for row in nodes.rows()), what="the last of those that wait")
    nodes.audit({})


def test_acts_are_handed_on(nodes):
    """Whichever node is asked: a run now, its log as it comes, a cancel, a retry, why."""
    nodes.start("a", "b")
    nodes.program("talk", "echo hello", "exec sleep 60")
    for i in range(8):
        nodes.put("a", f"t{i}", MANUAL, folder="talk")
    wait_until(lambda: nodes["b"].get("/api/v1/jobs/t7").status_code == 200, what="the jobs on b")
    runs = {f"t{i}": run_id(nodes["ab"[i % 2]].post(f"/api/v1/jobs/t{i}/runs")) for i in range(8)}
    wait_until(lambda: len(nodes.starts()) == 8, what="the starts")
    assert nodes.ran_on() == {"a", "b"}
    for i, (job, run) in enumerate(runs.items()):
        away = other(nodes.owner(job))
        wait_until(lambda: state(nodes, away, run) == "running", what="the run")
        wait_until(lambda: "hello" in nodes[away].get(f"/api/v1/runs/{run}/log").text, what="its output on the other node")
        assert nodes[away].get(f"/api/v1/jobs/{job}/why").status_code == 200
        told = []
        follow = threading.Thread(target=lambda: told.append(nodes[away].get(f"/api/v1/runs/{run}/log?follow=true").text))
        if i < 2:
            follow.start()
        assert nodes[away].post(f"/api/v1/runs/{run}/cancel").status_code in (200, 202)
        wait_until(lambda: state(nodes, away, run) == "cancelled", what="the cancellation")
        if i < 2:
            follow.join(60)
            assert not follow.is_alive() and "hello" in told[0]
    nodes["b"].stop()
    nodes.settled("a", gone=["b"])
    again = run_id(nodes["a"].post("/api/v1/jobs/t0/runs"))
    wait_until(lambda: state(nodes, "a", again) == "running", what="a run at the one that is left")
    assert nodes["a"].post(f"/api/v1/runs/{again}/cancel").status_code in (200, 202)
    wait_until(lambda: state(nodes, "a", again) == "cancelled", what="the cancellation")
    nodes.audit({})
