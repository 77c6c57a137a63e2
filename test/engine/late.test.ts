import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Lateness, late } from '../../src/engine/supervisor/late.js';

const KNOWN: Lateness = { estimateSeconds: 95.04, timeoutSeconds: 60, longestSeconds: 600 };
const sentence = (changes: Partial<Lateness>) => late({ ...KNOWN, ...changes }).message;

describe('the answer to an image that was late', () => {
  it('says what it needs and what to ask for, with some slack', () => {
    const error = late(KNOWN);
    assert.equal(
      error.message,
      'The image could not be upscaled within the time allowed: the image needs about 95 s. Ask for timeout=150.',
    );
    assert.deepEqual(error.details, { parameter: 'timeout', estimateSeconds: 95 });
  });

  it('says nothing of what is not known', () => {
    const error = late({ ...KNOWN, estimateSeconds: undefined });
    assert.match(error.message, /within the time allowed\. Ask for a longer timeout\.$/);
    assert.equal('estimateSeconds' in error.details, false);
  });

  it('asks for more than there was, where the image was held up', () => {
    assert.match(sentence({ estimateSeconds: 2.04 }), /about 2\.0 s\. Ask for timeout=90\.$/);
  });

  it('asks for no more than is allowed', () => {
    assert.match(sentence({ estimateSeconds: 500 }), /Ask for timeout=600\.$/);
    for (const changes of [{ estimateSeconds: 601 }, { timeoutSeconds: 600 }])
      assert.match(
        sentence(changes),
        /No more than 600 s may be asked for; ask for a faster model or a smaller/,
      );
  });

  it('tells the wait in a queue from the work', () => {
    assert.match(
      sentence({ backlogSeconds: 40 }),
      /^The queue was too long .* Ask for timeout=210, or try again later\.$/,
    );
  });
});
