"""test_cluster_database.py - the database of several nodes goes, hangs, is locked, has another time, or nobody knows what it has done:
nothing is lost, nothing runs twice, and all is well again soon.

LOCK_SECONDS=n: how long a stranger locks a table (3).
"""
import os
import signal
import subprocess
import time

import pytest

from cluster import HEAL, LEASE, SLACK, TAKEOVER, needs_postgresql, nodes, wait_until  # noqa: F401
from test_weather import needs_faketime, shifted

pytestmark = needs_postgresql
LOCK_SECONDS = float(os.environ.get("LOCK_SECONDS", "3"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgresql_stopped(nodes, cluster, how):
    """Nothing starts while it is gone; both nodes are well again soon after it is back."""
    nodes.start("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    cluster.stop(how)
    try:
        wait_until(lambda: all(nodes[name].get("/readyz").status_code == 503 for name in "ab"), what="the news of it")
        before = nodes.calm()
        time.sleep(1.2 * LEASE)
        assert len(nodes.starts()) == before
    finally:
        cluster.start()
    nodes.settled("a", "b")
    nodes.goes_on(jobs, HEAL + SLACK)
    nodes.audit(jobs, lost=100)


@pytest.mark.parametrize("how", ["before", "after"])
def test_cut_at_commit(nodes, how):
    """The line of one node is cut at COMMIT, again and again: it reads back what has become of it, and nothing runs twice."""
    nodes.make("a")
    line = nodes.line("b").line
    nodes.begin("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    for count in range(1, 4):
        line.armed = how
        wait_until(lambda: line.cuts >= count, what="a commit of b")
        nodes.goes_on(jobs)
    nodes.audit(jobs, lost=100)


def test_line_is_held(nodes):
    """Nothing comes through for longer than the lease, and then all of it, late: it counts for nothing."""
    nodes.make("a")
    line = nodes.line("b").line
    nodes.begin("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    line.hold()
    nodes.goes_on(jobs, TAKEOVER + 2 + SLACK, on=["a"])
    before = len(nodes.starts())
    time.sleep(1)
    assert nodes.ran_on(after=before) == {"a"}  # b knows that its lease is over, though nobody has told it
    assert nodes["b"].get("/readyz").status_code == 503
    line.mend()
    nodes.settled("a", "b")
    before = len(nodes.starts())
    wait_until(lambda: "b" in nodes.ran_on(after=before), what="a start on b")
    nodes.goes_on(jobs)
    nodes.audit(jobs, lost=50)


def test_locked(nodes):
    """A stranger's LOCK TABLE: nothing runs twice meanwhile, and all goes on after it."""
    nodes.start("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    stranger = subprocess.Popen(nodes.cluster.psql(), stdin=subprocess.PIPE, text=True)
    stranger.stdin.write(f"BEGIN; LOCK TABLE {nodes.schema}.run;\n")
    stranger.stdin.flush()
    time.sleep(LOCK_SECONDS)
    stranger.stdin.close()
    stranger.wait(60)
    nodes.settled("a", "b")
    nodes.goes_on(jobs, HEAL + SLACK)
    nodes.audit(jobs, lost=100)


@needs_faketime
def test_clocks_apart(nodes):
    """Five minutes before and behind: what is due is what PostgreSQL says."""
    shifted(nodes.make("a"), "-300s")
    shifted(nodes.make("b"), "+300s")
    nodes.make("c")
    nodes.begin("a", "b", "c")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    before = len(nodes.starts())
    nodes.goes_on(jobs)
    assert nodes.ran_on(after=before) == {"a", "b", "c"}
    nodes.die("a")
    nodes.settled("b", "c", gone=["a"])
    nodes.goes_on(jobs, TAKEOVER + 2 + SLACK)
    early = [row for row in nodes.rows() if 0 < row["started_at"] < row["scheduled_at"] - 100_000]
    late = [row for row in nodes.rows() if row["scheduled_at"] + 120_000_000 < row["started_at"]]
    assert not early and not late
    nodes.audit(jobs, lost=50)
