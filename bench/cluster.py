#!/usr/bin/python3
"""Several nodes on one PostgreSQL: runs a second, claims among a million jobs, bloat, runs that were doubled, and the peers.

usage: cluster.py [BELFRY] [PART]...      (its folder's programs/dispatch is what is asked; parts: rate million cycles peers; all: about
                                          seven minutes)

A PostgreSQL 15 of its own on the disk of $BENCH_DIR (/var/tmp), default durability, on loopback. A node is the scheduler and its store with
runs that end at once (bench/dispatch.c). Peers: npm's graphile-worker and pg-boss at the versions in package-lock.json, Debian's
libquartz2-java with libpostgresql-jdbc-java, clustered; they work through what is due already. All in one run: ratios are the result.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../test/api"))
import pg_lab  # noqa: E402

BELFRY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../build/release/belfry"))
DISPATCH = os.path.join(os.path.dirname(BELFRY), "programs/dispatch")
PARTS = sys.argv[2:] or ["rate", "million", "cycles", "peers"]
JAVA = [f"/usr/share/java/{name}.jar" for name in ("quartz2", "slf4j-api", "postgresql")]
EVERY_SECOND = '{"type":"cron","expr":"* * * * * *"}'
EVERY_YEAR = '{"type":"cron","expr":"30 4 7 3 *"}'
CYCLES = int(os.environ.get("CYCLES", "1000000"))
NODES = [int(n) for n in os.environ.get("NODES", "1 2 4").split()]
SECONDS = 6
CALM = 2.5  # until all have heard of all


class Database:
    def __init__(self, cluster, top):
        self.cluster, self.top, self.uri, self.name = cluster, top, None, None

    def sql(self, text):
        return self.cluster.sql(f"SET search_path = {self.name}; {text}").stdout.strip()

    def number(self, text):
        return float(self.sql(f"SELECT coalesce(({text}), 0)") or 0)

    def fresh(self, name):
        if self.name:
            self.cluster.sql(f"DROP SCHEMA {self.name} CASCADE")
        self.name, self.uri = name, self.cluster.schema(name)
        subprocess.run([DISPATCH, "second", self.uri, "9", "0"], check=True, stdout=subprocess.DEVNULL)  # tables, and jobs to copy
        self.sql("UPDATE job SET state = 3")

    def lay(self, count, trigger, first=0):
        """Copies of one of the jobs, as its columns are."""
        columns = self.sql(f"SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = '{self.name}' "
                           "AND table_name = 'job' AND column_name NOT IN ('id', 'name', 'trigger', 'state', 'effective_from')")
        self.sql(f"INSERT INTO job(name, trigger, state, effective_from, {columns}) SELECT '{'sy'[len(trigger) % 2]}' || n, '{trigger}', 0, "
                 f"{int(time.time() * 1e6)}, {columns} FROM generate_series({first + 1}, {first + count}) n, "
                 "(SELECT * FROM job ORDER BY id LIMIT 1) j; ANALYZE job")

    def work(self, nodes, seconds):
        """Starts so many nodes, and begins when all have loaded their jobs; what they say, and how many starts two of them have made."""
        begin = f"{self.top}/begin"
        notes = [f"{self.top}/note.{i}" for i in range(nodes)]
        running = [subprocess.Popen([DISPATCH, "node", self.uri, begin, str(seconds), f"n{i}", note], stdout=subprocess.PIPE, text=True)
                   for i, note in enumerate(notes)]
        while not all(os.path.exists(note + ".ready") for note in notes) and all(process.poll() is None for process in running):
            time.sleep(0.1)
        time.sleep(CALM)
        open(begin, "w").close()
        told = [json.loads(process.communicate()[0] or "null") for process in running]
        twice = int(subprocess.run(f"sort -S 25% {' '.join(notes)} | uniq -d | wc -l", shell=True, capture_output=True, text=True).stdout)
        for path in (begin, *notes, *(note + ".ready" for note in notes)):
            os.unlink(path)
        assert all(told), "a node has failed"
        return told, twice


def show(what, figures, bar=""):
    print(f"{what:46} {figures}{'   bar: ' + bar if bar else ''}", flush=True)


def rate(db):
    """Jobs of each second, more and more of them; the best counts."""
    first = 0
    for nodes in NODES:
        best = 0, None
        for jobs in (20000, 40000):
            db.fresh(f"rate{nodes}x{jobs}")
            db.lay(jobs, EVERY_SECOND)
            told, twice = db.work(nodes, SECONDS)
            runs = sum(t["runs_s"] for t in told)
            late = max(t["late_p99_ms"] for t in told)
            show(f"belfry, {nodes} node(s), {jobs:,} jobs a second", f"{runs:9,.0f} runs/s   not run {sum(t['not_run'] for t in told):,}   "
                 f"late p99 {late:,.0f} ms   doubled {twice}")
            best = max(best, (runs, jobs))
        first = first or best[0]
        show(f"belfry, {nodes} node(s): most", f"{best[0]:9,.0f} runs/s   {best[0] / first:.2f} x one node", "20,000/s")


def million(db):
    """A thousand of a million jobs are due each second, on two nodes."""
    db.fresh("million")
    db.lay(999000, EVERY_YEAR)
    db.lay(1000, EVERY_SECOND)
    told, twice = db.work(2, 10)
    for i, t in enumerate(told):
        show(f"1,000,000 jobs, node {i + 1} of 2", f"load {t['load_ms']:,.0f} ms   claim p50 <= {t['claim_p50_ms']:.1f}, p99 <= {t['claim_p99_ms']:.1f} ms   "
             f"late p50 {t['late_p50_ms']:.1f}, p99 {t['late_p99_ms']:.1f} ms   not run {t['not_run']}", "claim p99 10 ms")
    assert twice == 0


SMALL = """SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = current_schema()::regnamespace
    AND relname IN ('node', 'cluster', 'pin', 'met', 'run_active')"""
DEAD = """SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname IN ('node', 'cluster', 'run_active')"""


def cycles(db):
    """Claims and ends, a million of them, on two nodes: how the tables that are like queues grow, and what was done twice."""
    db.fresh("cycles")
    jobs, before = 15000, 0
    db.lay(jobs, EVERY_SECOND)
    doubled = ran = 0
    for turn in range(40):
        told, twice = db.work(2, 15)
        doubled += twice
        before, ran = ran, int(db.number("SELECT count(*) FROM run WHERE started_at > 0"))
        show(f"after {ran:,} cycles", f"{sum(t['runs_s'] for t in told):9,.0f} runs/s   claim p99 <= {max(t['claim_p99_ms'] for t in told):.1f} ms   "
             f"tables like queues {db.number(SMALL) / 1e6:.1f} MB, {db.number(DEAD):,.0f} dead rows")
        if ran >= CYCLES or ran == before:
            break
    slots = int(db.number("SELECT count(*) FROM (SELECT 1 FROM run GROUP BY job_id, scheduled_at HAVING count(*) > 1) t"))
    again = int(db.number("SELECT count(*) FROM run WHERE attempt > 1"))
    show(f"doubled, of {ran:,} runs on two nodes", f"{doubled} starts, {slots} slots ({again} second attempts)", "0")


def worked(name, command, words, count, processes):
    running = [subprocess.Popen([*command, "work", *words, "20"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
               for _ in range(processes)]
    told = [json.loads(process.communicate()[0] or '{"runs": 0}') for process in running]
    told = [t for t in told if t["runs"]]
    seconds = (max(t["last"] for t in told) - min(t["first"] for t in told)) / 1000 if told else 1
    show(f"{name}, {processes} process(es)", f"{sum(t['runs'] for t in told) / max(seconds, 0.001):9,.0f} runs/s   ({sum(t['runs'] for t in told):,} of {count:,})")


def peers(db):
    where = f"127.0.0.1:{db.cluster.port}/postgres"
    subprocess.run(["javac", "-cp", ":".join(JAVA), "-d", db.top, f"{HERE}/peer_cluster.java"], check=True, stderr=subprocess.DEVNULL)
    java = ["java", "-cp", ":".join([db.top, *JAVA]), "peer_cluster"]
    for name, count, schemas in (("graphile-worker", 20000, "graphile_worker"), ("graphile-worker-batched", 100000, "graphile_worker"),
                                 ("pg-boss", 40000, "pgboss"), ("Quartz JDBC", 1500, "quartz")):
        for processes in (1, 2):
            db.cluster.sql(f"DROP SCHEMA IF EXISTS {schemas} CASCADE; CREATE SCHEMA IF NOT EXISTS quartz")
            command = java if name == "Quartz JDBC" else ["node", f"{HERE}/peer_cluster.mjs", name]
            words = [f"jdbc:postgresql://{where}?currentSchema=quartz", "tester"] if command is java else [f"postgresql://tester@{where}"]
            subprocess.run([*command, "fill", *words, str(count)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            worked(name, command, words, count, processes)


def main():
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as top:
        cluster = pg_lab.Cluster(os.environ.get("BENCH_DIR", "/var/tmp"))
        try:
            db = Database(cluster, top)
            for part in PARTS:
                print(f"\n== {part}: {globals()[part].__doc__ or 'others on the same server'}", flush=True)
                globals()[part](db)
        finally:
            cluster.done()


if __name__ == "__main__":
    main()
