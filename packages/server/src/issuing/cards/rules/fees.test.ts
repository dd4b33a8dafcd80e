import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Work } from "../../../foundation/database/work.ts";
import { createIds, type OrganizationId } from "../../../foundation/ids/ids.ts";
import { currencies, currencyExponents } from "../../../foundation/money/currencies.ts";
import { total } from "../../../foundation/money/money.ts";
import { type Account, type AccountRef, accountId } from "../../../records/ledger/model.ts";
import { Book } from "../../../records/ledger/rules.ts";
import { availableOf } from "../../organizations/model.ts";
import { programOf } from "../../programs/fixture.ts";
import type { FeeCharge } from "../../transfers/model/dues.ts";
import type { Transfer } from "../../transfers/model.ts";
import { Dues } from "../../transfers/rules/dues.ts";
import type { Card } from "../model.ts";
import { anniversaryOf, feesFrom, isFeeDue, monthlyCharges, passAnniversaries } from "./fees.ts";
import { decideFunds, feesOf } from "./funds.ts";
import { type IssueParts, planIssue } from "./issue.ts";
import { planReplacementFee } from "./replacement.ts";

/** The days of the first anniversaries, as instants. */
const days = (anchor: string, zone: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    anniversaryOf(new Date(anchor), index + 1, zone).toISOString(),
  );

test("an anniversary begins with its day in the program's zone, clamped to the month's last day", () => {
  assert.deepEqual(days("2027-01-31T23:59:59Z", "UTC", 4), [
    "2027-02-28T00:00:00.000Z",
    "2027-03-31T00:00:00.000Z",
    "2027-04-30T00:00:00.000Z",
    "2027-05-31T00:00:00.000Z",
  ]);
  assert.deepEqual(days("2028-01-30T00:00:00Z", "UTC", 2), [
    "2028-02-29T00:00:00.000Z",
    "2028-03-30T00:00:00.000Z",
  ]);
  assert.deepEqual(days("2027-11-30T12:00:00Z", "UTC", 3), [
    "2027-12-30T00:00:00.000Z",
    "2028-01-30T00:00:00.000Z",
    "2028-02-29T00:00:00.000Z",
  ]);
});

test("the day is the zone's, in winter and summer, and where midnight is skipped", () => {
  // Half past midnight of 28 February in Berlin is still the 27th in UTC.
  assert.deepEqual(days("2027-02-27T23:30:00Z", "Europe/Berlin", 2), [
    "2027-03-27T23:00:00.000Z",
    "2027-04-27T22:00:00.000Z",
  ]);
  assert.deepEqual(days("2027-02-27T22:30:00Z", "Europe/Berlin", 1), ["2027-03-26T23:00:00.000Z"]);
  // On 1 October 2017 the clocks of Asunción went from midnight to one o'clock.
  assert.deepEqual(days("2017-09-01T12:00:00Z", "America/Asuncion", 1), [
    "2017-10-01T04:00:00.000Z",
  ]);
});

