"""test_example_jobs.py - each folder of examples/jobs as `make run EXAMPLE=...` schedules it: copied, posted, run."""
import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples/jobs"
ARGS = {"disk_space_c": ["/", "101"], "log_with_args": ["a", 2]}


@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.iterdir()))
def test_example(server, name):
    shutil.copytree(EXAMPLES / name, server.jobs / name, ignore=shutil.ignore_patterns("main.so", "__pycache__"))
    reply = server.post("/api/v1/jobs", json={"job_id": name, "from_file": True})
    assert (reply.status_code, reply.json()) == (200, {"scheduled": True, "job_id": name})
    module = next(m for m in server.get("/api/v1/modules").json()["modules"] if m["name"] == name)
    assert (module["error"], module["warnings"], module["job_count"], module["jobs"]) == (None, [], 1, [name])
    if name in ARGS:
        assert server.patch(f"/api/v1/jobs/{name}", json={"args": ARGS[name]}).status_code == 200
    assert server.post(f"/api/v1/jobs/{name}/runs").status_code == 201
    run = server.wait_for_run(f"/api/v1/jobs/{name}/runs", name)
    assert run["state"] == "succeeded" and run["stdout"]["head"] + run["stderr"]["head"], run
