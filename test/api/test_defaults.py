"""What an instance gives jobs that do not say themselves: --default, and what is told of it."""
import os
import subprocess

import pytest

PROGRAM = os.environ.get("BELFRY", "build/dev/belfry")


def test_defaults_are_in_force_and_told(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path, "--default", "overlap=queue", "--default", 'retries={"max":2,"delay":"7s"}',
                            environment={"BELFRY_JOBS__DEFAULTS": "overlap=kill timeout=9m"})
    body = {"command": ["true"], "trigger": {"type": "manual"}}
    plain = server.put("/api/v1/jobs/plain", json=body).json()
    assert (plain["overlap"], plain["timeout"], plain["retries"]["max"]) == ("queue", "9m", 2)
    assert {"overlap", "timeout", "retries", "misfire.max"} <= set(plain["defaults"])
    own = server.put("/api/v1/jobs/own", json={**body, "overlap": "skip", "retries": 0}).json()
    assert (own["overlap"], own["timeout"], own["retries"]) == ("skip", "9m", None)
    assert "overlap" not in own["defaults"] and "retries" not in own["defaults"]
    told = server.get("/api/v1/status").json()["defaults"]
    assert (told["overlap"], told["timeout"], told["retries"]["delay"]) == ("queue", "9m", "7s")
    back = server.patch("/api/v1/jobs/own", json={"retries": None}).json()
    assert back["retries"]["max"] == 2 and "retries" in back["defaults"]

    server.stop()  # what a job does not say follows the next start
    server = belfry_factory(tmp_path, "--default", "timeout=1m")
    plain = server.get("/api/v1/jobs/plain").json()
    assert (plain["overlap"], plain["timeout"], plain["retries"]) == ("skip", "1m", None)
    assert server.get("/api/v1/jobs/own").json()["overlap"] == "skip"


@pytest.mark.parametrize("text, said", [
    ("overlp=queue", "did you mean overlap?"),
    ("overlap=often", "'skip', 'allow'"),
    ("timeout", "not NAME=VALUE"),
])
def test_a_default_that_is_none_refuses_to_start(tmp_path, text, said):
    done = subprocess.run([PROGRAM, "serve", "--db", str(tmp_path / "b.db"), "--jobs-dir", str(tmp_path),
                           "--default", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not (tmp_path / "b.db").exists()
