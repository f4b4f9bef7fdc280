"""Lists: pages of jobs and of runs, some states only, more of each job."""
import pytest

from test_cli import EXIT_PY, job


@pytest.fixture
def twelve(server):
    server.folder("f", main=EXIT_PY)
    for i in range(12):
        job(server, f"j{i:02}", {"type": "interval", "hours": 1 + i % 3} if i % 4 else {"type": "manual"}, paused=i % 5 == 4, args=[str(i % 2)])
    return server


def pages(server, query):
    """The items of all pages."""
    cursor, items, count = "", [], 0
    while cursor is not None:
        reply = server.get(f"/api/v1/jobs?{query}&cursor={cursor}").json()
        items += reply["jobs"]
        cursor = reply["next_cursor"]
        count += 1
        assert count < 30
    return items, count, reply["total"]


def test_bare_list_is_as_ever(twelve):
    reply = twelve.get("/api/v1/jobs").json()
    assert list(reply) == ["total", "jobs"] and reply["total"] == 12 == len(reply["jobs"])
    assert "words" not in reply["jobs"][0]
    assert twelve.get("/api/v1/jobs?unknown=1").json() == reply


@pytest.mark.parametrize("limit, count", [(1, 12), (5, 3), (6, 2), (12, 1), (100000, 1)])
def test_pages_are_the_list(twelve, limit, count):
    items, found, total = pages(twelve, f"limit={limit}")
    assert items == twelve.get("/api/v1/jobs").json()["jobs"] and found == count and total == 12


def test_states(twelve):
    everything = twelve.get("/api/v1/jobs").json()["jobs"]
    for states in ("paused", "manual", "scheduled", "paused,manual", "ended", "scheduled, paused"):
        wanted = [s.strip() for s in states.split(",")]
        items, _, total = pages(twelve, f"limit=3&state={states}")
        assert items == [j for j in everything if j["state"] in wanted] and total == len(items)


def test_more_of_each(twelve):
    twelve.post("/api/v1/jobs/j01/runs")
    run = twelve.wait_for_run("/api/v1/jobs/j01/runs")
    for item in twelve.get("/api/v1/jobs?expand=words,last_run").json()["jobs"]:
        full = twelve.get("/api/v1/jobs/" + item["job_id"]).json()
        assert item["words"] == full["words"]
        if item["job_id"] == "j01":
            assert item["last_run"]["run_id"] == run["run_id"] and item["last_run"]["state"] == "failed"
        else:
            assert item["last_run"] is None
    assert "last_run" not in twelve.get("/api/v1/jobs?expand=words").json()["jobs"][0]


@pytest.mark.parametrize("path", ["jobs?state=pausd", "jobs?state=paused,,x", "jobs?limit=0", "jobs?limit=x", "jobs?expand=all", "jobs?cursor=7",
                                  "jobs?cursor=x:y", "runs?state=fialed", "runs?job_id=a%20b", "jobs/j01/runs?state=x"])
def test_refusals(twelve, path):
    reply = twelve.get("/api/v1/" + path)
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"][0] == "query", reply.text


def test_runs_of_some_states(twelve):
    for i in range(8):
        twelve.post(f"/api/v1/jobs/j{i:02}/runs")
        twelve.wait_for_run(f"/api/v1/jobs/j{i:02}/runs")
    runs = twelve.get("/api/v1/runs").json()["runs"]
    runs = [r for r in runs if r["job_id"] in {f"j{i:02}" for i in range(8)}]
    wanted = [r["run_id"] for r in runs if r["state"] == "failed"][:4]
    assert len(wanted) == 4
    found, cursor = [], 0
    while cursor is not None and len(found) < 4:
        page = twelve.get(f"/api/v1/runs?state=failed,lost&limit=3&cursor={cursor}").json()
        assert len(page["runs"]) <= 3
        found += [r["run_id"] for r in page["runs"]]
        cursor = page["next_cursor"]
    assert found[:4] == wanted
    assert [r["job_id"] for r in twelve.get("/api/v1/runs?job_id=j03").json()["runs"]][0] == "j03"
    assert {r["state"] for r in twelve.get("/api/v1/jobs/j03/runs?state=failed").json()["runs"]} == {"failed"}
    assert twelve.get("/api/v1/jobs/j03/runs?state=succeeded").json() == {"runs": [], "next_cursor": None}
    assert twelve.get("/api/v1/runs?job_id=nobody").status_code == 404


def test_folders_with_many_jobs(server):
    """Of each folder the jobs are counted, and the first hundred named."""
    server.folder("often", main=EXIT_PY)
    server.folder("unused", main=EXIT_PY)
    names = [f"m{i:03}" for i in range(105, 0, -1)]
    for name in names:
        assert server.put(f"/api/v1/jobs/{name}", json={"folder": "often", "trigger": {"type": "manual"}}).status_code == 201
    found = {module["name"]: (module["job_count"], module["jobs"]) for module in server.get("/api/v1/modules").json()["modules"]}
    assert found["often"] == (105, names[:100]) and found["unused"] == (0, [])
