import { type Sql, type Statement, statement } from "./sql.ts";

/**
 * A gate stands before rows that nearly every transaction shares and that are seldom changed.
 *
 * PostgreSQL lets who would share a row pass one who waits to change it, as long as others share it:
 * where there is always somebody, it would never be changed. A gate is an advisory lock with a queue in
 * the order of arrival: who waits to change lets nobody pass any more, and those inside soon leave.
 */
export type Gate = {
  /**
   * Goes through and stays inside until the transaction ends. What is read by a *later* statement is then
   * true until COMMIT.
   *
   * @param strength `share`: with others. `change`: alone.
   * @param values those of the gate's `keys`.
   */
  pass(sql: Sql, strength: GateStrength, values: readonly unknown[]): Promise<void>;
};

export type GateStrength = "share" | "change";

/**
 * Declares a gate.
 *
 * @param name as of a statement.
 * @param space the first of the two numbers of its advisory locks: its own.
 * @param keys a query with one text column `key`: what stands behind the gate.
 */
export function gate(name: string, space: number, keys: string): Gate {
  // In the order of their numbers, so that two who want the same ones never wait for each other.
  const through = (lock: string): string => `with numbers as materialized (
      select distinct hashtext(key) as number from (${keys}) as behind order by 1)
    select ${lock}(${space}, number) from numbers`;
  const statements: Readonly<Record<GateStrength, Statement>> = {
    share: statement(`${name}.share`, through("pg_advisory_xact_lock_shared")),
    change: statement(`${name}.change`, through("pg_advisory_xact_lock")),
  };
  return {
    pass: async (sql, strength, values) => void (await sql.query(statements[strength], values)),
  };
}
