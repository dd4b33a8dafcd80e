import { isDeepStrictEqual } from "node:util";
import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Reference } from "../../../foundation/route/schemas.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { listsInForce } from "../../screening/actions/lists.ts";
import { customerErrors } from "../errors.ts";
import type { CustomerEvent } from "../events.ts";
import type { Person, PersonChange, PersonDetails } from "../model/people.ts";
import type { Customer } from "../model.ts";
import {
  personChangedBy,
  personRemoved,
  requirePossible,
  requireRolesLeft,
  tidyPerson,
} from "../rules/people.ts";
import { personSubject } from "../rules/screening.ts";
import { personFields, showPerson } from "../schema/people.ts";
import {
  findPersonRow,
  findPresent,
  insertPerson,
  listPersonRows,
  updatePerson,
} from "../store/people.ts";
import type { PageWanted } from "../store.ts";
import { lockForEvidence, refreshEvidence } from "./evidence.ts";
import { screenPerson } from "./screening.ts";

/**
 * Adds somebody who directs or owns a business; who may be on a list holds the customer.
 *
 * @throws Refusal as `lockForEvidence`, `people_not_for_individuals`, `person_limit_reached`, `customer_invalid` with every problem.
 */
export async function addPerson(
  work: Work,
  reference: Reference,
  details: PersonDetails,
): Promise<Person> {
  const lists = await listsInForce(work);
  const customer = await lockForEvidence(work, reference);
  if (customer.type !== "business") throw customerErrors.refusal("people_not_for_individuals");
  const person = await admitPerson(work, customer, { ...details, id: work.newId("person") });
  const after = await refreshEvidence(work, customer, { given: person.roles, touched: true });
  await screenPerson(work, after, person, lists);
  return person;
}

/**
 * Writes somebody who directs or owns a business. The caller has locked the business for a change, and looks
 * at its evidence and the lists after that.
 *
 * @throws Refusal `person_limit_reached`, `customer_invalid` with every problem.
 */
export async function admitPerson(
  work: Work,
  customer: Customer,
  details: PersonDetails & Pick<Person, "id">,
): Promise<Person> {
  const person: Person = {
    ...tidyPerson(details),
    organizationId: customer.organizationId,
    customerId: customer.id,
    removedAt: null,
    version: 1n,
    createdAt: work.now,
  };
  requirePossible(person, await findPresent(work.sql, customer), work.now);
  await insertPerson(work.sql, person);
  announcePerson(work, "person.added", person);
  return person;
}

/** Who directs and owns a business now; there is a bound on how many. */
export const presentPeople = (sql: Sql, customer: Customer): Promise<Person[]> =>
  findPresent(sql, customer);

/**
 * Changes a person of a business; equal values change nothing. Who may be on a list holds the customer.
 *
 * @throws Refusal as `lockForEvidence`, `person_removed`, `person_needed`, `customer_invalid` with every problem.
 */
export async function changePerson(
  work: Work,
  reference: Reference,
  id: string,
  change: PersonChange,
): Promise<Person> {
  const lists = await listsInForce(work);
  const customer = await lockForEvidence(work, reference);
  const before = await getPerson(work.sql, customer, id);
  const person = personChangedBy(before, change);
  if (person === null) return before;
  const others = (await findPresent(work.sql, customer)).filter((one) => one.id !== id);
  requirePossible(person, others, work.now);
  requireRolesLeft(customer, [...others, person]);
  await updatePerson(work.sql, person);
  announcePerson(work, "person.updated", person, before);
  const after = await refreshEvidence(work, customer, { given: person.roles, touched: true });
  if (!isDeepStrictEqual(personSubject(before), personSubject(person))) {
    await screenPerson(work, after, person, lists);
  }
  return person;
}

/**
 * Removes a person from a business; that it was there stays.
 *
 * @throws Refusal as `lockForEvidence`, `person_removed`, `person_needed`.
 */
export async function removePerson(work: Work, reference: Reference, id: string): Promise<Person> {
  const customer = await lockForEvidence(work, reference);
  const before = await getPerson(work.sql, customer, id);
  const person = personRemoved(before, work.now);
  const others = (await findPresent(work.sql, customer)).filter((one) => one.id !== id);
  requireRolesLeft(customer, others);
  await updatePerson(work.sql, person);
  announcePerson(work, "person.removed", person, before);
  await refreshEvidence(work, customer, { touched: true });
  return person;
}

/** One person of a customer. @throws Refusal `not_found` */
export async function getPerson(sql: Sql, customer: Customer, id: string): Promise<Person> {
  const found = await findPersonRow(sql, customer, id);
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}

/** One page of a customer's people, newest first. */
export const listPeople = (
  sql: Sql,
  customer: Customer,
  page: PageWanted,
): Promise<RowPage<Person>> => listPersonRows(sql, customer, page);

function announcePerson(work: Work, type: CustomerEvent, person: Person, before?: Person): void {
  const object = showPerson(person);
  announce(work, {
    type,
    objectId: person.id,
    objectVersion: person.version,
    object,
    ...(before && { previous: previousOf(showPerson(before), object) }),
    subjectId: person.customerId,
    personal: personFields,
  });
}
