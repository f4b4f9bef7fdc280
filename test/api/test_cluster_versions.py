"""test_cluster_versions.py - nodes of two versions on one database, while they are replaced one by one.

belfry_next is the version to come, which adds to the tables; belfry_later the one after it, which takes away from them (test/next).
"""
import os
import subprocess
from pathlib import Path

from cluster import WAIT, needs_postgresql, nodes, wait_until  # noqa: F401
from conftest import BELFRY

pytestmark = needs_postgresql
PROGRAMS = Path(os.environ.get("PROGRAMS") or Path(__file__).parents[2] / "build/dev/programs")
TODAY, NEXT, LATER = BELFRY, str(PROGRAMS / "belfry_next"), str(PROGRAMS / "belfry_later")
VERSIONS = {TODAY: "0.1.0", NEXT: "0.2.0", LATER: "0.3.0"}
MANUAL = {"type": "manual"}
EVERY_SECOND = {"type": "interval", "seconds": 1, "start_date": "2024-01-01T00:00:00Z"}
CALM = 20  # seconds of a lease where nobody takes over: a node that a busy machine holds up loses nothing


def begin(nodes, **programs):
    """Starts nodes by name, one after the other, each as that program."""
    for name, program in programs.items():
        nodes.make(name).program = program
        nodes.begin(name)


def replace(nodes, name, program, how="stop"):
    """Ends a node and starts it again as another version."""
    if how == "stop":
        assert nodes[name].stop() == 0, nodes[name].read_log()[-4000:]
    else:
        nodes.die(name)
    nodes[name].program = program
    nodes[name].start()


def versions(nodes, asked):
    return {n["name"]: n["version"] for n in nodes[asked].get("/api/v1/nodes").json()["nodes"]}


