// pg-boss. Each timeline is one job that starts after its next send; jobs are inserted, fetched and
// completed in batches.

import PgBoss from 'pg-boss';
import pg from 'pg';

import { address, enrols, GROUP, handOver, IN_FLIGHT, nextMs, say, sends } from './work.mjs';

const pool = new pg.Pool({ connectionString: address, max: 2 * IN_FLIGHT });
const db = { executeSql: (text, values) => pool.query(text, values) };
const boss = new PgBoss({ db, supervise: false, schedule: false });
await boss.start();
await boss.createQueue('timelines');

const spec = (job, startAfter, step) => ({
  name: 'timelines',
  data: { id: job.id, key: job.key, campaign: job.campaign, step },
  startAfter,
  expireInSeconds: 600,
});
const make = (job) => spec(job, new Date(job.dueMs).toISOString(), 1);
const enrolled = await handOver(make, (group) => boss.insert(group));
const count = async (where) => {
  const sql = `SELECT count(*)::int AS n FROM pgboss.job WHERE name = 'timelines' AND ${where}`;
  return (await pool.query(sql)).rows[0].n;
};

if (enrols) {
  say(enrolled, { enrolled: await count(`state = 'created' AND start_after > now()`) });
} else {
  await pool.query('VACUUM ANALYZE');
  const nextAt = new Date(Date.now() + nextMs).toISOString();
  const clock = sends();
  const caller = async () => {
    for (;;) {
      const claimed = await boss.fetch('timelines', { batchSize: GROUP });
      if (claimed.length === 0) {
        return;
      }
      await boss.insert(claimed.map((job) => spec(job.data, nextAt, job.data.step + 1)));
      await boss.complete('timelines', claimed.map((job) => job.id));
      claimed.forEach((job) => clock.count(job.data.id));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const seconds = clock.seconds();
  say(seconds, {
    claimed: clock.sent.size,
    'still due': await count(`state IN ('created', 'retry', 'active') AND start_after <= now()`),
    planned: await count(`state = 'created' AND start_after > now()`),
  });
}
process.exit(0);
