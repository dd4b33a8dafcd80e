import type pg from "pg";

/** The NOLOGIN roles that pools take; the login is a member of both. */
export const roles = ["cardwright_app", "cardwright_vault"] as const;

/** What an administrator runs where the login may not create roles. */
export const rolesSql = (login: string): string =>
  roles.map((role) => `create role ${role} nologin; grant ${role} to "${login}";`).join("\n");

/**
 * Creates the roles where they are missing and makes the login a member. Roles belong to the whole
 * cluster, so two databases may race: an existing role is success.
 *
 * @returns whether the login can take both roles.
 */
export async function ensureRoles(client: pg.Client): Promise<boolean> {
  for (const role of roles) {
    if (await isMember(client, role)) continue;
    await attempt(client, `create role ${role} nologin`);
    await attempt(client, `grant ${role} to current_user`);
    if (!(await isMember(client, role))) return false;
  }
  return true;
}

async function isMember(client: pg.Client, role: string): Promise<boolean> {
  const { rows } = await client.query(
    "select pg_has_role(current_user, oid, 'member') as member from pg_roles where rolname = $1",
    [role],
  );
  return rows[0]?.member === true;
}

async function attempt(client: pg.Client, statement: string): Promise<void> {
  await client.query(statement).catch((error: { code?: string }) => {
    // 42501: may not; 42710 and 23505: somebody else just did; XX000 and 40001: updated concurrently.
    if (!["42501", "42710", "23505", "XX000", "40001", "0LP01"].includes(error.code ?? ""))
      throw error;
  });
}
