"""ledger.py - what every promise comes down to, read from the database and from what the jobs themselves wrote down."""
import collections
import contextlib
import sqlite3

SECOND = 1_000_000
MANUAL = 2        # origins from here on stand for no slot
RUNNING = 2
SUCCEEDED = 10    # states from here on are ends


def rows_of(path):
    """Every row of the ledger, with the name of its job, by job and slot."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        assert [tuple(row) for row in db.execute("PRAGMA integrity_check")] == [("ok",)]
        return db.execute("SELECT run.*, job.name FROM run LEFT JOIN job ON job.id = run.job_id ORDER BY job_id, scheduled_at").fetchall()


def nothing_invented(rows, starts):
    """Each start belongs to a row, and none of a row that says it never began. starts: (job, slot, attempt, run, ...) as texts."""
    names = {str(row["id"]): row for row in rows}
    for start in starts:
        row = names.get(start[3])
        assert row is not None, f"started without a row: {start}"
        assert row["name"] == start[0], f"started as another job's run: {start}"
        assert row["attempt"] >= int(start[2]), f"an attempt that the ledger does not know: {start} {tuple(row)}"
    began = {start[3] for start in starts}
    liars = [tuple(row) for row in rows if row["state"] == SUCCEEDED and str(row["id"]) not in began]
    assert not liars, f"succeeded without having begun: {liars[:3]}"


def nothing_twice(rows, starts):
    twice = [key for key, n in collections.Counter((s[3], s[2]) for s in starts).items() if n > 1]
    assert not twice, f"an attempt was started twice: {twice[:5]}"
    slots = [key for key, n in collections.Counter((r["job_id"], r["scheduled_at"]) for r in rows if r["origin"] < MANUAL).items() if n > 1]
    assert not slots, f"slots with two rows: {slots[:5]}"


def nothing_unaccounted(rows, name, period_s=1, counted_twice=False):
    """Every slot of a job that is due each period has a row or is counted in one; how many slots that were."""
    slots = [row for row in rows if row["name"] == name and row["origin"] < MANUAL]
    period, count, expected = period_s * SECOND, 0, None
    for row in slots:
        begin = row["missed_from"] if row["missed"] else row["scheduled_at"]
        assert row["scheduled_at"] - begin == row["missed"] * period, f"{name}: wrong count: {tuple(row)}"
        if counted_twice and expected is not None:
            assert begin <= expected, f"{name}: nothing accounts for {expected}: {tuple(row)}"
            expected = max(expected, row["scheduled_at"] + period)
        else:
            assert expected in (None, begin), f"{name}: expected slot {expected}, found {tuple(row)}"
            expected = row["scheduled_at"] + period
        count += row["missed"] + 1
    assert count > 0, f"{name} has no slot: the test shows nothing"
    return count


def nothing_alive(rows):
    living = [tuple(row) for row in rows if row["state"] < SUCCEEDED]
    assert not living, f"rows left alive: {living[:5]}"


def audit(server, starts, *every_second, **more):
    """The server has ended in order: all of the above. The rows."""
    return audit_rows(rows_of(server.db), starts, *every_second, **more)


def audit_rows(rows, starts, *every_second, **more):
    nothing_alive(rows)
    nothing_invented(rows, starts)
    nothing_twice(rows, starts)
    for name in every_second:
        nothing_unaccounted(rows, name, **more)
    return rows
