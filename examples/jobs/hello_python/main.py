"""A job in Python: a function called call, plain or async. What it returns is kept as the run's result."""
import asyncio
import logging
import os

logging.basicConfig(level=logging.INFO)  # to stderr, which is kept with the run
log = logging.getLogger(__name__)


async def call(*args, **kwargs):
    log.info("hello from %s, due at %s", __name__, os.environ.get("BELFRY_SCHEDULED_AT", "no time"))
    await asyncio.sleep(0.1)
    return {"arguments": list(args)}
