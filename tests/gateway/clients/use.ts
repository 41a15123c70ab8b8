import { BaoxueError, Client } from "./client.ts";

const [url, token] = process.argv.slice(2) as [string, string];
const client = new Client(url, () => token);
const me = await client.me();
const page = await client.referrals();
const open: number = page.referrals.nodes.filter((referral) => referral.state === "opened").length;
let code = "";
try {
  await client.referrals({ after: "no cursor" });
} catch (error) {
  if (error instanceof BaoxueError) code = error.code;
}
console.log(JSON.stringify({ unit: me.me.unit, open, first: page.referrals.nodes[0]?.id ?? null, code }));
