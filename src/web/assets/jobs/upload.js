import { bytesInWords } from '../words.js';
import { address, Problem } from './api.js';
import { keyHeader } from './api-key.js';

/**
 * Sends one picture to `POST /jobs`. XMLHttpRequest, because fetch tells nothing of an upload's progress.
 * @param {File} file
 * @param {URLSearchParams} options
 * @param {(fraction: number) => void} onProgress 0 to 1, of the bytes sent.
 * @param {AbortSignal} signal
 * @returns {Promise<import('./api.js').Job>} the job as admitted.
 * @throws {Problem} the service's refusal; Error when the connection broke; the signal's reason.
 */
export function uploadPicture(file, options, onProgress, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const transfer = new XMLHttpRequest();
    const query = options.toString();
    transfer.open('POST', address(query === '' ? 'jobs' : `jobs?${query}`));
    for (const [name, value] of Object.entries(keyHeader())) transfer.setRequestHeader(name, value);

    const abort = () => transfer.abort();
    signal.addEventListener('abort', abort, { once: true });
    transfer.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    transfer.onload = () => {
      if (transfer.status !== 202) {
        reject(
          Problem.from(transfer.status, transfer.responseText, transfer.getResponseHeader('retry-after')),
        );
        return;
      }
      resolve(JSON.parse(transfer.responseText).jobs[0]);
    };
    transfer.onerror = () =>
      reject(
        new Error(
          `The connection broke while ${bytesInWords(file.size)} were being sent. Either the service cannot be reached, or it does not take files of this size.`,
        ),
      );
    transfer.onabort = () => reject(signal.reason);
    transfer.onloadend = () => signal.removeEventListener('abort', abort);

    const form = new FormData();
    form.append('file', file, file.name);
    transfer.send(form);
  });
}
