/** A picture as shades of grey, row by row. */
export type Grey = {
  readonly width: number;
  readonly height: number;
  /** 0 to 255 each. */
  readonly shades: Uint8Array | Float32Array;
};

/** Longer edge at which pictures are compared, pixels. */
const COMPARED_EDGE = 1_000;

/**
 * How sharp a picture is: the variance of its Laplacian (Pech-Pacheco and others, 2000), which edges make
 * large and blur makes small. Larger pictures are first made as small as the others, so that a number
 * means the same for all.
 *
 * @returns 0 for a picture of one shade; null where it has no inner pixel.
 */
export function sharpnessOf(picture: Grey): number | null {
  const { width, height, shades } = shrink(picture);
  if (width < 3 || height < 3) return null;
  let [sum, squares] = [0, 0];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const around =
        (shades[at - 1] as number) +
        (shades[at + 1] as number) +
        (shades[at - width] as number) +
        (shades[at + width] as number);
      const found = around - 4 * (shades[at] as number);
      sum += found;
      squares += found * found;
    }
  }
  const count = (width - 2) * (height - 2);
  return squares / count - (sum / count) ** 2;
}

/** Averages whole squares of pixels, as many as bring the longer edge to the compared one or above. */
function shrink(picture: Grey): Grey {
  const factor = Math.floor(Math.max(picture.width, picture.height) / COMPARED_EDGE);
  if (factor < 2) return picture;
  const width = Math.floor(picture.width / factor);
  const height = Math.floor(picture.height / factor);
  const shades = new Float32Array(width * height);
  for (let y = 0; y < height * factor; y += 1) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x += 1) {
      const at = row + Math.floor(x / factor);
      shades[at] = (shades[at] as number) + (picture.shades[y * picture.width + x] as number);
    }
  }
  for (let at = 0; at < shades.length; at += 1) {
    shades[at] = (shades[at] as number) / (factor * factor);
  }
  return { width, height, shades };
}
