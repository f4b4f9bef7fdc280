"""belfry behind PgBouncer: sessions of its own are enough; where each transaction gets another one it refuses to start."""
import os
import subprocess
import time
from pathlib import Path

import pytest

import pg_lab
import ports

ROOT = Path(__file__).parents[2] / "build/servers/root"
PLACES = [Path("/usr/sbin/pgbouncer"), ROOT / "usr/sbin/pgbouncer"]
PROGRAM = next((place for place in PLACES if place.exists()), None)
pytestmark = pytest.mark.skipif(not (PROGRAM and pg_lab.programs()), reason="tools/setup has not unpacked PgBouncer and PostgreSQL")


class Bouncer:
    """A PgBouncer before the cluster, in a pool mode, with a database of its own behind it."""

    def __init__(self, cluster, home, mode):
        self.port = ports.unused()
        self.log = home / "bouncer.log"
        self.database = f"bounced_{mode}"
        cluster.sql(f"DROP DATABASE IF EXISTS {self.database}")
        cluster.sql(f"CREATE DATABASE {self.database}")
        settings = home / "bouncer.ini"
        settings.write_text(f"[databases]\n{self.database} = host=127.0.0.1 port={cluster.port} user=tester\n[pgbouncer]\n"
                            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = any\n"
                            f"pool_mode = {mode}\ndefault_pool_size = 20\nignore_startup_parameters = options\n")
        libraries = ":".join(map(str, (ROOT / "usr/lib").glob("*-linux-gnu"))) if PROGRAM == PLACES[1] else ""
        user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        with open(self.log, "wb") as log:
            # Its folder may be root's alone: it is told its settings by a descriptor.
            with open(settings, "rb") as given:
                self.process = subprocess.Popen([*user, "env", f"LD_LIBRARY_PATH={libraries}", PROGRAM, "/dev/stdin"],
                                                stdin=given, stdout=log, stderr=log)

    def uri(self):
        return f"postgresql://tester@127.0.0.1:{self.port}/{self.database}"

    def wait(self):
        """Until it lets somebody through."""
        end = time.monotonic() + 60
        psql = [*pg_lab.not_root(), pg_lab.programs() / "psql", "-X", "-q", "-A", "-t", "-c", "SELECT 1", self.uri()]
        while subprocess.run(psql, capture_output=True).returncode != 0:
            assert time.monotonic() < end and self.process.poll() is None, self.log.read_text(errors="replace")
            time.sleep(0.05)
        return self

    def done(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def bounced(cluster, tmp_path):
    made = []

    def make(mode):
        made.append(Bouncer(cluster, tmp_path, mode))
        return made[-1].wait()
    yield make
    for bouncer in made:
        bouncer.done()


def test_sessions(bounced, cluster, belfry_factory, tmp_path):
    """Jobs run, edits of one node are known to the other, a node that is gone leaves its jobs, all through the pooler."""
    bouncer = bounced("session")
    first = belfry_factory(tmp_path / "one", "--store", bouncer.uri(), "--node", "one")
    second = belfry_factory(tmp_path / "two", "--store", bouncer.uri(), "--node", "two")
    for server in (first, second):
        server.folder("tick")
    assert first.put("/api/v1/jobs/tick", json={"folder": "tick", "trigger": {"type": "interval", "seconds": 1}}).status_code == 201
    first.wait_for_run("/api/v1/runs", "tick", state="succeeded")
    assert second.wait_for_run("/api/v1/runs", "tick", state="succeeded")["job_id"] == "tick"
    assert second.get("/api/v1/jobs/tick").json()["job_id"] == "tick"
    assert first.stop() == 0
    before = int(second.get("/api/v1/runs").json()["runs"][0]["run_id"])
    end = time.monotonic() + 60
    while int(second.get("/api/v1/runs", params={"state": "succeeded"}).json()["runs"][0]["run_id"]) <= before:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert second.get("/readyz").status_code == 200
    assert second.stop() == 0


def test_transactions(bounced, belfry_factory, tmp_path):
    """It does not start there, changes nothing, and says what to do."""
    bouncer = bounced("transaction")
    server = belfry_factory(tmp_path / "one", "--store", bouncer.uri(), start=False)
    with pytest.raises(AssertionError):
        server.start()
    assert server.process.wait(60) != 0
    text = server.read_log()
    assert "hands each transaction another session" in text and "pool_mode = session" in text, text
