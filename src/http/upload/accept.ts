/** Longest `Accept` that is looked at. */
const MAX_LENGTH = 2000;

/**
 * Image media types that an `Accept` header names, most wanted first (RFC 9110, 12.5.1). Ranges such as `image/*` name
 * no type, so they are left out; so is what has `q=0`.
 */
export function imageTypesByPreference(header: string | undefined): readonly string[] {
  if (header === undefined || header.length > MAX_LENGTH) return [];
  return header
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return { type, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ type, quality }) => /^image\/[a-z0-9.+-]+$/.test(type) && quality > 0 && quality <= 1)
    .sort((a, b) => b.quality - a.quality)
    .map(({ type }) => type);
}
