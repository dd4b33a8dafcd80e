import type { ListedEntry, Subject } from "../model.ts";

/** Numbers that look random and are the same on every run. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Given names as common as in life: a few that many share, and syllables for all else. */
const common =
  `mohammed ali ahmed hassan abdul ibrahim yusuf omar khalid mahmoud sergey aleksandr vladimir
  dmitry mikhail andrey ivan maria jose carlos luis juan kim li wang zhang chen john james robert david
  elena olga natalia igor oleg yuri viktor nikolai hussein said mustafa reza mehdi fatima`.split(
    /\s+/,
  );
const onsets = "b,ch,d,f,g,gr,h,j,k,kh,kr,l,m,n,p,r,s,sh,st,t,tr,v,w,y,z,zh".split(",");
const vowels = ["a", "e", "i", "o", "u", "a", "ai", "ou"];
const codas = ["", "", "", "n", "r", "l", "s", "m", "k", "d"];
const endings = ["ov", "in", "enko", "i", "shvili", "zade", "", "", "ez", "ski", "yan", "ani"];

function surname(draw: (below: number) => number): string {
  const of = (letters: readonly string[]) => letters[draw(letters.length)] as string;
  const syllables = Array.from({ length: 2 + draw(2) }, () => of(onsets) + of(vowels) + of(codas));
  return syllables.join("") + of(endings);
}

export function madeName(draw: (below: number) => number): string {
  const given = Array.from({ length: 1 + draw(2) }, () => common[draw(common.length)]);
  return [...given, surname(draw)].join(" ");
}

const day = (draw: (below: number) => number) => {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${1940 + draw(65)}-${two(1 + draw(12))}-${two(1 + draw(28))}`;
};

/** As many listed persons as asked for, each with one to four names, as published lists have. */
export function madeEntries(count: number, seed = 1): ListedEntry[] {
  const draw = numbers(seed);
  return Array.from({ length: count }, (_, at) => ({
    source: "ofac_sdn" as const,
    sourceId: String(at + 1),
    kind: "person" as const,
    names: Array.from({ length: 1 + draw(4) }, () => ({
      text: madeName(draw),
      quality: "strong" as const,
    })),
    births: draw(4) === 0 ? [] : [{ kind: "exact" as const, day: day(draw) }],
    nationalities: [],
    programmes: [],
    remarks: null,
  }));
}

/** Subjects for them: innocents, and every fifth one listed. */
export function madeSubjects(count: number, entries: readonly ListedEntry[], seed = 2): Subject[] {
  const draw = numbers(seed);
  return Array.from({ length: count }, (_, at) => {
    const listed = entries[draw(entries.length)]?.names[0]?.text;
    const name = at % 5 === 0 && listed !== undefined ? listed : madeName(draw);
    return { name, kind: "person" as const, birthDate: day(draw) };
  });
}
