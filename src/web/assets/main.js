import { announce } from './announcer.js';
import { byId } from './element.js';
import { prepareDropZone } from './form/drop-zone.js';
import { askForApiKey, chosenOptions, prepareOptions } from './form/options.js';
import { remembered } from './jobs/remembered.js';
import { Card } from './pictures/card.js';
import { Picture } from './pictures/picture.js';
import { Stage } from './stage/stage.js';
import { CONNECTION_LOST } from './words.js';

/** All pictures of this page with their cards, in the order in which they came. @type {Map<Picture, Card>} */
const cards = new Map();
const stage = new Stage((picture) => {
  markCurrent();
  cards.get(picture)?.focus('compare');
});

/** Gives a picture its card. @param {Picture} picture */
function show(picture) {
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

/**
 * @param {Picture} picture
 * @param {Card} card
 * @param {import('./pictures/card.js').CardAction} action
 */
function act(picture, card, action) {
  if (action === 'cancel') picture.cancel();
  else if (action === 'again') picture.run(chosenOptions());
  else if (action === 'compare') open(picture, true);
  else remove(picture, card);
}

/**
 * @param {Picture} picture
 * @param {boolean} focus
 */
function open(picture, focus) {
  stage.open(picture, { focus });
  markCurrent();
}

/**
 * @param {Picture} picture
 * @param {Card} card
 */
function remove(picture, card) {
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

/**
 * A picture has come to another phase.
 * @param {Picture} picture
 * @param {boolean} hasNewResult
 */
function changed(picture, hasNewResult) {
  const { name } = picture;
  tally();
  if (picture.phase === 'done') {
    announce(hasNewResult ? `${name} is ready.` : `${name} cancelled. The earlier result is still here.`);
    // The first result opens by itself, and one that takes the place of what is looked at; others must not take that away.
    const isFirst = stage.picture === undefined && results().length === 1;
    if (hasNewResult && (isFirst || stage.picture === picture)) open(picture, false);
  } else if (picture.phase === 'failed') {
    announce(`${name} failed. ${picture.reason}`);
    if (picture.code === 'unauthorized') askForApiKey();
  } else if (picture.phase === 'cancelled') announce(`${name} cancelled.`);
}

/** Pictures with a result at hand, of their latest run or of an earlier one. */
function results() {
  return [...cards.keys()].filter((picture) => picture.finished !== undefined);
}

function markCurrent() {
  for (const [picture, card] of cards) card.current = picture === stage.picture;
}

/** Shows how many there are of what. */
function tally() {
  const pictures = [...cards.keys()];
  const count = (/** @type {(picture: Picture) => boolean} */ test) => pictures.filter(test).length;
  const parts = [
    [count((picture) => picture.busy), 'on their way'],
    [count((picture) => picture.phase === 'done'), 'ready'],
    [count((picture) => picture.phase === 'failed'), 'failed'],
  ];
  byId('tally', HTMLElement).textContent = parts
    .filter(([number]) => number !== 0)
    .map((part) => part.join(' '))
    .join(', ');
  byId('pictures', HTMLElement).hidden = pictures.length === 0;
  byId('download-all', HTMLButtonElement).hidden = results().length < 2;
  document.body.classList.toggle('has-pictures', pictures.length > 0);
}

async function downloadAll() {
  const button = byId('download-all', HTMLButtonElement);
  button.disabled = true;
  const pictures = results();
  const contents = pictures.flatMap(({ result, finished }) =>
    result === undefined || finished?.result === undefined
      ? []
      : [{ name: finished.result.fileName, content: result }],
  );
  try {
    const { saveAs, zipResults } = await import('./pictures/archive.js');
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

// A reload finds them again; a closed tab does not, nor what was still to be sent.
window.addEventListener('beforeunload', (event) => {
  if ([...cards.keys()].some((picture) => picture.busy || picture.unsaved)) event.preventDefault();
});
