// What the scripts of all queues share: the jobs they are given, how they are handed over, and what
// they say at the end.

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Jobs of one call, and calls in flight, as for everything else that is compared. */
export const GROUP = 1000;
export const IN_FLIGHT = 4;

const HOUR_MS = 3_600_000;

const [workload, address, path, next] = process.argv.slice(2);

/** Where the server is: a socket, or what a client of it takes. */
export { address };
/** Whether people are enrolled; else what is due is sent. */
export const enrols = workload === 'W2';
/** When the second step is due after the first one went out, in milliseconds. */
export const nextMs = Number(next);
/** What is due was due for an hour at least; what is enrolled is not due for an hour at least. */
export const startMs = Date.now() + (enrols ? HOUR_MS : -2 * HOUR_MS);

/** A timeline's next send: its id, and when it is due. */
export const jobs = readFileSync(path, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [key, campaign, delay] = line.split('\t');
    const [id, dueMs] = [`${campaign}/${key}`, startMs + Number(delay)];
    return { id, key, campaign: Number(campaign), dueMs };
  });

/** The jobs in groups. */
function groups() {
  const all = [];
  for (let from = 0; from < jobs.length; from += GROUP) {
    all.push(jobs.slice(from, from + GROUP));
  }
  return all;
}

/** Hands over all jobs, several groups in flight; made into what a client takes beforehand. */
export async function handOver(make, add) {
  const all = groups().map((group) => group.map(make));
  const began = performance.now();
  let at = 0;
  const caller = async () => {
    while (at < all.length) {
      await add(all[at++]);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (performance.now() - began) / 1000;
}

/** Collects what is asked for one by one within a turn of the loop, and does it together. */
export function together(doAll) {
  let waiting = [];
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (waiting.length === 1) {
        setImmediate(async () => {
          const all = waiting;
          waiting = [];
          try {
            await doAll(all.map((it) => it.item));
            all.forEach((it) => it.resolve());
          } catch (error) {
            all.forEach((it) => it.reject(error));
          }
        });
      }
    });
}

/** A clock that stops when as many sends went out as there are jobs, each once. */
export function sends() {
  const sent = new Set();
  let done;
  const all = new Promise((resolve) => {
    done = resolve;
  });
  return {
    began: performance.now(),
    /** One more went out. */
    count(id) {
      if (sent.has(id)) {
        throw new Error(`${id} went out twice`);
      }
      sent.add(id);
      if (sent.size === jobs.length) {
        done();
      }
    },
    sent,
    all,
    seconds() {
      return (performance.now() - this.began) / 1000;
    },
  };
}

/** What the benchmark reads: the last line. */
export function say(seconds, counts) {
  console.log(JSON.stringify({ seconds, count: jobs.length, counts }));
}
