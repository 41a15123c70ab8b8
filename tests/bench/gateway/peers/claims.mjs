// What all peers share: the task from standard input, tokens checked once and kept, and a reach as the gateway has it.
import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";

export async function task() {
  const lines = createInterface({ input: process.stdin });
  const told = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
  lines.on("close", () => process.exit(0));
  process.stdin.on("end", () => process.exit(0));
  process.stdin.resume();
  return told;
}

// The gateway keeps a verified token for a minute by the hash of its text; so does this, by its text.
export function verifier({ keys, issuer, audience }) {
  const key = createPublicKey({ key: keys.keys[0], format: "jwk" });
  const kept = new Map();
  return (authorization) => {
    const now = Date.now() / 1000;
    const found = kept.get(authorization);
    if (found && found.until > now) return found.claims;
    const [head, body, signature] = (authorization ?? "").replace(/^Bearer /, "").split(".");
    if (!verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))) throw new Error("token");
    const told = JSON.parse(Buffer.from(body, "base64url"));
    if (told.iss !== issuer || told.aud !== audience || told.exp <= now) throw new Error("token");
    const area = told.unit.split(":")[1];
    const claims = { unit: told.unit, lo: area, hi: String(BigInt(area) + 1n) };
    kept.set(authorization, { claims, until: Math.min(told.exp, now + 60) });
    return claims;
  };
}

// Connection strings as node-pg wants them, from libpq's words.
export function settings(dsn) {
  const words = Object.fromEntries([...dsn.matchAll(/(\w+)=('[^']*'|\S+)/g)].map(([, k, v]) => [k, v.replaceAll("'", "")]));
  return { host: words.host, port: Number(words.port), database: words.dbname, user: words.user, password: words.password };
}

export const connections = 8;
export const listening = (port) => process.stdout.write(`${port}\n`);
