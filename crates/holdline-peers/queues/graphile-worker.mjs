// Graphile Worker. Each timeline is one job under a key of its own. Jobs are fetched in batches
// into the worker's local queue, reported in batches, and next steps are added in batches, too.

import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

import { address, enrols, GROUP, handOver, jobs, nextMs, say, sends, together } from './work.mjs';

const logger = new Logger(() => () => {});
const pgPool = new pg.Pool({ connectionString: address, max: 12 });
// Whatever breaks ends the script by the call that meets it.
pgPool.on('error', () => {});
pgPool.on('connect', (client) => client.on('error', () => {}));
const utils = await makeWorkerUtils({ pgPool, logger });
await utils.migrate();

const spec = (job, runAt, step) => ({
  identifier: 'send',
  payload: { id: job.id, key: job.key, campaign: job.campaign, step },
  runAt,
  jobKey: job.id,
});
const make = (job) => spec(job, new Date(job.dueMs), 1);
const enrolled = await handOver(make, (group) => utils.addJobs(group));
const count = async (where) => {
  const sql = `SELECT count(*)::int AS n FROM graphile_worker.jobs WHERE ${where}`;
  return (await pgPool.query(sql)).rows[0].n;
};

if (enrols) {
  say(enrolled, { enrolled: await count('run_at > now()') });
} else {
  await pgPool.query('VACUUM ANALYZE');
  const nextAt = new Date(Date.now() + nextMs);
  const addNext = together((specs) => utils.addJobs(specs));
  const clock = sends();
  const runner = await run({
    pgPool,
    logger,
    noHandleSignals: true,
    preset: {
      worker: {
        concurrentJobs: GROUP,
        pollInterval: 10,
        localQueue: { size: 2 * GROUP, ttl: 600_000 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        useNodeTime: false,
      },
    },
    taskList: {
      send: async (payload) => {
        await addNext(spec(payload, nextAt, payload.step + 1));
      },
    },
  });
  runner.events.on('job:success', ({ job }) => clock.count(job.payload.id));
  await clock.all;
  // What was reported is completed in a batch: it counts when none is left.
  while ((await count('run_at <= now()')) > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = clock.seconds();
  const counts = {
    claimed: clock.sent.size,
    'still due': await count('run_at <= now()'),
    planned: await count('run_at > now()'),
  };
  await runner.stop();
  say(seconds, counts);
}
process.exit(0);
