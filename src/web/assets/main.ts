import { byId, saveAs } from './element.js';
import { prepareDropZone } from './form/drop-zone.js';
import { askForApiKey, chosenOptions, prepareOptions } from './form/options.js';
import { remembered } from './jobs/remembered.js';
import { Card, type CardAction } from './pictures/card.js';
import { Picture } from './pictures/picture.js';
import { Stage } from './stage/stage.js';
import { CONNECTION_LOST } from './words.js';

/** All pictures of this page with their cards, in the order of arrival. */
const cards = new Map<Picture, Card>();
const stage = new Stage((picture) => {
  markCurrent();
  cards.get(picture)?.focus('compare');
});

/** Announces a change of state to screen readers, politely. Progress by tiles is not announced. */
function announce(sentence: string): void {
  byId('announcer', HTMLElement).textContent = sentence;
}

/** Adds a card for a picture, and announces its changes. */
function show(picture: Picture): void {
  const card = new Card(picture, (action) => act(picture, card, action));
  cards.set(picture, card);
  byId('cards', HTMLElement).append(card.element);
  let { phase, connected, result } = picture;
  picture.addEventListener('change', () => {
    if (picture.connected !== connected) {
      connected = picture.connected;
      announce(connected ? 'The connection to the service is back.' : CONNECTION_LOST);
    }
    if (picture.phase === phase) return;
    phase = picture.phase;
    changed(picture, picture.result !== result);
    result = picture.result;
  });
}

function act(picture: Picture, card: Card, action: CardAction): void {
  if (action === 'cancel') picture.cancel();
  else if (action === 'again') picture.run(chosenOptions());
  else if (action === 'compare') open(picture, true);
  else remove(picture, card);
}

function open(picture: Picture, focus: boolean): void {
  stage.open(picture, { focus });
  markCurrent();
}

function remove(picture: Picture, card: Card): void {
  const neighbour = card.element.nextElementSibling ?? card.element.previousElementSibling;
  if (stage.picture === picture) stage.close();
  picture.dispose();
  card.remove();
  cards.delete(picture);
  announce(`${picture.name} removed.`);
  tally();
  if (neighbour instanceof HTMLElement) neighbour.focus();
  else byId('files', HTMLInputElement).focus();
}

/** A picture has entered another phase. */
function changed(picture: Picture, hasNewResult: boolean): void {
  const { name } = picture;
  tally();
  if (picture.phase === 'done') {
    announce(hasNewResult ? `${name} is ready.` : `${name} cancelled. The earlier result is still here.`);
    // The first result opens by itself, and so does a new result of the open picture. Others do not replace the open one.
    const isFirst = stage.picture === undefined && results().length === 1;
    if (hasNewResult && (isFirst || stage.picture === picture)) open(picture, false);
  } else if (picture.phase === 'failed') {
    announce(`${name} failed. ${picture.reason}`);
    if (picture.code === 'unauthorized') askForApiKey();
  } else if (picture.phase === 'cancelled') announce(`${name} cancelled.`);
}

/** Pictures with a result, of their latest run or of an earlier one. */
function results(): Picture[] {
  return [...cards.keys()].filter((picture) => picture.finished !== undefined);
}

function markCurrent(): void {
  for (const [picture, card] of cards) card.current = picture === stage.picture;
}

/** Shows how many pictures are at work, ready and failed. */
function tally(): void {
  const pictures = [...cards.keys()];
  const counted = (words: string, test: (picture: Picture) => boolean) => {
    const number = pictures.filter(test).length;
    return number === 0 ? [] : `${number} ${words}`;
  };
  byId('tally', HTMLElement).textContent = [
    counted('on their way', ({ busy }) => busy),
    counted('ready', ({ phase }) => phase === 'done'),
    counted('failed', ({ phase }) => phase === 'failed'),
  ]
    .flat()
    .join(', ');
  byId('pictures', HTMLElement).hidden = pictures.length === 0;
  byId('download-all', HTMLButtonElement).hidden = results().length < 2;
  document.body.classList.toggle('has-pictures', pictures.length > 0);
}

async function downloadAll(): Promise<void> {
  const button = byId('download-all', HTMLButtonElement);
  button.disabled = true;
  const pictures = results();
  const contents = pictures.flatMap(({ result, finished }) =>
    result === undefined || finished?.result === undefined
      ? []
      : [{ name: finished.result.fileName, content: result }],
  );
  try {
    const { zipResults } = await import('./pictures/archive.js');
    saveAs(await zipResults(contents), 'tessera.zip');
    for (const picture of pictures) picture.noteDownload();
    announce(`${contents.length} pictures saved in one ZIP file.`);
  } finally {
    button.disabled = false;
  }
}

prepareOptions();
prepareDropZone((files) => {
  for (const file of files) {
    const picture = new Picture(file.name, file);
    show(picture);
    picture.run(chosenOptions());
  }
  tally();
  announce(files.length === 1 ? `${files[0]?.name} added.` : `${files.length} pictures added.`);
});
byId('download-all', HTMLButtonElement).addEventListener('click', downloadAll);

for (const known of remembered()) {
  const picture = Picture.remembered(known);
  show(picture);
  picture.resume();
}
tally();

// After a reload the page finds its pictures again. A closed tab loses them, and a reload loses unfinished uploads.
window.addEventListener('beforeunload', (event) => {
  if ([...cards.keys()].some((picture) => picture.busy || picture.unsaved)) event.preventDefault();
});
