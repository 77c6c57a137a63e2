import assert from 'node:assert/strict';
import { until } from '../until.js';
import { form, type Harness } from './harness.js';

export type Json = Record<string, unknown>;

/** A job as the service shows it. */
export interface View extends Json {
  readonly id: string;
  readonly state: string;
}

/** Makes a job of one file. */
export async function create(
  { origin }: Harness,
  body: FormData | Promise<FormData> = form(),
  headers: Record<string, string> = {},
): Promise<View> {
  const response = await fetch(`${origin}/jobs`, { method: 'POST', body: await body, headers });
  assert.equal(response.status, 202, await response.clone().text());
  const { jobs } = (await response.json()) as { jobs: View[] };
  const [job] = jobs;
  assert.ok(job !== undefined);
  assert.equal(response.headers.get('location'), `/jobs/${job.id}`);
  return job;
}

export async function read({ origin }: Harness, id: string): Promise<View> {
  const response = await fetch(`${origin}/jobs/${id}`);
  assert.equal(response.status, 200);
  return (await response.json()) as View;
}

/** The job once it has ended, however. */
export async function ended(app: Harness, id: string): Promise<View> {
  let job = await read(app, id);
  await until(async () => {
    job = await read(app, id);
    return !['queued', 'running'].includes(job.state);
  }, 'The job has ended.');
  return job;
}

/** Status and code of a refusal: "404 not_found". */
export async function codeOf(response: Response): Promise<string> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  return `${response.status} ${((await response.json()) as Json).code}`;
}
