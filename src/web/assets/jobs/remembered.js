/**
 * What this tab knows of its jobs, kept over a reload: the service has the pictures, and forgets them after a while.
 * @typedef {{ job: import('./api.js').Job, name: string, downloaded: boolean }} Remembered job: as last known.
 */

const NAME = 'tessera-pictures';

/** @returns {Remembered[]} in the order in which they were sent. */
export function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? '[]');
  } catch {
    return [];
  }
}

/** @param {Remembered} picture takes the place of what is known of the same job. */
export function remember(picture) {
  const known = remembered();
  const place = known.findIndex(({ job }) => job.id === picture.job.id);
  if (place === -1) known.push(picture);
  else known[place] = picture;
  keep(known);
}

/** @param {string} id of the job. */
export function forget(id) {
  keep(remembered().filter(({ job }) => job.id !== id));
}

/** @param {Remembered[]} pictures */
function keep(pictures) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(pictures));
  } catch {
    // A browser that forbids storage shows nothing after a reload: the warning before it stands.
  }
}
