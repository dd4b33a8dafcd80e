/** Letters that one sound is written with in the Latin spellings of other scripts, in this order. */
const sounds: readonly (readonly [RegExp, string])[] = [
  [/shch|sch|sh|sz/g, "X"],
  [/tsch|tch|ch|cz/g, "C"],
  [/dzh|dj|dsh/g, "j"],
  [/ph/g, "f"],
  [/kh/g, "h"],
  [/gh/g, "g"],
  [/zh/g, "z"],
  [/th/g, "t"],
  [/dh/g, "d"],
  [/ck|q/g, "k"],
  [/c(?=[eiy])/g, "s"],
  [/c/g, "k"],
  [/x/g, "ks"],
  [/tz|ts/g, "z"],
  [/gu(?=[ei])/g, "g"],
  [/ff$/g, "v"],
  [/(?<=[aeiouy])j$/g, "i"],
  [/h$/g, ""],
];

const vowels: readonly (readonly [RegExp, string])[] = [
  [/w/g, "v"],
  [/eo|eu|oo|ou|o/g, "u"],
  [/[ae]i|[ae]y|[ey]/g, "i"],
];

/** Letters that follow themselves are one. */
export const once = (text: string) => text.replace(/(.)\1+/g, "$1");

const rewrite = (text: string, rules: typeof sounds) =>
  rules.reduce((so, [pattern, by]) => so.replace(pattern, by), text);

/** A part of a name as it sounds, roughly: what spellings of one name have in common. */
export const foldOf = (word: string): string => once(rewrite(rewrite(word, sounds), vowels));

/**
 * The consonants of a part alone: what a name in a script without vowels (Arabic, Hebrew) shares with
 * the same name in Latin letters. A w counts only at the beginning, because it stands for u elsewhere.
 */
export const bonesOf = (word: string): string =>
  once(
    rewrite(word, sounds)
      .replace(/^w/, "v")
      .replace(/[aeiouyw]/g, ""),
  );

const classes: Readonly<Record<string, string>> = {
  b: "p",
  f: "p",
  p: "p",
  v: "p",
  w: "p",
  c: "k",
  g: "k",
  h: "k",
  k: "k",
  q: "k",
  x: "ks",
  j: "s",
  s: "s",
  z: "s",
  d: "t",
  t: "t",
  m: "n",
  n: "n",
  l: "l",
  r: "r",
};

/**
 * The classes of the consonants of a part, letter by letter: coarse enough that spellings in several
 * languages ("Khv", "Chw") share it. It only finds what is worth comparing; it decides nothing.
 */
export const classesOf = (word: string): string =>
  once(
    Array.from(word.replace(/(?<=.)h/g, ""), (letter) =>
      letter >= "0" && letter <= "9" ? letter : (classes[letter] ?? ""),
    ).join(""),
  );
