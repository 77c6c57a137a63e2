/** Longest `Accept` header that is parsed. */
const MAX_LENGTH = 2000;

/**
 * Image media types in an `Accept` header, preferred first (RFC 9110, 12.5.1). Ranges such as `image/*` name no type
 * and are left out, and so are types with `q=0`.
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
