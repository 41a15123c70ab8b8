// GraphQL Yoga on Node's own server.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { listening, task, verifier } from "./claims.mjs";
import { context, pool, resolvers, typeDefs } from "./resolvers.mjs";

const told = await task();
const [db, claims] = [pool(told.superuser), verifier(told)];
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  logging: false,
  graphiql: false,
  context: ({ request }) => context(db, claims(request.headers.get("authorization"))),
});
const server = createServer(yoga).listen(0, "127.0.0.1", () => listening(server.address().port));
