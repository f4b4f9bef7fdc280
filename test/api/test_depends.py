"""Jobs that follow others: started by the end of a run, with what is known of it."""
import json
import signal
import time

import pytest

from test_weather import wait_until


def put(server, name, **body):
    reply = server.put(f"/api/v1/jobs/{name}", json=body)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def command(script):
    return {"command": ["sh", "-c", script]}


def run(server, name):
    reply = server.post(f"/api/v1/jobs/{name}/runs")
    assert reply.status_code == 201, reply.text
    return reply.json()["run_id"]


def runs(server, name):
    return server.get(f"/api/v1/jobs/{name}/runs?limit=100").json()["runs"]


def ended(server, name, count):
    def look():
        found = [one for one in runs(server, name) if one["finished_at"]]
        return found if len(found) >= count else None
    return wait_until(look, what=f"{count} runs of {name}")


MANUAL = {"type": "manual"}


def test_the_end_of_a_run_starts_what_follows_it(server):
    put(server, "dep-extract", trigger=MANUAL, **command('echo "{\\"result\\":{\\"rows\\":7}}" >&3'))
    made = put(server, "dep-load", depends_on="dep-extract", **command("env | grep ^BELFRY_PARENT_ | sort"))
    assert made["words"] == "after dep-extract has succeeded" and made["state"] == "manual"
    assert made["depends_on"] == [{"job": "dep-extract", "on": "success"}]
    parent = run(server, "dep-extract")
    child = ended(server, "dep-load", 1)[0]
    assert (child["origin"], child["state"], child["parent_run_id"]) == ("dependency", "succeeded", parent)
    assert child["cause"]["job"] == "dep-extract" and child["cause"]["result"] == {"rows": 7}
    out = server.get(f"/api/v1/runs/{child['run_id']}").json()["stdout"]["head"].splitlines()
    slot = server.get(f"/api/v1/runs/{parent}").json()["slot"]
    assert out[:2] == ["BELFRY_PARENT_JOB=dep-extract", 'BELFRY_PARENT_RESULT={"rows":7}']
    assert out[2] == f"BELFRY_PARENT_RUN_ID={parent}" and out[4] == "BELFRY_PARENT_STATE=succeeded"
    assert out[3].startswith(f"BELFRY_PARENT_SLOT={slot[:19]}")
    why = server.get("/api/v1/jobs/dep-load/why", params={"at": child["scheduled_at"]}).json()
    assert f"because run {parent} of dep-extract succeeded" in json.dumps(why)


@pytest.mark.parametrize("on, script, begins", [
    ("success", "exit 0", True), ("success", "exit 3", False),
    ("failure", "exit 0", False), ("failure", "exit 3", True),
    ("always", "exit 0", True), ("always", "exit 3", True),
])
def test_which_end_counts(server, on, script, begins):
    put(server, "dep-a", trigger=MANUAL, **command(script))
    put(server, "dep-b", depends_on=[{"job": "dep-a", "on": on}], **command("true"))
    put(server, "dep-c", depends_on=[{"job": "dep-a", "on": "always"}], **command("true"))
    before = len(runs(server, "dep-b"))
    count = len(runs(server, "dep-c"))
    run(server, "dep-a")
    ended(server, "dep-c", count + 1)
    assert len(runs(server, "dep-b")) == before + begins


def test_several_parents_have_all_to_end(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path)
    put(server, "a", trigger=MANUAL, **command("true"))
    put(server, "b", trigger=MANUAL, **command("true"))
    put(server, "c", depends_on=["a", "b"], **command("true"))
    run(server, "a")
    ended(server, "a", 1)
    run(server, "a")
    ended(server, "a", 2)
    server.kill()  # what has been met is kept
    server.start()
    assert runs(server, "c") == []
    last = run(server, "b")
    assert ended(server, "c", 1)[0]["parent_run_id"] == last
    run(server, "b")
    ended(server, "b", 2)
    server.kill()
    server.start()
    run(server, "b")
    ended(server, "b", 3)
    assert len(runs(server, "c")) == 1
    run(server, "a")
    ended(server, "c", 2)
    server.stop()


