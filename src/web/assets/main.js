import { announce } from './announcer.js';
import { Card } from './card.js';
import { prepareDropZone } from './drop-zone.js';
import { byId } from './element.js';
import { askForApiKey, chosenOptions, prepareOptions } from './options.js';
import { Picture } from './picture.js';
import { Stage } from './stage.js';

/** All pictures of this page with their cards, in the order in which they came. @type {Map<Picture, Card>} */
const cards = new Map();
const stage = new Stage((picture) => {
  markCurrent();
  cards.get(picture)?.focus('compare');
});

/** @param {File} file */
function add(file) {
  const picture = new Picture(file);
  const card = new Card(picture, (action) => act(picture, card, action));
  cards.set(picture, card);
  byId('cards', HTMLElement).append(card.element);
  let phase = picture.phase;
  picture.addEventListener('change', () => {
    if (picture.phase === phase) return;
    phase = picture.phase;
    changed(picture);
  });
  picture.run(chosenOptions());
}

/**
 * @param {Picture} picture
 * @param {Card} card
 * @param {import('./card.js').CardAction} action
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
  announce(`${picture.file.name} removed.`);
  tally();
  if (neighbour instanceof HTMLElement) neighbour.focus();
  else byId('files', HTMLInputElement).focus();
}

/** A picture has come to another phase. @param {Picture} picture */
function changed(picture) {
  const { name } = picture.file;
  tally();
  if (picture.phase === 'done') {
    announce(`${name} is ready.`);
    // The first result opens by itself; later ones must not take away what somebody is looking at.
    if (stage.picture === undefined && results().length === 1) open(picture, false);
  } else if (picture.phase === 'failed') {
    announce(`${name} failed. ${picture.reason}`);
    if (picture.code === 'unauthorized') askForApiKey();
  } else if (picture.phase === 'cancelled') announce(`${name} cancelled.`);
  if (stage.picture === picture && picture.phase !== 'done') stage.close();
}

function results() {
  return [...cards.keys()].filter((picture) => picture.phase === 'done');
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
    [results().length, 'ready'],
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
  const contents = results().flatMap(({ result, job }) =>
    result === undefined || job?.result === undefined ? [] : [{ name: job.result.fileName, content: result }],
  );
  try {
    const { saveAs, zipResults } = await import('./archive.js');
    saveAs(await zipResults(contents), 'tessera.zip');
    announce(`${contents.length} pictures saved in one ZIP file.`);
  } finally {
    button.disabled = false;
  }
}

prepareOptions();
prepareDropZone((files) => {
  for (const file of files) add(file);
  tally();
  announce(files.length === 1 ? `${files[0]?.name} added.` : `${files.length} pictures added.`);
});
byId('download-all', HTMLButtonElement).addEventListener('click', downloadAll);

// Nobody else knows the ids of these jobs: without the page their work is for nothing.
window.addEventListener('pagehide', (event) => {
  if (event.persisted) return;
  for (const picture of cards.keys()) picture.abandon();
});
