"""test_cluster_faults.py - nodes die, sleep, are cut off: each slot has one row, no attempt begins twice, and what one node leaves
another takes up in time.

FREEZES=n: how often a node is stopped for one and a half leases (2).
CHAOS_SECONDS=n, CHAOS_SEED=n: how long whatever may happen happens (8), and in which order (1).
"""
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from cluster import HEAL, LEASE, SLACK, TAKEOVER, WAIT, Network, may_have_networks, needs_postgresql, nodes, wait_until  # noqa: F401

pytestmark = needs_postgresql
FREEZES = int(os.environ.get("FREEZES", "2"))
CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "8"))
CHAOS_SEED = int(os.environ.get("CHAOS_SEED", "1"))


def test_killed(nodes):
    """One of three dies with what it ran: the others have all of its jobs within the lease and two seconds."""
    nodes.start("a", "b", "c")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    assert nodes.ran_on() == {"a", "b", "c"}
    died = nodes.die("b")
    nodes.settled("a", "c", gone=["b"])
    nodes.goes_on(jobs, on=["a", "c"])
    running = len(nodes.starts())
    rows = nodes.audit(jobs, lost=50)
    # A job of the dead one has rows again with its first slot after the takeover.
    assert nodes.takeover(rows, jobs, died) <= TAKEOVER + 2 + SLACK
    assert running > 50


