// Mercurius on Fastify, with graphql-jit.
import Fastify from "fastify";
import mercurius from "mercurius";
import { listening, task, verifier } from "./claims.mjs";
import { context, pool, resolvers, typeDefs } from "./resolvers.mjs";

const told = await task();
const [db, claims] = [pool(told.superuser), verifier(told)];
const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  context: (request) => context(db, claims(request.headers.authorization)),
});
await app.listen({ port: 0, host: "127.0.0.1" });
listening(app.server.address().port);
