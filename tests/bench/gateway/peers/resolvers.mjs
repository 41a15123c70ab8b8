// The schema that Mercurius, Apollo Server and Yoga serve alike: hand-written resolvers, a DataLoader, prepared statements, and
// the reach composed into every statement, beside a key in the form no index answers, as the gateway has it. No row security and no receipts stand behind it.
import DataLoader from "dataloader";
import pg from "pg";
import { connections, settings } from "./claims.mjs";

export const typeDefs = /* GraphQL */ `
  type Case { id: ID! state: String! openedOn: String owedStep: String! }
  type Child {
    id: ID! name: String sex: String! township: String! school: String! schoolName: String! grade: String!
    accountedState: String! openCase: Case
  }
  type Page { nodes: [Child!]! }
  type Count { township: String! count: Int! }
  type Query { child(id: ID!): Child children(township: String!, first: Int!): Page! counts: [Count!]! }
`;

const CHILD = `select c.child_id as id, i.name, c.sex, c.township, c.school, c.school_name as "schoolName", c.grade,
  c.accounted_state as "accountedState", c.open_case_id from child c left join child_identity i using (child_id)`;

export function pool(dsn) {
  pg.types.setTypeParser(1082, (text) => text);
  return new pg.Pool({ ...settings(dsn), max: connections, options: "-c jit=off" });
}

export const context = (db, { lo, hi }) => ({
  db,
  lo,
  hi,
  cases: new DataLoader(async (ids) => {
    const { rows } = await db.query({
      name: "cases",
      text: `select case_id as id, state, opened_on as "openedOn", owed_step as "owedStep" from case_file
        where case_id = any($1) and coalesce(township, '') >= $2 and coalesce(township, '') < $3`,
      values: [ids, lo, hi],
    });
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  }),
});

export const resolvers = {
  Query: {
    child: async (_, { id }, { db, lo, hi }) =>
      (await db.query({ name: "child", text: `${CHILD} where c.child_id = $1 and coalesce(c.township, '') >= $2 and coalesce(c.township, '') < $3`, values: [id, lo, hi] }))
        .rows[0] ?? null,
    children: async (_, { township, first }, { db, lo, hi }) => ({
      nodes: (
        await db.query({
          name: "children",
          text: `${CHILD} where c.township = $1 and c.township >= $2 and c.township < $3 and c.merged_into is null
            order by c.township, c.child_id limit $4`,
          values: [township, lo, hi, Math.min(first, 200)],
        })
      ).rows,
    }),
    counts: async (_, __, { db, lo, hi }) =>
      (
        await db.query({
          name: "counts",
          text: `select township, count(*)::integer as count from child where township >= $1 and township < $2
            and merged_into is null group by township order by township`,
          values: [lo, hi],
        })
      ).rows,
  },
  Child: { openCase: (child, _, { cases }) => (child.open_case_id ? cases.load(child.open_case_id) : null) },
};
