import { median, table } from './measure.js';
import type { Picture } from './pictures.js';
import type { Service } from './service.js';

interface JobList {
  readonly jobs: readonly { readonly id: string }[];
}

/** `POST /jobs`, its events to the end, its result: the whole way of a client that watches. */
async function throughJob(service: Service, picture: Picture): Promise<{ ms: number; longestGapMs: number }> {
  const start = performance.now();
  const created = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: picture.bytes,
  });
  const id = ((await created.json()) as JobList).jobs[0]?.id;
  if (id === undefined) throw new Error('POST /jobs named no job.');
  const events = await fetch(`${service.url}/jobs/${id}/events`);
  if (events.body === null) throw new Error('The events have no body.');
  let last = performance.now();
  let longestGapMs = 0;
  for await (const _chunk of events.body) {
    longestGapMs = Math.max(longestGapMs, performance.now() - last);
    last = performance.now();
  }
  const result = await fetch(`${service.url}/jobs/${id}/result`);
  if (!result.ok) throw new Error(`The result answered ${result.status}.`);
  await result.arrayBuffer();
  const ms = performance.now() - start;
  await (await fetch(`${service.url}/jobs/${id}`, { method: 'DELETE' })).arrayBuffer();
  return { ms, longestGapMs };
}

/** What the handle of a job costs against `/upscale`, in turn on the same pictures; and the longest silence of its events. */
export async function jobOverhead(
  service: Service,
  pictures: readonly Picture[],
  pairs: number,
): Promise<string> {
  const rows: string[][] = [];
  for (const picture of pictures) {
    const direct: number[] = [];
    const jobs: number[] = [];
    const gaps: number[] = [];
    for (let i = 0; i < pairs; i++) {
      direct.push((await service.upscale(picture.bytes)).ms);
      const job = await throughJob(service, picture);
      jobs.push(job.ms);
      gaps.push(job.longestGapMs);
    }
    const differences = jobs.map((ms, i) => ms - (direct[i] ?? Number.NaN));
    rows.push([
      picture.label,
      median(direct).toFixed(0),
      median(jobs).toFixed(0),
      median(differences).toFixed(1),
      Math.max(...gaps).toFixed(0),
    ]);
  }
  return table(
    ['input', '/upscale ms', 'job ms', 'median difference ms', 'longest time between events ms'],
    rows,
  );
}
