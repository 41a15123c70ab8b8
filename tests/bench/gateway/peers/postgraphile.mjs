// PostGraphile 5 on the tables of the read model, held back by the same row security as the gateway.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import pg from "pg";
import { connections, listening, settings, task, verifier } from "./claims.mjs";

const told = await task();
const claims = verifier(told);
const nothing = { "app.village": "", "app.school": "", "app.kind": "", "app.area": "", "app.receipts": "", "app.journal": "" };
const pool = new pg.Pool({ ...settings(told.reader), max: connections, options: "-c jit=off" });
const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafserv: { watch: false, graphiql: false },
  grafast: {
    explain: false,
    context: (request) => {
      const { lo, hi, unit } = claims(request.node.req.headers.authorization);
      return { pgSettings: { ...nothing, "app.lo": lo, "app.hi": hi, "app.unit": unit } };
    },
  },
});
if (process.argv.includes("--schema")) {
  const { printSchema } = await import("postgraphile/graphql");
  process.stdout.write(printSchema(await pgl.getSchema()));
  process.exit(0);
}
const serv = pgl.createServ(grafserv);
const server = createServer();
server.once("listening", () => listening(server.address().port));
serv.addTo(server);
server.listen(0, "127.0.0.1");