def refused(nodes, program):
    """What a node of that version says that may not start."""
    done = subprocess.run([program, "serve", "--listen", "127.0.0.1:0", "--store", nodes.uri, "--node", "refused"], cwd=nodes.home,
                          capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 1, done.stderr
    return done.stderr


def db(nodes, program, what):
    return subprocess.run([program, "db", what, "--db", nodes.uri], capture_output=True, text=True, timeout=WAIT)


def meta(nodes):
    found = {row["key"]: row["value"] for row in nodes.table("SELECT key, value FROM meta")}
    return int(found["schema"]), int(found["compatible"])


def test_rolling_upgrade(nodes):
    """Three nodes are replaced while jobs run each second, and one of them goes back: every slot once, nothing unaccounted."""
    nodes.lease = CALM
    begin(nodes, a=TODAY, b=TODAY, c=TODAY)
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    before = meta(nodes)
    for name, how in (("a", "stop"), ("b", "die"), ("c", "stop")):
        replace(nodes, name, NEXT, how)
        nodes.settled("a", "b", "c")
        wait_until(lambda: versions(nodes, "a") == versions(nodes, "c") == {n: VERSIONS[nodes[n].program] for n in "abc"}, what="the versions")
        nodes.goes_on(jobs)
    after = len(nodes.starts())
    assert meta(nodes) == (101, before[1])
    replace(nodes, "b", TODAY)  # nothing has been taken away: there is a way back
    nodes.settled("a", "b", "c")
    wait_until(lambda: nodes.ran_on(after=after) == {"a", "b", "c"}, what="a start on each")
    nodes.goes_on(jobs)
    nodes.audit(jobs, lost=50)


def test_acts_among_two_versions(nodes):
    """Edits are seen, runs by hand and cancels are handed on, nodes are drained, either way."""
    nodes.lease = CALM
    begin(nodes, a=TODAY, b=NEXT)
    nodes.program("long", "exec sleep 60")
    for here, there in ("ab", "ba"):
        edited, long = f"edited-{here}", f"long-{here}"
        nodes.put(here, edited, EVERY_SECOND, nodes=[there])
        nodes.goes_on([edited], on=[there])
        assert nodes[here].patch(f"/api/v1/jobs/{edited}", json={"description": f"by {here}"}).status_code == 200
        wait_until(lambda: nodes[there].get(f"/api/v1/jobs/{edited}").json()["description"] == f"by {here}", what="the edit")
        nodes.put(here, long, MANUAL, folder="long", nodes=[there])
        reply = wait_until(lambda: (r := nodes[here].post(f"/api/v1/jobs/{long}/runs")).status_code == 201 and r, what="a run by hand")
        run = reply.json()["run_id"]
        assert reply.headers["belfry-node"] == there
        wait_until(lambda: nodes[here].get(f"/api/v1/runs/{run}").json()["state"] == "running", what="its start")
        assert nodes[here].post(f"/api/v1/runs/{run}/cancel").status_code == 202
        wait_until(lambda: nodes[here].get(f"/api/v1/runs/{run}").json()["state"] == "cancelled", what="its end")
        assert nodes[here].delete(f"/api/v1/jobs/{edited}").status_code == 200
        wait_until(lambda: nodes[there].get(f"/api/v1/jobs/{edited}").status_code == 404, what="the removal")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    for here, there in ("ab", "ba"):
        assert nodes[here].post(f"/api/v1/nodes/{there}/drain").status_code == 200
        nodes.goes_on(jobs, on=[here])
        assert nodes[here].get(f"/api/v1/nodes/{there}").json()["state"] == "draining"
        before = len(nodes.starts())
        assert nodes[there].post(f"/api/v1/nodes/{there}/undrain").status_code == 200
        wait_until(lambda: there in nodes.ran_on(after=before), what=f"a start on {there}")
    nodes.goes_on(jobs)
    nodes.audit(jobs)


def test_takeover_among_two_versions(nodes):
    """Each dies in turn, and the other has its jobs; what was running is begun again there."""
    begin(nodes, a=TODAY, b=NEXT)
    nodes.program("long", f"while [ ! -e {nodes.home}/go ]; do sleep 0.1; done")
    jobs = nodes.put_fifty()
    nodes.put("a", "long", MANUAL, folder="long", on_lost="rerun")
    run = nodes["a"].post("/api/v1/jobs/long/runs").json()["run_id"]
    nodes.goes_on(jobs)
    for count in (2, 3):
        dead = nodes.owner("long")
        living = {"a": "b", "b": "a"}[dead]
        nodes.die(dead)
        nodes.settled(living, gone=[dead])
        nodes.goes_on(jobs, on=[living])
        wait_until(lambda: sum(start[0] == "long" for start in nodes.starts()) == count, what="another attempt")
        assert nodes.owner("long") == living
        nodes[dead].start()
        nodes.settled("a", "b")
        nodes.goes_on(jobs)
    (nodes.home / "go").touch()
    wait_until(lambda: nodes["a"].get(f"/api/v1/runs/{run}").json()["state"] == "succeeded", what="its end")
    nodes.audit(jobs, lost=100)


def test_contraction(nodes):
    """What takes away from the tables waits until nobody is there who needs it; those who would need it are refused from then on."""
    nodes.lease = CALM
    begin(nodes, a=TODAY, b=NEXT)
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    for words in (refused(nodes, LATER), (told := db(nodes, LATER, "migrate")).stderr):
        assert "in use by an older belfry (node a, version 0.1.0)" in words and "upgrade its nodes" in words
    assert told.returncode == 1 and meta(nodes)[0] == 101
    assert "schema    101 (the next belfry serve brings it to 102)" in db(nodes, LATER, "status").stdout
    nodes.goes_on(jobs, on=["a", "b"])
    replace(nodes, "a", NEXT)
    nodes.settled("a", "b")
    begin(nodes, c=LATER)
    assert meta(nodes) == (102, 101)
    assert "by a newer belfry (schema 102, this one knows " in refused(nodes, TODAY)
    for what in ("status", "migrate"):
        assert "by a newer belfry (schema 102, this one knows " in db(nodes, TODAY, what).stderr
    replace(nodes, "b", NEXT, "die")  # which may go on
    nodes.settled("a", "b", "c")
    wait_until(lambda: versions(nodes, "a") == {"a": "0.2.0", "b": "0.2.0", "c": "0.3.0"}, what="the versions")
    nodes.goes_on(jobs)
    before = len(nodes.starts())
    wait_until(lambda: nodes.ran_on(after=before) == {"a", "b", "c"}, what="a start on each")
    nodes.audit(jobs, lost=50)


def test_contraction_while_one_sleeps(nodes):
    """A node that is taken for dead holds nothing up. Woken, it can do nothing with what the tables are now, and says so."""
    begin(nodes, a=TODAY, b=NEXT)
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    nodes.freeze("a")
    nodes.settled("b", gone=["a"])
    begin(nodes, c=LATER)
    before = len(nodes.starts())
    nodes.thaw("a")
    wait_until(lambda: nodes["a"].process.poll() is not None, what="the end of the one that slept")
    assert "by a newer belfry (schema 102, this one knows " in nodes["a"].read_log()
    nodes["a"].kill()
    nodes["a"].end_keepers()
    nodes.goes_on(jobs, on=["b", "c"])
    assert "a" not in nodes.ran_on(after=before)
    nodes.audit(jobs, lost=50)


def test_two_begin_at_once(nodes):
    """Four of the next version begin on the tables of today, at the same moment: one of them takes the step."""
    nodes.lease = CALM
    begin(nodes, a=TODAY)
    jobs = nodes.put_fifty()
    for name in "bcde":
        nodes.make(name).program = NEXT
    nodes.begin("b", "c", "d", "e")
    everybody = {"a": "0.1.0", "b": "0.2.0", "c": "0.2.0", "d": "0.2.0", "e": "0.2.0"}
    wait_until(lambda: versions(nodes, "a") == everybody, what="all of them")
    nodes.goes_on(jobs)
    nodes.audit(jobs)


def test_a_step_takes_its_time(nodes):
    """It waits for what is under way, and may take, longer than any other statement."""
    assert db(nodes, TODAY, "migrate").returncode == 0
    keys = f"1650814054, (SELECT (oid::bigint % 2147483647)::integer FROM pg_namespace WHERE nspname = '{nodes.schema}')"
    other = subprocess.Popen(nodes.cluster.psql("-c", f"SELECT pg_advisory_xact_lock_shared({keys}); SELECT pg_sleep(2)"), stdout=subprocess.DEVNULL)
    wait_until(lambda: nodes.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), what="the other")
    nodes.uri += "%20-clock_timeout%3D1000%20-cstatement_timeout%3D1000"
    told = db(nodes, NEXT, "migrate")
    assert told.returncode == 0 and "schema    101" in told.stdout, told.stderr
    assert other.wait(WAIT) == 0
