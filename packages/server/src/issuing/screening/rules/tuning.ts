/**
 * Every number of the score, in basis points of the whole (10,000 = the same name). They were set by
 * two thirds of the labelled pairs beside this file; what they reach is in docs/operating/screening.md.
 */
export const tuning = {
  /** From here on a match is shown to a reviewer. */
  threshold: 7_800,
  /** Parts less alike than this are different parts. */
  leastAlike: 0.66,
  sameVariant: 1,
  nickname: 0.92,
  initial: 0.8,
  /** The same consonants where one side is written without vowels, and where both have them. */
  bonesOfAbjad: 0.96,
  bones: 0.86,
  joined: 0.98,
  /** What a part counts that only the longer name has, once all of the shorter is found in it. */
  droppedPart: 0.32,
  weakName: -300,
  birth: { day: 500, swapped: 300, year: 200, near: 0, conflict: -1_500 },
  nationality: { same: 100, other: -100 },
} as const;
