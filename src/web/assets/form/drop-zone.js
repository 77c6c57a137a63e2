import { byId } from '../element.js';

/**
 * Takes pictures in: dropped anywhere on the page, pasted, or chosen.
 * @param {(files: File[]) => void} onFiles
 */
export function prepareDropZone(onFiles) {
  const input = byId('files', HTMLInputElement);
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    input.value = ''; // So that the same file can be chosen again.
    if (files.length > 0) onFiles(files);
  });

  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });

  const carriesFiles = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const veil = (/** @type {number} */ next) => {
    depth = Math.max(0, next);
    document.body.classList.toggle('dragging', depth > 0);
  };
  document.addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) veil(depth + 1);
  });
  document.addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) veil(depth - 1);
  });
  document.addEventListener('dragover', (event) => {
    // Also outside the zone: a near miss must not make the browser leave the page for the picture.
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    veil(0);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
  });
}
