// peer_dispatch.mjs - jobs of croner, bullmq and pg-boss, for dispatch.py.
//
// usage: node peer_dispatch.mjs croner JOBS SECONDS | bullmq JOBS PORT | pg-boss JOBS SOCKET_FOLDER
// croner: JOBS jobs of each second. bullmq, pg-boss: JOBS jobs delayed to one moment; from there until the last has run.
// Prints one JSON object with the members of dispatch.c's.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [name, jobs, where] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const sleep = ms => new Promise(done => setTimeout(done, ms));

async function croner() {
  const { Cron } = require('croner');
  const late = [];
  let from = Infinity, ran = 0;

  for (let i = 0; i < jobs; i++)
    new Cron('* * * * * *', () => {
      const now = Date.now();
      if (now < from) return;
      ran++;
      late.push(now % 1000);
    });
  await sleep(2000);
  from = Date.now() - Date.now() % 1000 + 1500;
  await sleep(from - Date.now() + Number(where) * 1000);
  const due = jobs * Number(where);
  late.sort((a, b) => a - b);
  return {
    jobs, runs_s: ran / Number(where), late_p50_ms: late[late.length >> 1] ?? null,
    late_p99_ms: late[Math.floor(late.length * 0.99)] ?? null, not_run: due - ran,
  };
}

async function bullmq() {
  const { Queue, Worker } = require('bullmq');
  const connection = { host: '127.0.0.1', port: Number(where) };
  const queue = new Queue('bench', { connection });
  const at = Date.now() + 8000 + jobs / 2;

  for (let i = 0; i < jobs; i += 1000)
    await queue.addBulk(Array.from({ length: Math.min(1000, jobs - i) }, (_, k) => ({ name: `j${i + k}`, data: {}, opts: { delay: at - Date.now() } })));
  let ran = 0;
  const worker = new Worker('bench', async () => { ran++; }, { connection, concurrency: 200 });
  const until = at + 60000;
  while (ran < jobs && Date.now() < until) await sleep(5);
  const drained_ms = Date.now() - at;
  await worker.close(true);
  await queue.close();
  return { jobs, drained_ms, runs: ran };
}

async function pgBoss() {
  const PgBoss = require('pg-boss');
  const boss = new PgBoss({ host: where, database: 'postgres', user: 'postgres' });
  boss.on('error', error => console.error(error));
  await boss.start();
  await boss.createQueue('bench');
  const at = Date.now() + 8000 + jobs;

  for (let i = 0; i < jobs; i += 1000)
    await boss.insert(Array.from({ length: Math.min(1000, jobs - i) }, () => ({ name: 'bench', data: {}, startAfter: new Date(at) })));
  await sleep(Math.max(0, at - Date.now()));
  let ran = 0;
  while (ran < jobs && Date.now() < at + 60000) {
    const batch = await boss.fetch('bench', { batchSize: 1000 });
    if (!batch || batch.length === 0) { await sleep(1); continue; }
    await boss.complete('bench', batch.map(job => job.id));
    ran += batch.length;
  }
  const drained_ms = Date.now() - at;
  await boss.stop({ graceful: false });
  return { jobs, drained_ms, runs: ran };
}

console.log(JSON.stringify(await { croner, bullmq, 'pg-boss': pgBoss }[name]()));
process.exit(0);
