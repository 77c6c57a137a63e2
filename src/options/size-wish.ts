import { TesseraError } from '../domain/errors.js';
import type { Fit, Position, SizeWish } from '../domain/size-wish.js';
import type { OptionName } from './option-table.js';

/** The ways to say how large a result is to be; a request takes one of them. */
const WAYS = [['scale'], ['width', 'height'], ['max_side'], ['megapixels']] as const satisfies OptionName[][];

/**
 * Reads the size that a request names in place of a scale.
 * @param given the options that the request names, parsed.
 * @returns undefined where it names none.
 * @throws TesseraError invalid_option for options that exclude each other, and for `fit` and `position` that mean nothing here.
 */
export function sizeWish(given: ReadonlyMap<OptionName, unknown>): SizeWish | undefined {
  const used = WAYS.flatMap((way) => way.filter((name) => given.has(name)).slice(0, 1));
  const [first, second] = used;
  if (first !== undefined && second !== undefined)
    throw contradiction(
      second,
      given,
      `no "${second}" beside "${first}": a request names its size in one way`,
    );
  const width = given.get('width') as number | undefined;
  const height = given.get('height') as number | undefined;
  const fit = given.get('fit') as Fit | undefined;
  const position = given.get('position') as Position | undefined;
  if (fit !== undefined && (width === undefined || height === undefined))
    throw contradiction('fit', given, 'both "width" and "height" beside it');
  if (position !== undefined && fit !== 'cover')
    throw contradiction('position', given, '"fit=cover" beside it');
  if (given.has('max_side')) return { kind: 'max_side', px: given.get('max_side') as number };
  if (given.has('megapixels')) return { kind: 'megapixels', megapixels: given.get('megapixels') as number };
  if (width === undefined && height === undefined) return undefined;
  return {
    kind: 'box',
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    fit: fit ?? 'inside',
    position: position ?? 'centre',
  };
}

function contradiction(
  name: OptionName,
  given: ReadonlyMap<OptionName, unknown>,
  expected: string,
): TesseraError {
  const received = String(given.get(name));
  return new TesseraError('invalid_option', `The option "${name}" is "${received}"; expected ${expected}.`, {
    details: { parameter: name, accepted: expected, received },
  });
}
