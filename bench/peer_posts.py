"""The posts' stack, as a peer to measure: FastAPI + APScheduler + SQLAlchemy on SQLite or PostgreSQL, written anew from their description.

usage: /usr/bin/python3 peer_posts.py PORT FOLDER [URL]      (FOLDER holds jobs/, and gets jobs.sqlite if there is no URL)
"""
import importlib.util
import os
import sys
import time
from typing import Optional

import uvicorn
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

port, folder = int(sys.argv[1]), sys.argv[2]
app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"], allow_methods=["*"], allow_headers=["*"])
store = SQLAlchemyJobStore(url=sys.argv[3] if len(sys.argv) > 3 else f"sqlite:///{folder}/jobs.sqlite")
scheduler = AsyncIOScheduler(jobstores={"default": store}, timezone="UTC")
starts = open(os.path.join(folder, "starts"), "a", buffering=1)


class Reply(BaseModel):
    scheduled: bool
    job_id: str


class Create(BaseModel):
    job_id: str
    from_file: bool = True
    type: str = "cron"
    args: Optional[dict] = None


def folder_call(job_id):
    """Imports jobs/<job_id>/main.py as the posts do; what runs is `call` below, which notes when."""
    path = os.path.join(folder, "jobs", job_id, "main.py")
    spec = importlib.util.spec_from_file_location(f"jobs.{job_id}.main", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schedule_file(job_id):
    """The pairs of jobs/<job_id>/.schedule; its first line, the type, is skipped."""
    path = os.path.join(folder, "jobs", job_id, ".schedule")
    if not os.path.isfile(path):
        raise HTTPException(404, "Schedule file not found")
    with open(path) as f:
        lines = f.read().splitlines()[1:]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


async def call():
    starts.write(f"{time.time():.6f}\n")


@app.on_event("startup")
async def startup():
    scheduler.start()


@app.get("/api/v1/jobs")
async def jobs_list():
    jobs = scheduler.get_jobs()
    return {"total": len(jobs), "jobs": [
        {"job_id": j.id, "run_frequency": str(j.trigger), "next_run": str(j.next_run_time)} for j in jobs]}


@app.post("/api/v1/jobs", response_model=Reply)
async def jobs_create(body: Create):
    if not os.path.isdir(os.path.join(folder, "jobs", body.job_id)):
        raise HTTPException(404, "Job folder not found.")
    folder_call(body.job_id)
    args = schedule_file(body.job_id) if body.from_file else body.args or {}
    try:
        scheduler.add_job(call, body.type, id=body.job_id, **args)
    except ConflictingIdError:
        raise HTTPException(409, "Job already exists")
    return {"scheduled": True, "job_id": body.job_id}


@app.delete("/api/v1/jobs/{job_id}")
async def jobs_delete(job_id: str):
    try:
        scheduler.remove_job(job_id)
    except JobLookupError:
        raise HTTPException(400, "Job deleted failed")
    return {"scheduled": False, "job_id": job_id}


if __name__ == "__main__":
    sys.modules["peer_posts"] = sys.modules["__main__"]
    call.__module__ = "peer_posts"
    uvicorn.run(app, host="127.0.0.1", port=port)  # with its access log, as a service has it
