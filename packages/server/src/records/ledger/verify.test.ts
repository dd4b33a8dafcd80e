import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { posted, sources, testBooks } from "../../../test/harness/ledger.ts";
import { newId } from "../../../test/harness/work.ts";
import { invariants, readBalances, verify } from "./actions.ts";

const database = await testDatabase();

test("smoke", async () => {
  const books = await testBooks(database.app);
  const { own, funding, network, organizationId } = books;
  const [card] = await books.newAccounts("card", 1);
  assert(card);
  const holdId = newId("hold");
  await books.inBook([own, card], (book, work) => {
    posted(
      book.post(work, [
        { kind: "deposit", debit: funding, credit: own, amount: 1000n },
        { kind: "top_up", debit: own, credit: card, amount: 600n },
      ]),
    );
    posted(
      book.openHold(work, { holdId, debit: card, credit: network, amount: 100n, expiresAt: null }),
    );
  });
  await books.inBook(
    [card],
    (book, work) => {
      posted(book.captureHold(work, { holdId, amount: 900n, final: true }));
    },
    [holdId],
  );
  console.log(await readBalances(database.app, organizationId, [own, card, network]));
  console.dir(await invariants(database.app, organizationId), { depth: 9 });
  console.dir(await verify(database.app, { organizationId, sources }), { depth: 9 });
  console.dir(await invariants(database.app, organizationId), { depth: 9 });
  console.log(
    await readBalances(database.app, organizationId, [own, card, network, funding], {
      at: new Date(),
    }),
  );
  console.log(
    await readBalances(database.app, organizationId, [own, card, network, funding], {
      sequence: 3n,
    }),
  );
});
