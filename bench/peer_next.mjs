// peer_next.mjs - next fire times by croner or cron-parser, for next.py.
//
// usage: node peer_next.mjs croner|cron-parser < SCHEDULES, one JSON object {expr, tz, after} a line.
// Prints {name, parse_us, next_us, asked, refused}. Everything is done once before it is timed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ROUNDS = 10, STARTS = 3;

const peers = {
  croner() {
    const { Cron } = require('croner');
    return {
      parse: (expr, tz) => new Cron(expr, { timezone: tz, paused: true }),
      next: (cron, at) => cron.nextRun(at),
    };
  },
  'cron-parser'() {
    const { CronExpressionParser } = require('cron-parser');
    return {
      parse: (expr, tz) => CronExpressionParser.parse(expr, { tz }),
      next(cron, at) {
        cron.reset(at);
        return cron.next().toDate();
      },
    };
  },
};

const name = process.argv[2];
const peer = peers[name]();
const schedules = readFileSync(0, 'utf8').trim().split('\n').map(line => JSON.parse(line));
let parse = 0, next = 0, asked = 0, parsed = 0, refused = 0;

function time(rounds, work) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) work();
  return Number(process.hrtime.bigint() - start) / rounds / 1000;
}

for (const { expr, tz, after } of schedules) {
  let at = new Date(after);
  try {
    const cron = peer.parse(expr, tz);
    peer.next(cron, at);
    parse += time(ROUNDS, () => peer.parse(expr, tz));
    parsed++;
    for (let i = 0; i < STARTS && at; i++) {
      next += time(ROUNDS, () => peer.next(cron, at));
      asked++;
      at = peer.next(cron, at);
    }
  } catch {
    refused++;
  }
}
console.log(JSON.stringify({ name, parse_us: parse / parsed, next_us: next / asked, asked, refused }));
