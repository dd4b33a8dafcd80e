import type { Actor, Work } from "../../../foundation/database/work.ts";
import type { Refusal } from "../../../foundation/errors/errors.ts";
import { PLATFORM, type TransferId } from "../../../foundation/ids/ids.ts";
import { isRefused, type LedgerRefusal } from "../../../records/ledger/errors.ts";
import type { AccountRef } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { transferErrors } from "../errors.ts";
import { type DueFee, type FeeCharge, type Purse, purseAccount } from "../model/dues.ts";
import type { Transfer } from "../model.ts";
import { planTransfer, refusalOf } from "../rules.ts";

/** Who pays a fee that was due, whoever brought the money. */
const collector: Actor = { kind: "system", id: "due_fees", organizationId: PLATFORM };

/** What of an organization's fees waits in one currency, on the book that its balance is locked in. */
export class Dues {
  readonly #purse: Purse;
  #open: DueFee[];
  #total: bigint;

  /**
   * @param open the oldest that wait, oldest first.
   * @param total of all that wait, also of those not among them, minor units.
   */
  constructor(purse: Purse, open: readonly DueFee[] = [], total = 0n) {
    this.#purse = purse;
    this.#open = [...open];
    this.#total = total;
  }

  /** What waits, minor units. */
  get total(): bigint {
    return this.#total;
  }

  /**
   * Pays what the balance allows, oldest first and whole fees only: one that cannot be paid holds up those
   * behind it.
   *
   * @param beside the transfer that brought the money.
   */
  settle(book: Book, work: Work, beside?: TransferId): Settled {
    const transfers: Transfer[] = [];
    const dues: DueFee[] = [];
    for (const due of this.#open) {
      const planned = planFee(book, { ...work, actor: collector }, due, beside);
      if (planned === null) break;
      transfers.push(planned);
      dues.push({ ...due, status: "paid", transferId: planned.id, version: due.version + 1n });
    }
    this.#open = this.#open.slice(dues.length);
    for (const { amount } of dues) this.#total -= amount;
    return { transfers, dues };
  }

  /** Charges a fee: it is paid at once, or waits behind those that wait already. */
  charge(book: Book, work: Work, fee: FeeCharge): Settled {
    const planned = this.#total > 0n ? null : planFee(book, work, fee);
    if (planned !== null) return { transfers: [planned], dues: [] };
    const due: DueFee = {
      ...fee,
      organizationId: work.organizationId,
      id: work.newId("dueFee"),
      status: "due",
      transferId: null,
      waivedReason: null,
      version: 1n,
      createdAt: work.now,
    };
    this.#open.push(due);
    this.#total += fee.amount;
    return { transfers: [], dues: [due] };
  }

  /** Why an amount may not leave the organization; null where what is due stays behind. */
  refuses(book: Book, amount: bigint): Refusal | null {
    const available = book.available(this.#purse.organizationId, purseAccount(this.#purse));
    // What is not there is refused by the ledger, in its own words.
    if (this.#total === 0n || amount > available) return null;
    return available - amount >= this.#total ? null : feesAreDue(this.#purse.currency, this.#total);
  }
}

/** Fees that were paid, and those that wait or were paid after they had waited. */
export type Settled = { readonly transfers: readonly Transfer[]; readonly dues: readonly DueFee[] };

const feesAreDue = (currency: string, total: bigint): Refusal =>
  transferErrors.refusal("fees_due", `Due: ${total} minor units of ${currency}.`);

/** The transfer of a fee; null where the organization does not have this much. */
function planFee(book: Book, work: Work, fee: FeeCharge, beside?: TransferId): Transfer | null {
  const { cardId, budgetId, feeKind, amount, currency } = fee;
  const from = purseAccount({ organizationId: work.organizationId, currency });
  const to: AccountRef = { ...from, type: "fees" };
  const planned = planTransfer(book, work, {
    kind: "fee",
    feeKind,
    from,
    to,
    amount,
    cardId,
    budgetId,
    ...(beside === undefined ? {} : { relatedTransferId: beside }),
  });
  if (!isRefused(planned)) return planned.transfer;
  if (isShort(planned)) return null;
  throw refusalOf(planned);
}

const isShort = ({ refused }: LedgerRefusal): boolean =>
  refused === "insufficient_funds" || refused === "account_unknown";
