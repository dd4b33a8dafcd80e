/**
 * What a streamed answer can be written as. A format says by itself where it ends, so that a part is
 * never taken for the whole: JSON by its closing fields, JSON Lines and CSV by a closing line.
 */
export const streamFormats = {
  json: { contentType: "application/json; charset=utf-8", isFile: false },
  jsonl: { contentType: "application/x-ndjson; charset=utf-8", isFile: false },
  csv: { contentType: "text/csv; charset=utf-8", isFile: true },
  pdf: { contentType: "application/pdf", isFile: true },
} as const satisfies Record<string, { readonly contentType: string; readonly isFile: boolean }>;

export type StreamFormat = keyof typeof streamFormats;

export const streamFormatNames = Object.keys(streamFormats) as StreamFormat[];

/** The media type of a format, without parameters. */
export const mediaTypeOf = (format: StreamFormat): string =>
  streamFormats[format].contentType.replace(/;.*$/, "");

/** Longest Accept header that is looked at, in media ranges. */
const MAX_RANGES = 20;

type Range = { readonly type: string; readonly quality: number };

function rangesOf(accept: string): Range[] {
  return accept
    .split(",", MAX_RANGES)
    .map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
    })
    .filter(({ type }) => type !== "");
}

/** How much a caller wants a media type: by the most specific range that has it (RFC 9110 §12.5.1). */
function wish(ranges: readonly Range[], mediaType: string): number {
  const [family] = mediaType.split("/");
  for (const type of [mediaType, `${family}/*`, "*/*"]) {
    const found = ranges.find((range) => range.type === type);
    if (found !== undefined) return found.quality;
  }
  return 0;
}

/**
 * The format that an Accept header asks for: the one wanted most, among equals the first offered.
 *
 * @returns null where it takes none of those offered.
 */
export function acceptedFormat(
  accept: string | undefined,
  offered: readonly StreamFormat[],
): StreamFormat | null {
  const ranges = rangesOf(accept ?? "*/*");
  if (ranges.length === 0) return offered[0] ?? null;
  let best: StreamFormat | null = null;
  let most = 0;
  for (const format of offered) {
    const wanted = wish(ranges, mediaTypeOf(format));
    if (wanted > most) [best, most] = [format, wanted];
  }
  return best;
}
