import type { Job } from '../client/jobs-api.js';

/** A job that this tab knows after a reload, as last seen. The service has its picture, and forgets it after a while. */
export interface Remembered {
  readonly job: Job;
  readonly name: string;
  readonly downloaded: boolean;
}

const NAME = 'tessera-pictures';

/** The jobs of this tab in the order in which they were sent. */
export function remembered(): Remembered[] {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? '[]');
  } catch {
    return [];
  }
}

/** @param picture replaces an earlier record of the same job. */
export function remember(picture: Remembered): void {
  const known = remembered();
  const place = known.findIndex(({ job }) => job.id === picture.job.id);
  if (place === -1) known.push(picture);
  else known[place] = picture;
  keep(known);
}

/** @param id of the job. */
export function forget(id: string): void {
  keep(remembered().filter(({ job }) => job.id !== id));
}

function keep(pictures: readonly Remembered[]): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(pictures));
  } catch {
    // A browser that forbids storage shows no pictures after a reload, and warns before it.
  }
}
