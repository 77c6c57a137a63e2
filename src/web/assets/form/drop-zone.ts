import { byId } from '../element.js';

/** Takes pictures in: dropped anywhere on the page, pasted, or chosen. */
export function prepareDropZone(onFiles: (files: File[]) => void): void {
  const take = (list: FileList | null | undefined): boolean => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(files);
    return files.length > 0;
  };
  const input = byId('files', HTMLInputElement);
  input.addEventListener('change', () => {
    take(input.files);
    input.value = ''; // So that the same file can be chosen again.
  });
  document.addEventListener('paste', (event) => {
    if (take(event.clipboardData?.files)) event.preventDefault();
  });

  let depth = 0;
  const setDepth = (next: number) => {
    depth = Math.max(0, next);
    document.body.classList.toggle('dragging', depth > 0);
  };
  const onDrag = (type: 'dragenter' | 'dragleave' | 'dragover' | 'drop', act: (event: DragEvent) => void) =>
    document.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes('Files')) act(event);
    });
  onDrag('dragenter', () => setDepth(depth + 1));
  onDrag('dragleave', () => setDepth(depth - 1));
  // Outside the zone too: otherwise the browser would open the dropped picture instead of the page.
  onDrag('dragover', (event) => event.preventDefault());
  onDrag('drop', (event) => {
    event.preventDefault();
    setDepth(0);
    take(event.dataTransfer?.files);
  });
}
