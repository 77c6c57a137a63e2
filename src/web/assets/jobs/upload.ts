import type { Job } from '../client/jobs-api.js';
import { Problem } from '../client/problem.js';
import { bytesInWords } from '../client/words.js';
import { api } from './api.js';

/**
 * Sends one picture to `POST /jobs`. XMLHttpRequest, because fetch does not report the progress of an upload.
 * @param onProgress is told the share of the bytes that were sent, 0 to 1.
 * @returns the job as admitted.
 * @throws Problem for a refusal; Error when the connection broke; the signal's reason.
 */
export function uploadPicture(
  file: File,
  options: URLSearchParams,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Job> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const transfer = new XMLHttpRequest();
    transfer.open('POST', api.address(`jobs?${options}`));
    for (const [name, value] of Object.entries(api.keyHeader())) transfer.setRequestHeader(name, value);

    const abort = () => transfer.abort();
    signal.addEventListener('abort', abort, { once: true });
    transfer.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    transfer.onload = () => {
      const { status, responseText } = transfer;
      if (status === 202) resolve(JSON.parse(responseText).jobs[0]);
      else reject(Problem.from(status, responseText, transfer.getResponseHeader('retry-after')));
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
