import sharp from 'sharp';

let profile: Promise<Buffer | undefined> | undefined;

/** The small sRGB profile (480 bytes) of libvips, read once from an image that libvips tagged. */
export function srgbProfile(): Promise<Buffer | undefined> {
  profile ??= sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
    .withIccProfile('srgb')
    .png()
    .toBuffer()
    .then((png) => sharp(png).metadata())
    .then(({ icc }) => icc);
  return profile;
}
