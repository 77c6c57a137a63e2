import type { ImageRequest, OutputFormat, UpscaleOptions } from '../domain/types.js';

/**
 * The formats that a result may have, the wished-for first. `auto`: PNG where JPEG would lose alpha or 16 bits, else what `Accept`
 * names first of WebP and JPEG, else JPEG, and PNG for what neither can hold. Never AVIF.
 */
export function formatsByPreference(
  { format, accept }: Pick<UpscaleOptions, 'format' | 'accept'>,
  { transparent, sixteenBit }: { readonly transparent: boolean; readonly sixteenBit: boolean },
): readonly [OutputFormat, ...OutputFormat[]] {
  if (format !== 'auto') return [format];
  if (transparent || sixteenBit) return ['png'];
  const named = accept
    .map((type) => type.toLowerCase())
    .flatMap((type): OutputFormat[] =>
      type === 'image/webp' ? ['webp'] : type === 'image/jpeg' || type === 'image/jpg' ? ['jpeg'] : [],
    );
  const [first = 'jpeg', ...others] = named;
  return [first, ...others, 'jpeg', 'png'];
}

/** The format that a result will most likely have, by the header of its image. */
export function likelyFormat({ options, header }: ImageRequest): OutputFormat {
  const { hasAlpha, sixteenBit } = header;
  return formatsByPreference(options, { transparent: hasAlpha, sixteenBit })[0];
}
