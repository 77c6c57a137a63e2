import assert from 'node:assert/strict';
import test from 'node:test';
import { accepted, parseValue, type ValueSpec } from '../../src/options/value-spec.js';

test('a number is decimal notation within its range', () => {
  const spec = { type: 'number', minimum: 1, exclusiveMinimum: true, maximum: 8 } as const;
  for (const text of ['1', '9', '1e0', '-2', '+2', ' 2', '', '2.', '0x2', 'NaN'])
    assert.equal(parseValue(spec, text), undefined, text);
  assert.equal(parseValue(spec, '2.50'), 2.5);
  assert.equal(parseValue({ ...spec, type: 'integer' }, '2.5'), undefined);
  assert.equal(accepted(spec), 'a number above 1 and at most 8');
});

test('words are read in any case, and synonyms become their choice', () => {
  const format: ValueSpec = { type: 'choice', choices: ['jpeg', 'png'], spellings: { jpg: 'jpeg' } };
  assert.deepEqual(
    ['JPG', 'Png', 'gif', 'constructor'].map((text) => parseValue(format, text)),
    ['jpeg', 'png', undefined, undefined],
  );
  assert.equal(parseValue({ type: 'boolean' }, 'True'), true);
  assert.equal(parseValue({ type: 'boolean' }, 'yes'), undefined);
});

test('a colour becomes #rrggbb', () => {
  const colour = (text: string) => parseValue({ type: 'colour' }, text);
  assert.deepEqual(['#F80', 'f80', '#ff8800', 'blue', '#ff88'].map(colour), [
    '#ff8800',
    '#ff8800',
    '#ff8800',
    undefined,
    undefined,
  ]);
});
