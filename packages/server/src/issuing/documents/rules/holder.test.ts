import assert from "node:assert/strict";
import test from "node:test";
import { specimens } from "../fixture.ts";
import { holderCheck } from "./checks.ts";
import { readMrz } from "./mrz.ts";

const read = (firstNames: string, lastName: string, birthDate: string | null = "1974-08-12") => ({
  firstNames,
  lastName,
  birthDate,
});

const result = (mrz: ReturnType<typeof read> | null, name: string | null, born: string | null) =>
  holderCheck(mrz, { name, birthDate: born }).result;

test("the specimen of ICAO names its holder, by every spelling of one name, and nobody else", () => {
  const reading = readMrz(specimens.TD3, "2010-01-01");
  assert.ok(reading.ok);
  for (const name of [
    "Anna Maria Eriksson",
    "Anna Eriksson",
    "anna ériksson",
    "Anna Maria Erikson",
  ]) {
    assert.equal(result(reading.mrz, name, "1974-08-12"), "passed", name);
  }
  for (const name of ["Anna Example", "Greta Eriksson", "Maria Anna Svensson"]) {
    assert.equal(result(reading.mrz, name, "1974-08-12"), "failed", name);
  }
  assert.equal(result(reading.mrz, "Anna Eriksson", "1974-12-08"), "failed", "another day");
});

test("what the machine-readable zone does to a name is no difference", () => {
  const lines: readonly [string, string, string][] = [
    ["Jürgen Müßig", "JUERGEN", "MUESSIG"],
    ["Søren Ærø", "SOEREN", "AEROE"],
    ["Мария Иванова", "MARIIA", "IVANOVA"],
    ["Jean-Luc d'Exemple", "JEAN LUC", "D EXEMPLE"],
  ];
  for (const [name, first, last] of lines) {
    assert.equal(result(read(first, last), name, null), "passed", name);
  }
});

test("without lines, without a name, nothing is said; an unknown day is no difference", () => {
  assert.equal(result(null, "Ada Example", "1990-05-17"), "not_possible");
  assert.equal(result(read("ADA", "EXAMPLE"), null, null), "not_possible");
  assert.equal(result(read("ADA", "EXAMPLE", null), "Ada Example", "1990-05-17"), "passed");
  assert.equal(result(read("ADA", "EXAMPLE"), "Ada Example", null), "passed");
});
