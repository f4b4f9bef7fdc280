// peer_cluster.mjs - runs of graphile-worker and pg-boss on a PostgreSQL, one process of several, for cluster.py.
//
// usage: node peer_cluster.mjs graphile-worker|graphile-worker-batched|pg-boss fill URI COUNT | work URI SECONDS
// work: takes and completes until nothing has come for a second. Prints {"runs", "first", "last"}, moments in milliseconds.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [name, what, uri, number] = [...process.argv.slice(2, 5), Number(process.argv[5])];
const sleep = ms => new Promise(done => setTimeout(done, ms));
const seen = { runs: 0, first: 0, last: 0 };

function ran(count) {
  seen.last = Date.now();
  seen.first ||= seen.last;
  seen.runs += count;
}

async function untilCalm() {
  const end = Date.now() + number * 1000;
  while (Date.now() < end && Date.now() - (seen.last || end) < 1000) await sleep(50);
}

async function graphile() {
  const { run, makeWorkerUtils, Logger } = require('graphile-worker');
  const logger = new Logger(() => () => {});
  if (what === 'fill') {
    const utils = await makeWorkerUtils({ connectionString: uri, logger });
    await utils.migrate();
    await utils.withPgClient(client => client.query(
      `SELECT graphile_worker.add_jobs(array(SELECT json_populate_record(NULL::graphile_worker.job_spec,
        '{"identifier":"noop","payload":{}}') FROM generate_series(1, $1)))`, [number]));
    return utils.release();
  }
  const batched = name.endsWith('batched') ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {};
  const runner = await run({
    taskList: { noop: async () => ran(1) }, noHandleSignals: true, logger,
    preset: { worker: { connectionString: uri, concurrentJobs: 24, maxPoolSize: 25, pollInterval: 200, ...batched } },
  });
  await untilCalm();
  await runner.stop();
}

async function pgBoss() {
  const PgBoss = require('pg-boss');
  const boss = new PgBoss({ connectionString: uri, supervise: false, schedule: false });
  boss.on('error', error => console.error(error));
  await boss.start();
  if (what === 'fill') {
    await boss.createQueue('bench');
    for (let i = 0; i < number; i += 1000)
      await boss.insert(Array.from({ length: Math.min(1000, number - i) }, () => ({ name: 'bench', data: {} })));
  } else {
    const end = Date.now() + number * 1000;
    await Promise.all(Array.from({ length: 4 }, async () => {
      while (Date.now() < end) {
        const batch = await boss.fetch('bench', { batchSize: 100 });
        if (!batch || batch.length === 0) break;
        await boss.complete('bench', batch.map(job => job.id));
        ran(batch.length);
      }
    }));
  }
  await boss.stop({ graceful: false });
}

await (name === 'pg-boss' ? pgBoss() : graphile());
if (what === 'work') console.log(JSON.stringify(seen));
process.exit(0);