def test_killed_and_back(nodes):
    """A node that is started again under its name has its place at once: nobody waits for the lease."""
    nodes.lease = 30
    nodes.start("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    before = nodes.members()["b"]["id"]
    nodes.die("b")
    nodes["b"].start()
    wait_until(lambda: nodes.members()["b"]["id"] != before, what="the new incarnation")
    nodes.goes_on(jobs)
    assert set(nodes.members()) == {"a", "b"}
    nodes.audit(jobs, lost=50)


def test_stopped_and_woken(nodes):
    """SIGSTOP for one and a half leases: what it had goes elsewhere; woken, it starts nothing that is not its own any more."""
    nodes.start("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    for i in range(FREEZES):
        name = "ab"[i % 2]
        frozen = nodes.freeze(name)
        before = len(nodes.starts())
        time.sleep(1.5 * LEASE)
        nodes.goes_on(jobs, on=["ba"[i % 2]])
        nodes.thaw(name)
        nodes.settled("a", "b")
        nodes.goes_on(jobs)
        wait_until(lambda: nodes.ran_on(after=before) == {"a", "b"}, what="a start on either")
        assert time.time() - frozen < 3 * LEASE + HEAL + 2 * SLACK
    nodes.audit(jobs, lost=50 * FREEZES)


@pytest.mark.parametrize("on_lost, attempts", [("fail", 1), ("rerun", 2)])
def test_its_run_is_decided_elsewhere(nodes, on_lost, attempts):
    """What a frozen node runs is lost, or begun again on another; what it tells of it when it is awake is too late."""
    nodes.start("a", "b")
    nodes.program("long", f"while [ ! -e {nodes.home}/go ]; do sleep 0.1; done", "exit $((BELFRY_ATTEMPT + 6))")
    nodes.put("a", "long", {"type": "manual"}, folder="long", on_lost=on_lost)
    run = nodes["a"].post("/api/v1/jobs/long/runs").json()["run_id"]
    here = nodes.owner("long")
    there = {"a": "b", "b": "a"}[here]
    begun = nodes.starts()[0]
    nodes.freeze(here)
    nodes.settled(there, gone=[here])

    def told():
        return nodes[there].get(f"/api/v1/runs/{run}").json()
    if attempts == 1:
        wait_until(lambda: told()["state"] == "lost", what="the decision")
    else:
        wait_until(lambda: len(nodes.starts()) == 2, what="the second attempt")
        assert nodes.starts()[1][2:4] == ["2", str(run)] and nodes.starts()[1][5] == there
    nodes.thaw(here)
    nodes.settled("a", "b")
    wait_until(lambda: not os.path.exists(f"/proc/{begun[4]}"), what="the end of the first attempt")
    assert told()["state"] == ("lost" if attempts == 1 else "running")
    (nodes.home / "go").touch()
    if attempts == 2:
        wait_until(lambda: told()["finished_at"], what="the end")
        assert (told()["state"], told()["exit_code"], told()["attempt"]) == ("failed", 8, 2)
    nodes.audit(lost=2 - attempts)


def test_asked_while_frozen(nodes):
    """A frozen node takes requests and says nothing: what can be told without it is told, and nobody waits for it for ever."""
    nodes.start("a", "b")
    nodes.program("long", f"while [ ! -e {nodes.home}/go ]; do sleep 0.1; done")
    nodes.put("a", "long", {"type": "manual"}, folder="long", overlap="allow")
    run = nodes["a"].post("/api/v1/jobs/long/runs").json()["run_id"]
    here = nodes.owner("long")
    there = nodes[{"a": "b", "b": "a"}[here]]
    nodes.starts()
    nodes.freeze(here)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(requests.get, f"{there.url}/api/v1/runs/{run}", timeout=45),
                 pool.submit(requests.get, f"{there.url}/api/v1/runs/{run}/log", timeout=45),
                 pool.submit(requests.post, f"{there.url}/api/v1/jobs/long/runs", timeout=45)]
    told, log, acted = [future.result() for future in asked]
    assert told.status_code == 200 and told.json()["state"] in ("running", "lost") and "belfry-node" not in told.headers
    assert log.status_code in (200, 404) and "belfry-node" not in log.headers
    assert acted.status_code == 503 and f'node \\"{here}\\"' in acted.text and "it is gone" in acted.text
    nodes.thaw(here)
    nodes.settled("a", "b")
    assert len(nodes.starts()) == 1
    (nodes.home / "go").touch()
    nodes.audit(lost=1)


@pytest.mark.skipif(not may_have_networks(), reason="needs root and network namespaces")
def test_network_is_cut(nodes):
    """The machine of a node loses its network, with no end of connection told to either side; later it is back."""
    network = Network()
    nodes.undo.callback(network.done)
    nodes.make("a")
    nodes.line("b", host=network.host, preexec=network.enter)
    nodes.begin("a", "b")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    network.is_up(False)
    cut = time.time()
    nodes.settled("a", gone=["b"])
    nodes.goes_on(jobs, TAKEOVER + 2 + SLACK, on=["a"])
    before = len(nodes.starts())
    time.sleep(1)
    assert nodes.ran_on(after=before) == {"a"}
    network.is_up(True)
    wait_until(lambda: "b" in nodes.ran_on(after=before), WAIT, "a start on b")
    nodes.goes_on(jobs)
    rows = nodes.audit(jobs, lost=50)
    assert nodes.takeover(rows, jobs, cut) <= TAKEOVER + 2 + SLACK


class Chaos:
    """What may happen to a node, and how it ends; one thing at a time for each."""

    def __init__(self, nodes, dice):
        self.nodes, self.dice, self.hurt = nodes, dice, {}

    def begin(self, name):
        """A cut that still waits for a COMMIT would end the start, as it may: whoever watches over the node would start it again."""
        self.nodes[name].line.armed = None
        self.nodes[name].start()

    def look(self, name):
        """One that was to begin anew while its line was cut has ended; whoever watches over it starts it."""
        if self.nodes[name].process.poll() is not None:
            self.nodes[name].kill()
            self.begin(name)

    def befall(self, name):
        self.look(name)
        node, line = self.nodes[name], self.nodes[name].line
        what = self.dice.choice(["die", "kill", "stop", "freeze", "hold", "cut", "before", "after", "slow"])
        if what in ("die", "kill", "stop"):
            {"die": lambda: self.nodes.die(name), "kill": node.kill, "stop": node.stop}[what]()
            self.hurt[name] = lambda: self.begin(name)
        elif what == "freeze":
            self.nodes.freeze(name)
            self.hurt[name] = lambda: self.nodes.thaw(name)
        elif what in ("hold", "cut"):
            getattr(line, what)()
            self.hurt[name] = line.mend
        elif what == "slow":
            line.delay = 0.05
            self.hurt[name] = lambda: setattr(line, "delay", 0)
        else:
            line.armed = what
        return what

    def heal(self, name):
        self.hurt.pop(name)()


def test_whatever_happens(nodes):
    """Many faults of all kinds, several at once, on three nodes: in the end everything is as it was promised."""
    dice = random.Random(CHAOS_SEED)
    for name in "abc":
        nodes.line(name)
    nodes.begin("a", "b", "c")
    jobs = nodes.put_fifty()
    nodes.goes_on(jobs)
    chaos, end, told = Chaos(nodes, dice), time.monotonic() + CHAOS_SECONDS, []
    while time.monotonic() < end:
        name = dice.choice("abc")
        if name in chaos.hurt:
            chaos.heal(name)
            told.append(f"{name} healed")
        else:
            told.append(f"{name} {chaos.befall(name)}")
        time.sleep(dice.uniform(0, 1.5 * LEASE))
    for name in list(chaos.hurt):
        chaos.heal(name)
    for name in "abc":
        chaos.look(name)
    print(f"seed {CHAOS_SEED}:", ", ".join(told))
    nodes.settled("a", "b", "c")
    nodes.goes_on(jobs)
    nodes.audit(jobs, lost=50 * len(told))
