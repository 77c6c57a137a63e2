/** Divides colours by alpha, the last of `channels`. Transparent pixels stay as they are. */
export function unmultiply(samples: Uint8Array | Uint16Array, channels: number): void {
  const most = samples instanceof Uint16Array ? 65_535 : 255;
  for (let at = 0; at < samples.length; at += channels) {
    const alpha = samples[at + channels - 1] ?? most;
    if (alpha === 0 || alpha === most) continue;
    for (let sample = at; sample < at + channels - 1; sample += 1)
      samples[sample] = Math.min(most, Math.round(((samples[sample] ?? 0) * most) / alpha));
  }
}
