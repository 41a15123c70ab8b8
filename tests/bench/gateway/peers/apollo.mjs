// Apollo Server, as its standalone server has it, in production's settings.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { listening, task, verifier } from "./claims.mjs";
import { context, pool, resolvers, typeDefs } from "./resolvers.mjs";

const told = await task();
const [db, claims] = [pool(told.superuser), verifier(told)];
const server = new ApolloServer({ typeDefs, resolvers, introspection: false });
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: "127.0.0.1" },
  context: async ({ req }) => context(db, claims(req.headers.authorization)),
});
listening(new URL(url).port);
