import assert from "node:assert/strict";
import test from "node:test";
import type { ListedEntry } from "../model.ts";
import { readEuCsv } from "./eu-csv.ts";
import { readEuXml } from "./eu-xml.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { readOfacCsv } from "./ofac-csv.ts";
import { readOfacXml } from "./ofac-xml.ts";
import { readPepCsv } from "./pep-csv.ts";
import { readUnXml } from "./un-xml.ts";

/** A text in pieces of a few letters, as a slow disk gives it. */
async function* pieces(text: string, size = 7): Pieces {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function all(entries: AsyncIterable<ListedEntry>): Promise<ListedEntry[]> {
  const read: ListedEntry[] = [];
  for await (const entry of entries) read.push(entry);
  return read;
}

const malformed = (line: number, what: RegExp) => (error: unknown) => {
  assert.ok(error instanceof MalformedList, String(error));
  assert.match(error.message, what);
  assert.equal(error.line, line, error.message);
  return true;
};

const strong = (text: string) => ({ text, quality: "strong" as const });
const weak = (text: string) => ({ text, quality: "weak" as const });

const ofacXml = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://example.org/sdn">
  <publshInformation><Publish_Date>06/05/2026</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry>
    <uid>101</uid><firstName>Viktor &amp; Sons</firstName><lastName>ZHELTUKHIN</lastName>
    <sdnType>Individual</sdnType><remarks>Invented.</remarks>
    <programList><program>ONE</program><program>TWO</program></programList>
    <akaList><aka><uid>1</uid><type>a.k.a.</type><category>weak</category><lastName>VITYA</lastName></aka></akaList>
    <nationalityList><nationality><uid>2</uid><country>Russia</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <citizenshipList><citizenship><uid>3</uid><country>Korea, North</country></citizenship></citizenshipList>
    <dateOfBirthList>
      <dateOfBirthItem><uid>4</uid><dateOfBirth>11 Mar 1964</dateOfBirth></dateOfBirthItem>
      <dateOfBirthItem><uid>5</uid><dateOfBirth>circa 1965</dateOfBirth></dateOfBirthItem>
      <dateOfBirthItem><uid>6</uid><dateOfBirth>1960 to 1963</dateOfBirth></dateOfBirthItem>
    </dateOfBirthList>
  </sdnEntry>
  <sdnEntry><uid>102</uid><lastName>HERON</lastName><sdnType>Vessel</sdnType></sdnEntry>
  <sdnEntry><uid>103</uid><lastName>GOLDEN HERON LTD</lastName><sdnType>Entity</sdnType></sdnEntry>
</sdnList>`;

test("sdn.xml gives persons and entities with all that screening weighs, and no vessels", async () => {
  const [person, entity, ...more] = await all(readOfacXml(pieces(ofacXml)));
  assert.deepEqual(person, {
    source: "ofac_sdn",
    sourceId: "101",
    kind: "person",
    names: [strong("Viktor & Sons ZHELTUKHIN"), weak("VITYA")],
    births: [
      { kind: "exact", day: "1964-03-11" },
      { kind: "approximate", year: 1965 },
      { kind: "range", from: 1960, to: 1963 },
    ],
    nationalities: ["RUS", "PRK"],
    programmes: ["ONE", "TWO"],
    remarks: "Invented.",
  });
  assert.deepEqual([entity?.sourceId, entity?.kind, more], ["103", "entity", []]);
});

test("sdn.csv is joined with its aliases and comments, and read up to its end mark", async () => {
  const none = '"-0- "'.replaceAll('"', "");
  const sdn = [
    `101,"ZHELTUKHIN, Viktor","individual","ONE] [TWO",${`${none},`.repeat(7)}"DOB 11 Mar 1964; alt. DOB 1965; nationality Russia; a.k.a. 'VITYA'; continues"`,
    `102,"HERON","vessel","ONE",${`${none},`.repeat(7)}${none}`,
    `103,"GOLDEN HERON LTD",${none},"ONE",${`${none},`.repeat(7)}${none}`,
    "\u001a",
  ].join("\r\n");
  const files = {
    sdn: pieces(sdn),
    alt: pieces(`101,1,"aka","ZHELTUCHIN, Victor",${none}\r\n`),
    add: pieces(`101,1,"1 Nowhere","Town","Russia",${none}\r\n`),
    comments: pieces('101,"; alt. DOB circa 1960."\r\n'),
  };
  const [person, entity, ...more] = await all(readOfacCsv(files));
  assert.deepEqual(person?.names, [
    strong("ZHELTUKHIN, Viktor"),
    strong("ZHELTUCHIN, Victor"),
    weak("VITYA"),
  ]);
  assert.deepEqual(person?.births, [
    { kind: "exact", day: "1964-03-11" },
    { kind: "year", year: 1965 },
    { kind: "approximate", year: 1960 },
  ]);
  assert.deepEqual([person?.nationalities, person?.programmes], [["RUS"], ["ONE", "TWO"]]);
  assert.deepEqual([entity?.kind, entity?.remarks, more], ["entity", null, []]);
});

test("the list of the United Nations gives names of four parts, scripts, qualities and births", async () => {
  const xml = `<?xml version="1.0"?><CONSOLIDATED_LIST dateGenerated="2026-06-05T00:00:00Z"><INDIVIDUALS><INDIVIDUAL>
    <DATAID>9</DATAID><FIRST_NAME>AHMAD</FIRST_NAME><SECOND_NAME>HASSAN</SECOND_NAME><THIRD_NAME>AL-KHAZRANI</THIRD_NAME>
    <UN_LIST_TYPE>Invented</UN_LIST_TYPE><REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER>
    <NAME_ORIGINAL_SCRIPT>أحمد حسن الخزراني</NAME_ORIGINAL_SCRIPT><COMMENTS1>Invented.</COMMENTS1>
    <NATIONALITY><VALUE>Syrian Arab Republic</VALUE></NATIONALITY>
    <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Heron</ALIAS_NAME></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1969-06-18</DATE></INDIVIDUAL_DATE_OF_BIRTH>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><YEAR>1970</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1971</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1965</FROM_YEAR><TO_YEAR>1967</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
    </INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>10</DATAID><FIRST_NAME>AL-NOORAYN</FIRST_NAME>
    <REFERENCE_NUMBER>XXe.002</REFERENCE_NUMBER><ENTITY_ALIAS><QUALITY>a.k.a.</QUALITY><ALIAS_NAME>Noorayn</ALIAS_NAME></ENTITY_ALIAS>
    </ENTITY></ENTITIES></CONSOLIDATED_LIST>`;
  const [person, entity] = await all(readUnXml(pieces(xml)));
  assert.deepEqual(person, {
    source: "un_consolidated",
    sourceId: "XXi.001",
    kind: "person",
    names: [strong("AHMAD HASSAN AL-KHAZRANI"), strong("أحمد حسن الخزراني"), weak("The Heron")],
    births: [
      { kind: "exact", day: "1969-06-18" },
      { kind: "year", year: 1970 },
      { kind: "approximate", year: 1971 },
      { kind: "range", from: 1965, to: 1967 },
    ],
    nationalities: ["SYR"],
    programmes: ["Invented"],
    remarks: "Invented.",
  });
  assert.deepEqual(entity?.names, [strong("AL-NOORAYN"), strong("Noorayn")]);
});

test("the Union's list gives the same entry from XML and from CSV, but for weak names", async () => {
  const xml = `<export generationDate="2026-06-05" globalFileId="1"><sanctionEntity logicalId="13" euReferenceNumber="EU.1.1">
    <remark>Invented.</remark><regulation programme="ONE"/><subjectType code="person" classificationCode="P"/>
    <nameAlias wholeName="Zoran Petronjević" strong="true"/><nameAlias firstName="Zoki" lastName="P" wholeName="" strong="false"/>
    <citizenship countryIso2Code="BA"/><birthdate circa="false" birthdate="1963-03-27" year="1963"/>
    <birthdate circa="true" year="1964"/><birthdate yearRangeFrom="1960" yearRangeTo="1962"/></sanctionEntity></export>`;
  const csv = `\ufeff"Entity_LogicalId";fileGenerationDate;Entity_Remark;Entity_SubjectType;Entity_SubjectType_ClassificationCode;Entity_Regulation_Programme;NameAlias_LastName;NameAlias_FirstName;NameAlias_MiddleName;NameAlias_WholeName;BirthDate_BirthDate;BirthDate_Year;BirthDate_YearRangeFrom;BirthDate_YearRangeTo;BirthDate_Circa;Citizenship_CountryIso2Code
13;05/06/2026;Invented.;P;person;ONE;;;;"Zoran Petronjević";;;;;;
13;05/06/2026;Invented.;P;person;ONE;P;Zoki;;;;;;;;
13;05/06/2026;Invented.;P;person;ONE;;;;;1963-03-27;1963;;;false;
13;05/06/2026;Invented.;P;person;ONE;;;;;;1964;;;true;
13;05/06/2026;Invented.;P;person;ONE;;;;;;;1960;1962;false;
13;05/06/2026;Invented.;P;person;ONE;;;;;;;;;;BA
`;
  const [fromXml] = await all(readEuXml(pieces(xml)));
  const [fromCsv, ...more] = await all(readEuCsv(pieces(csv)));
  assert.deepEqual(fromXml, {
    source: "eu_consolidated",
    sourceId: "13",
    kind: "person",
    names: [strong("Zoran Petronjević"), weak("Zoki P")],
    births: [
      { kind: "exact", day: "1963-03-27" },
      { kind: "approximate", year: 1964 },
      { kind: "range", from: 1960, to: 1962 },
    ],
    nationalities: ["BIH"],
    programmes: ["ONE"],
    remarks: "Invented.",
  });
  const names = [strong("Zoran Petronjević"), strong("Zoki P")];
  assert.deepEqual([fromCsv, more], [{ ...fromXml, names }, []]);
});

test("a file of pieces of any size is read as the same list", async () => {
  const whole = await all(readOfacXml(pieces(ofacXml, 1_000_000)));
  for (const size of [1, 2, 64])
    assert.deepEqual(await all(readOfacXml(pieces(ofacXml, size))), whole);
});

test("XML that is cut short, of another root, no XML or without a name is refused with its line", async () => {
  const cut = ofacXml.slice(0, ofacXml.indexOf("</sdnList>"));
  await assert.rejects(all(readOfacXml(pieces(cut))), malformed(19, /sdnList/));
  await assert.rejects(all(readUnXml(pieces(ofacXml))), malformed(2, /begins with <sdnList>/));
  await assert.rejects(all(readOfacXml(pieces("no list"))), malformed(1, /Line 1/));
  await assert.rejects(all(readOfacXml(pieces(""))), malformed(1, /Line 1/));
  const nameless = ofacXml.replace("<lastName>GOLDEN HERON LTD</lastName>", "");
  await assert.rejects(all(readOfacXml(pieces(nameless))), malformed(18, /103 has no name/));
});

test("entities of a document's own cannot grow: a DOCTYPE is refused, and so is what it would define", async () => {
  const bomb = `<!DOCTYPE sdnList [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><sdnList><sdnEntry><uid>&b;</uid></sdnEntry></sdnList>`;
  await assert.rejects(all(readOfacXml(pieces(bomb))), malformed(1, /DOCTYPE/));
  await assert.rejects(
    all(readOfacXml(pieces("<sdnList><sdnEntry><uid>&b;</uid></sdnEntry></sdnList>"))),
    malformed(1, /entity/),
  );
  const deep = `<sdnList>${"<a>".repeat(40)}`;
  await assert.rejects(all(readOfacXml(pieces(deep))), malformed(1, /nested deeper/));
});

test("CSV of another width, without a number, a needed column or an end of quotes is refused with its line", async () => {
  const row = `101,"ONE","individual",${"-0-,".repeat(8)}-0-`;
  const ofac = (sdn: string) => all(readOfacCsv({ sdn: pieces(sdn) }));
  assert.equal((await ofac(row)).length, 1);
  await assert.rejects(ofac(`${row}\n102,"TWO"\n`), malformed(2, /2 columns where 12/));
  await assert.rejects(ofac(`${row}\n${row.replace("101", "x")}`), malformed(2, /no number/));
  await assert.rejects(ofac(`${row}\n${row.replace('"ONE"', '"ONE')}`), malformed(2, /quote/i));
  await assert.rejects(ofac(`${row}\n${row.replace("ONE", "")}`), malformed(2, /no name/));
  await assert.rejects(all(readEuCsv(pieces("a;b\n1;2\n"))), malformed(1, /Entity_LogicalId/));
  const columns = "Entity_LogicalId;Entity_SubjectType;NameAlias_WholeName";
  const eu = (rows: string) => all(readEuCsv(pieces(`${columns}\n${rows}`)));
  await assert.rejects(eu("1;P;X\n2;P\n"), malformed(3, /2 columns where 3/));
  await assert.rejects(eu("1;P;X\n;P;Y\n"), malformed(3, /no Entity_LogicalId/));
  await assert.rejects(eu("1;P;\n"), malformed(2, /entry 1 has no name/));
  await assert.rejects(all(readEuCsv(pieces(""))), malformed(1, /empty/));
});

test("a list of politically exposed persons is read, and refused at the first cell that is not right", async () => {
  const header = "id,kind,name,aliases,births,nationalities,position,remarks\n";
  const right =
    "p1,person,Carlos Villafranqui,~Carlitos|C. Rondón,1971-07-22|1970|~1972|1968-1969,VEN,Minister,\n";
  const [entry] = await all(readPepCsv(pieces(header + right)));
  assert.deepEqual(entry, {
    source: "pep",
    sourceId: "p1",
    kind: "person",
    names: [strong("Carlos Villafranqui"), weak("Carlitos"), strong("C. Rondón")],
    births: [
      { kind: "exact", day: "1971-07-22" },
      { kind: "year", year: 1970 },
      { kind: "approximate", year: 1972 },
      { kind: "range", from: 1968, to: 1969 },
    ],
    nationalities: ["VEN"],
    programmes: ["Minister"],
    remarks: null,
  });
  const wrong: readonly (readonly [string, RegExp])[] = [
    [right, /the id p1 is there twice/],
    ["p2,man,X,,,,,\n", /neither person nor entity/],
    ["p2,person,,,,,,\n", /no name/],
    [",person,X,,,,,\n", /no id/],
    ["p2,person,X,,soon,,,\n", /"soon" is no birth/],
    ["p2,person,X,,,VE,,\n", /"VE" is no country/],
    ["p2,person,X\n", /3 columns where 8/],
  ];
  for (const [row, what] of wrong) {
    await assert.rejects(all(readPepCsv(pieces(header + right + row))), malformed(3, what));
  }
  await assert.rejects(all(readPepCsv(pieces(right))), malformed(1, /the header is not/));
});
