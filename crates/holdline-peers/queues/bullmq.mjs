// BullMQ. Each timeline is one delayed job under an id of its own; the next step is the same job,
// delayed again by its worker, which is one script on the server instead of two.

import { DelayedError, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

import { address, enrols, handOver, jobs, nextMs, say, sends, startMs } from './work.mjs';

const connect = () =>
  new Redis({ path: address, maxRetriesPerRequest: null, enableAutoPipelining: true });
const connection = connect();
const queue = new Queue('timelines', { connection });

const make = (job) => ({
  name: 'send',
  data: { key: job.key, campaign: job.campaign, step: 1 },
  opts: {
    jobId: job.id,
    timestamp: startMs,
    delay: Math.max(1, job.dueMs - startMs),
    removeOnComplete: true,
  },
});
const enrolled = await handOver(make, (group) => queue.addBulk(group));

if (enrols) {
  say(enrolled, { enrolled: await queue.getDelayedCount() });
} else {
  const clock = sends();
  const now = Date.now();
  const workers = [];
  const work = async (job, token) => {
    await job.moveToDelayed(now + nextMs, token);
    clock.count(job.id);
    throw new DelayedError();
  };
  for (let it = 0; it < 2; it++) {
    const options = { concurrency: 200, drainDelay: 1, lockDuration: 600_000 };
    workers.push(new Worker('timelines', work, { connection: connect(), ...options }));
  }
  await clock.all;
  const seconds = clock.seconds();
  const due = await connection.zcount('bull:timelines:delayed', '-inf', now * 0x1000);
  const waiting = (await queue.getWaitingCount()) + due;
  const planned = (await queue.getDelayedCount()) - due;
  await Promise.all(workers.map((worker) => worker.close(true)));
  say(seconds, { claimed: clock.sent.size, 'still due': waiting, planned });
}
process.exit(0);