def test_circles_and_strangers_are_refused(server):
    put(server, "dep-x", trigger=MANUAL, **command("true"))
    put(server, "dep-y", depends_on=["dep-x"], **command("true"))
    put(server, "dep-z", depends_on=["dep-y"], **command("true"))
    for body, said in [({"depends_on": ["dep-z"]}, "dep-x follows dep-z, which follows dep-y, which follows dep-x"),
                       ({"depends_on": "dep-x"}, "dep-x follows dep-x"),
                       ({"depends_on": ["nobody"]}, 'there is no job \\"nobody\\" to follow'),
                       ({"depends_on": [{"job": "dep-z", "on": "perhaps"}]}, "'success', 'failure' or 'always'"),
                       ({"depends_on": ["dep-y", "dep-y"]}, "named twice"),
                       ({"depends_on": 7}, "a list of jobs")]:
        reply = server.patch("/api/v1/jobs/dep-x", json=body)
        assert reply.status_code == 422 and said in reply.text, (body, reply.text)
    reply = server.delete("/api/v1/jobs/dep-y")
    assert reply.status_code == 409 and "depends on it" in reply.json()["detail"]
    put(server, "dep-z", depends_on=[], trigger=MANUAL, **command("true"))
    assert server.delete("/api/v1/jobs/dep-y").status_code == 200
    warned = put(server, "dep-z", depends_on=["dep-x"], **command("true"))
    assert "runs only when asked to" in warned["warnings"][0]


def test_a_pause_and_the_overlap_rule_hold_what_follows(server):
    put(server, "dep-p", trigger=MANUAL, **command("true"))
    put(server, "dep-q", depends_on=["dep-p"], **command("sleep 30"))
    server.post("/api/v1/jobs/dep-q/pause", json={"reason": "not now"})
    first = run(server, "dep-p")
    held = ended(server, "dep-q", 1)[0]
    assert (held["state"], held["reason"], held["parent_run_id"]) == ("skipped", "paused", first)
    assert "not now" in held["message"]
    server.post("/api/v1/jobs/dep-q/resume")
    run(server, "dep-p")
    going = wait_until(lambda: [one for one in runs(server, "dep-q") if one["state"] == "running"], what="a run")
    second = run(server, "dep-p")
    skipped = ended(server, "dep-q", 2)[0]
    assert (skipped["state"], skipped["reason"], skipped["parent_run_id"]) == ("skipped", "overlap", second)
    server.post(f"/api/v1/runs/{going[0]['run_id']}/cancel")
    ended(server, "dep-q", 3)


def test_killed_at_any_moment_each_end_starts_one(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path)
    put(server, "tick", trigger={"type": "interval", "seconds": 1}, **command("true"))
    put(server, "tock", depends_on=[{"job": "tick", "on": "always"}], max_instances=100, overlap="allow", **command("true"))
    for wait in (0.9, 1.02, 1.1, 0.97):
        time.sleep(wait)
        server.kill()
        server.start()
    put(server, "tick", trigger=MANUAL, **command("true"))

    def settled():
        parents = [one for one in runs(server, "tick") if one["state"] != "skipped"]
        children = runs(server, "tock")
        all_ended = all(one["finished_at"] for one in parents + children)
        return (parents, children) if all_ended and len(parents) == len(children) else None
    parents, children = wait_until(settled, what="each end to have its run")
    assert sorted(one["run_id"] for one in parents) == sorted(one["parent_run_id"] for one in children)
    assert len(parents) > 2
    server.stop()


def test_a_ping_and_a_request_are_ends_too(server, tmp_path):
    made = put(server, "dep-beat", heartbeat="1h", trigger={"type": "interval", "hours": 1})
    put(server, "dep-after", depends_on=["dep-beat"], **command("true"))
    server.get(made["heartbeat"]["path"])
    child = ended(server, "dep-after", 1)[0]
    assert (child["cause"]["job"], child["cause"]["state"]) == ("dep-beat", "succeeded")
