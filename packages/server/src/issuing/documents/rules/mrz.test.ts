import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { specimens } from "../fixture.ts";
import { mrzCheckDigit, readMrz } from "./mrz.ts";

const TODAY = "2026-06-15";

const codesOf = (lines: readonly string[]) => {
  const reading = readMrz(lines, TODAY);
  return reading.ok ? [] : reading.problems.map(({ code }) => code);
};

const [line1, line2] = specimens.TD3;
const changed = (at: number, text: string) => [
  line1,
  line2.slice(0, at) + text + line2.slice(at + text.length),
];

test("ICAO's published specimens are read in all three formats", () => {
  const holder = {
    issuer: "UTO",
    nationality: "UTO",
    birthDate: "1974-08-12",
    sex: "F",
    expiryDate: "2012-04-15",
    lastName: "ERIKSSON",
    firstNames: "ANNA MARIA",
  };
  const read = (lines: readonly string[]) => {
    const reading = readMrz(lines, TODAY);
    assert.ok(reading.ok, JSON.stringify(reading));
    return reading.mrz;
  };
  const passport = { format: "TD3", documentCode: "P", documentNumber: "L898902C3" };
  assert.deepEqual(read(specimens.TD3), { ...holder, ...passport });
  const card = { documentCode: "I", documentNumber: "D23145890" };
  assert.deepEqual(read(specimens.TD2), { ...holder, ...card, format: "TD2" });
  assert.deepEqual(read(specimens.TD1), { ...holder, ...card, format: "TD1" });
});

test("check digits are those of the examples of Doc 9303 part 3", () => {
  assert.equal(mrzCheckDigit("520727"), "3");
  assert.equal(mrzCheckDigit("AB2134<<<"), "5");
  assert.equal(mrzCheckDigit("HA672242<658022549601086<<<<<<<<<<<<<<0"), "8");
});

test("each check digit guards its own field, and the last one all of them", () => {
  assert.deepEqual(codesOf(changed(0, "M")), ["mrz_document_number_check", "mrz_composite_check"]);
  assert.deepEqual(codesOf(changed(13, "73")), ["mrz_birth_date_check", "mrz_composite_check"]);
  assert.deepEqual(codesOf(changed(21, "13")), ["mrz_expiry_date_check", "mrz_composite_check"]);
  assert.deepEqual(codesOf(changed(28, "ZF")), ["mrz_optional_check", "mrz_composite_check"]);
  assert.deepEqual(codesOf(changed(43, "1")), ["mrz_composite_check"]);
});

test("lines of another number, length or alphabet are no machine-readable zone", () => {
  for (const lines of [
    [],
    [line1],
    [line1, line2, line2],
    [line1, line2.slice(1)],
    [line1.slice(0, 40), line2.slice(0, 40)],
    [`${line1}<`, `${line2}<`],
    ["", ""],
  ]) {
    assert.deepEqual(codesOf(lines), ["mrz_lines"], JSON.stringify(lines));
  }
  assert.deepEqual(codesOf([line1.replace("<", " "), line2]), ["mrz_characters"]);
  assert.deepEqual(codesOf([line1.replace("N", "É"), line2]), ["mrz_characters"]);
  assert.deepEqual(codesOf([` ${line1.toLowerCase()} `, line2]), []);
});

/** The passport of the specimen with other values and right check digits. */
function passport(birth: string, expiry: string, sex = "F", name: string = line1): string[] {
  const number = line2.slice(0, 10);
  const optional = line2.slice(28, 43);
  const dated = (date: string) => date + mrzCheckDigit(date);
  const end = mrzCheckDigit(number + dated(birth) + dated(expiry) + optional);
  return [name, `${number}UTO${dated(birth)}${sex}${dated(expiry)}${optional}${end}`];
}

test("dates must be days of the calendar; a birth not known in full is allowed", () => {
  assert.deepEqual(codesOf(passport("740230", "300101")), ["mrz_birth_date"]);
  assert.deepEqual(codesOf(passport("740812", "301301")), ["mrz_expiry_date"]);
  assert.deepEqual(codesOf(passport("740812", "30<<<<")), ["mrz_expiry_date"]);
  const unknown = readMrz(passport("74<<<<", "300101"), TODAY);
  assert.ok(unknown.ok);
  assert.equal(unknown.mrz.birthDate, null);
});

test("a birth is in the latest century in which it is not after today", () => {
  const born = (text: string) => {
    const reading = readMrz(passport(text, "300101"), TODAY);
    return reading.ok ? reading.mrz.birthDate : null;
  };
  assert.equal(born("260615"), "2026-06-15");
  assert.equal(born("260616"), "1926-06-16");
});

test("sex is M, F or not stated, and there is a last name without digits", () => {
  assert.deepEqual(codesOf(passport("740812", "300101", "Q")), ["mrz_sex"]);
  assert.ok(readMrz(passport("740812", "300101", "<"), TODAY).ok);
  const nameless = `P<UTO${"<".repeat(39)}`;
  assert.deepEqual(codesOf(passport("740812", "300101", "F", nameless)), ["mrz_name"]);
  const numbered = line1.replace("ANNA", "ANN4");
  assert.deepEqual(codesOf(passport("740812", "300101", "F", numbered)), ["mrz_name"]);
});

test("a card's number longer than nine characters ends in the optional data", () => {
  const number = "D23145890734";
  const first = `I<UTO${number.slice(0, 9)}<${number.slice(9)}${mrzCheckDigit(number)}<`.padEnd(
    30,
    "<",
  );
  const second = specimens.TD1[1].slice(0, 29);
  const composite = first.slice(5) + second.slice(0, 7) + second.slice(8, 15) + second.slice(18);
  const lines = [first, second + mrzCheckDigit(composite), specimens.TD1[2]];
  const reading = readMrz(lines, TODAY);
  assert.ok(reading.ok, JSON.stringify(reading));
  assert.equal(reading.mrz.documentNumber, number);
});

test("one wrong character in a guarded field is found, unless its weight hides it", () => {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
  const weightOf = (sign: string) => (sign === "<" ? 0 : Number.parseInt(sign, 36));
  fc.assert(
    fc.property(fc.nat(8), fc.constantFrom(...alphabet), (at, sign) => {
      const apart = (weightOf(sign) - weightOf(line2[at] as string)) % 10;
      const found = codesOf(changed(at, sign)).includes("mrz_document_number_check");
      assert.equal(found, apart !== 0);
    }),
  );
});

test("any lines are answered by values or named problems", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 50 }),
    fc.stringMatching(/^[A-Z0-9<]{30}$/),
    fc.stringMatching(/^[A-Z0-9<]{36}$/),
    fc.stringMatching(/^[A-Z0-9<]{44}$/),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const reading = readMrz(lines, TODAY);
      assert.ok(reading.ok || reading.problems.length > 0);
    }),
    { numRuns: 1_000 },
  );
});
