import { MAX_BUSINESS_NAME, MAX_PERSON_NAME } from "../model.ts";

/** Letters of any script with their marks, between them spaces, hyphens, apostrophes and points. */
const PERSON_FORM = /^\p{L}[\p{L}\p{M}\p{Join_Control} .,'’ʼ·-]*$/u;

/** A business may also have digits and signs, but not only those. */
const BUSINESS_FORM = /^(?=.*[\p{L}\p{N}])[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Join_Control} ]+$/u;

/**
 * What people and programs type where they have no name. Compared without case, marks and spaces. Left
 * out on purpose: words that are names of people too, such as Null, Foo, Sample, Blank and Tester.
 */
const placeholders = new Set(
  `abc abcd asd asdf asdfgh customer dummy fake firstname foobar fullname givenname lastname
   legalname name nil noname none notapplicable placeholder qwerty surname tba tbd test testing
   testuser undefined unknown user xyz`.split(/\s+/),
);

/** Whole names that are placeholders, though a part alone can be a name. */
const placeholderPairs = new Set(["foobar", "nullnull"]);

/** A name as it is kept: composed, one space between words, none around it. */
export function tidyName(name: string): string {
  return name.normalize("NFC").trim().replace(/\s+/gu, " ");
}

/** What is wrong with one name of a person, in words; null where it can be one. */
export function personNameFault(name: string): string | null {
  if ([...name].length > MAX_PERSON_NAME) {
    return `A name has at most ${MAX_PERSON_NAME} characters.`;
  }
  if (!PERSON_FORM.test(name)) {
    return "A name is of letters, with spaces, hyphens, apostrophes and points between them.";
  }
  return isPlaceholder(name) ? "This stands for a name, but is none." : null;
}

/** What is wrong with the name of a business, in words; null where it can be one. */
export function businessNameFault(name: string): string | null {
  if ([...name].length > MAX_BUSINESS_NAME) {
    return `A legal name has at most ${MAX_BUSINESS_NAME} characters.`;
  }
  if (!BUSINESS_FORM.test(name)) return "A legal name has at least one letter or digit.";
  return isPlaceholder(name) ? "This stands for a name, but is none." : null;
}

/** Whether first and last name together are a placeholder. */
export function isPlaceholderPair(firstName: string, lastName: string): boolean {
  return placeholderPairs.has(plain(`${firstName}${lastName}`));
}

/** A word of the list, "n/a", or one letter three times and more: "xxx". */
function isPlaceholder(name: string): boolean {
  const bare = plain(name);
  return placeholders.has(bare) || /^n\/a$/i.test(name) || /^(.)\1{2,}$/u.test(bare);
}

function plain(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]/gu, "")
    .toLowerCase();
}
