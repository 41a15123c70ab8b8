// Appends to emmett's store and says how fast: one event a stream and commit, or many at once. Arguments: the server's address, clients,
// appends, events in each. The last line is the answer, as JSON.
import pg from "pg";
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";
import { randomUUID } from "node:crypto";

const [address, clients, appends, each] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const pool = new pg.Pool({ connectionString: address, max: clients });
const store = getPostgreSQLEventStore(address, { connectionOptions: { pool } });
const events = () => Array.from({ length: each }, () => ({ type: "CaseOpened", data: { state: "x".repeat(600), actor: "officer-1" } }));

await store.appendToStream(`warm-${randomUUID()}`, events()); // makes the tables
const processor = process.cpuUsage();
const begun = performance.now();
await Promise.all(Array.from({ length: clients }, async (_, first) => {
  for (let number = first; number < appends; number += clients) await store.appendToStream(`case-${randomUUID()}`, events());
}));
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(processor);
console.log(JSON.stringify({ rate: appends / seconds, cpu_us: (user + system) / appends }));
await store.close();
await pool.end();
