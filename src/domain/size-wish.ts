export const FITS = ['inside', 'cover', 'fill'] as const;
export type Fit = (typeof FITS)[number];
export const POSITIONS = ['centre', 'top', 'right', 'bottom', 'left'] as const;
export type Position = (typeof POSITIONS)[number];

/** A size that a request names in place of a scale. A box has a width, a height or both, in pixels. */
export type SizeWish =
  | {
      readonly kind: 'box';
      readonly width?: number;
      readonly height?: number;
      readonly fit: Fit;
      readonly position: Position;
    }
  | { readonly kind: 'max_side'; readonly px: number }
  | { readonly kind: 'megapixels'; readonly megapixels: number };