test("in every zone anniversaries are one month apart each, on the anchor's day or the month's last", () => {
  const dayIn = (zone: string, at: Date) =>
    new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(at);
  const property = fc.property(
    fc.constantFrom(...Intl.supportedValuesOf("timeZone")),
    fc.date({ min: new Date("2024-01-01"), max: new Date("2037-12-31"), noInvalidDate: true }),
    fc.integer({ min: 1, max: 60 }),
    (zone, anchor, months) => {
      const at = anniversaryOf(anchor, months, zone);
      const [year, month, day] = dayIn(zone, anchor).split("-").map(Number) as [
        number,
        number,
        number,
      ];
      const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
      const wanted = new Date(Date.UTC(year, month - 1 + months, Math.min(day, last)));
      assert.equal(dayIn(zone, at), wanted.toISOString().slice(0, 10));
      assert.notEqual(dayIn(zone, new Date(at.getTime() - 1)), dayIn(zone, at));
      assert.ok(anniversaryOf(anchor, months + 1, zone) > at);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

type Judged = Parameters<typeof isFeeDue>[0];
const issuedAt = new Date("2027-01-31T10:00:00Z");
const card: Judged = { ...feesFrom(issuedAt, "UTC"), deletedAt: null, deletedReason: null };
const deleted = (at: string, deletedReason = "deleted_by_organization"): Judged => ({
  ...card,
  deletedAt: new Date(at),
  deletedReason,
});

test("the first fee is due one month after issue from the first instant of that day on", () => {
  assert.equal(isFeeDue(card, new Date("2027-02-27T23:59:59.999Z")), false);
  assert.equal(isFeeDue(card, new Date("2027-02-28T00:00:00Z")), true);
  assert.equal(isFeeDue({ ...card, nextFeeAt: null }, new Date("2030-01-01T00:00:00Z")), false);
});

test("a card deleted before the day owes nothing for it, one deleted on the day does", () => {
  const later = new Date("2027-06-01T00:00:00Z");
  assert.equal(isFeeDue(deleted("2027-02-27T23:59:59.999Z"), later), false);
  assert.equal(isFeeDue(deleted("2027-02-28T00:00:00Z"), later), true);
  assert.equal(isFeeDue(deleted("2027-02-28T12:00:00Z", "replaced_lost"), later), false);
  const { days } = passAnniversaries(deleted("2027-03-31T09:00:00Z"), "UTC", later, 12);
  assert.deepEqual(
    days.map((day) => day.toISOString().slice(0, 10)),
    ["2027-02-28", "2027-03-31"],
  );
});

test("missed months are passed once each, oldest first, and at most so many at once", () => {
  const now = new Date("2027-05-31T00:00:00Z");
  const dates = (passed: readonly Date[]) => passed.map((day) => day.toISOString().slice(5, 10));
  const all = passAnniversaries(card, "UTC", now, 12);
  assert.deepEqual(dates(all.days), ["02-28", "03-31", "04-30", "05-31"]);
  assert.equal(all.standing.feeMonths, 4);
  assert.equal(all.standing.nextFeeAt?.toISOString(), "2027-06-30T00:00:00.000Z");
  assert.deepEqual(passAnniversaries({ ...card, ...all.standing }, "UTC", now, 12).days, []);
  const some = passAnniversaries(card, "UTC", now, 3);
  assert.deepEqual(dates(some.days), ["02-28", "03-31", "04-30"]);
  const rest = passAnniversaries({ ...card, ...some.standing }, "UTC", now, 3);
  assert.deepEqual(rest.standing, all.standing);
});

test("another time zone of the program moves the next day and neither skips nor repeats a month", () => {
  const first = passAnniversaries(card, "UTC", new Date("2027-02-28T00:00:00Z"), 12);
  for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]) {
    const now = new Date("2027-12-31T23:00:00Z");
    const rest = passAnniversaries({ ...card, ...first.standing }, zone, now, 24);
    assert.equal(rest.days.length + 1, 11, zone);
  }
});

test("a monthly fee of zero charges nothing", () => {
  const about = { id: "card_1", budgetId: null, currency: "EUR" } as const;
  assert.deepEqual(monthlyCharges(about, programOf(), [issuedAt]), []);
  assert.equal(monthlyCharges(about, programOf({ fees: { monthly: 1n } }), [issuedAt]).length, 1);
});

const organizationId: OrganizationId = "org_1";
let tick = 0;
const work = {
  organizationId,
  now: new Date("2030-01-01T00:00:00Z"),
  newId: createIds(
    () => 1_900_000_000_000 + tick++,
    (bytes) => new Uint8Array(bytes),
  ),
  actor: { kind: "key", id: "key_1", organizationId },
} as unknown as Work;

/** A book on an organization's balance and on a card's account. */
function bookWith(currency: string, available: bigint): Book {
  const own = availableOf({ organizationId, currency });
  const refs: AccountRef[] = [
    own,
    { type: "card", ownerId: "card_1", currency },
    { type: "receivable", ownerId: "card_1", currency },
  ];
  const zero = { debitsPending: 0n, debitsPosted: 0n, creditsPending: 0n };
  const accounts = refs.map((ref): Account => {
    const creditsPosted = ref === own ? available : 0n;
    const stored = { ...zero, creditsPosted, organizationId, id: accountId(ref) };
    return { ...ref, ...stored, version: 1n, closed: false };
  });
  return new Book(
    accounts.map((account) => ({ organizationId, ref: account })),
    accounts,
    [],
  );
}

const cardOf = (currency: string) =>
  ({
    id: "card_1",
    accountCardId: "card_1",
    organizationId,
    budgetId: null,
    currency,
    model: "card",
    ...card,
  }) as unknown as Card;

/** One currency of each exponent that there is; those with four digits are funds codes, no money. */
const byExponent = [...new Map(currencies.map((code) => [currencyExponents.get(code), code]))];
const amounts = fc.bigInt({ min: 0n, max: 1_000_000_000_000n });

test("A5: the legs of issuing, topping up and replacing sum exactly to what leaves the balance, in every exponent", () => {
  assert.deepEqual(byExponent.map(([exponent]) => exponent).sort(), [0, 2, 3]);
  const property = fc.property(
    fc.constantFrom(...byExponent),
    fc.record({ issuance: amounts, replacement: amounts, topUp: amounts, initial: amounts }),
    fc.bigInt({ min: 1n, max: 1_000_000_000_000n }),
    ([, currency], { initial, ...fees }, amount) => {
      const book = bookWith(currency, 8_000_000_000_000n);
      const own = availableOf({ organizationId, currency });
      const before = book.available(organizationId, own);
      const program = programOf({ currency, fees });
      const one = cardOf(currency);
      const request = { initialBalance: initial };
      const parts = {
        cardId: one.id,
        request,
        program,
        customer: null,
        budget: null,
      } as IssueParts;
      const toppedUp = decideFunds(
        book,
        work,
        {
          organization: { status: "active" },
          card: { ...one, restrictions: [], expiresAt: new Date("2099-01-01") },
          program,
          customer: null,
        },
        { verb: "topUp", amount, currency, note: null },
      );
      assert.ok(Array.isArray(toppedUp));
      const legs: Transfer[] = [
        ...planIssue(book, work, one, parts),
        ...(toppedUp as Transfer[]),
        ...planReplacementFee(book, work, one, program),
      ];
      const { issuance, replacement, topUp } = fees;
      const expected = issuance + initial + amount + topUp + replacement;
      assert.equal(total(legs.map((leg) => leg.amount)), expected);
      assert.equal(before - book.available(organizationId, own), expected);
      const toFees = legs.filter(({ to }) => to.type === "fees").map((leg) => leg.amount);
      assert.equal(total(toFees), issuance + topUp + replacement);
      assert.ok(legs.every((leg) => leg.amount > 0n && leg.currency === currency));
      assert.equal(feesOf(one).currency, currency);
    },
  );
  fc.assert(property, { numRuns: 400 });
});

test("A5: what is paid and what waits of fees sums exactly to what was charged, in every exponent", () => {
  const property = fc.property(
    fc.constantFrom(...byExponent),
    fc.bigInt({ min: 0n, max: 2_000n }),
    fc.array(fc.bigInt({ min: 1n, max: 500n }), { maxLength: 20 }),
    fc.array(fc.bigInt({ min: 1n, max: 1_000n }), { maxLength: 10 }),
    ([, currency], available, charged, deposits) => {
      const book = bookWith(currency, available);
      const own = availableOf({ organizationId, currency });
      const dues = new Dues({ organizationId, currency });
      const about = { cardId: "card_1", budgetId: null, feeKind: "monthly", currency } as const;
      let paid = 0n;
      const keep = (transfers: readonly Transfer[]) => {
        paid += total(transfers.map((each) => each.amount));
      };
      for (const amount of charged) {
        const fee: FeeCharge = { ...about, amount, dueAt: issuedAt };
        keep(dues.charge(book, work, fee).transfers);
      }
      let brought = available;
      for (const amount of deposits) {
        const outside = { ...own, type: "external_funding" } as const;
        book.post(work, [{ kind: "deposit", debit: outside, credit: own, amount }]);
        brought += amount;
        keep(dues.settle(book, work).transfers);
      }
      assert.equal(paid + dues.total, total(charged));
      assert.equal(paid + book.available(organizationId, own), brought);
    },
  );
  fc.assert(property, { numRuns: 400 });
});

test("a replacement that the balance does not pay for is refused, and a free one moves nothing", () => {
  const program = programOf({ fees: { replacement: 100n } });
  const exact = planReplacementFee(bookWith("EUR", 100n), work, cardOf("EUR"), program);
  assert.deepEqual(
    exact.map(({ kind, feeKind, amount }) => ({ kind, feeKind, amount })),
    [{ kind: "fee", feeKind: "replacement", amount: 100n }],
  );
  assert.throws(() => planReplacementFee(bookWith("EUR", 99n), work, cardOf("EUR"), program), {
    code: "insufficient_organization_balance",
  });
  assert.deepEqual(planReplacementFee(bookWith("EUR", 0n), work, cardOf("EUR"), programOf()), []);
});
