import { BaoxueError, Client } from "./client.ts";

const [url, token] = process.argv.slice(2) as [string, string];
let answers = 0;
for await (const { referrals } of new Client(url, () => token).followReferrals()) {
  const open: number = referrals.nodes.filter((referral) => referral.state === "opened").length;
  console.log(JSON.stringify(open));
  answers += 1;
  if (answers === 2) break;
}
try {
  for await (const _ of new Client(url, () => "no token").followReferrals()) console.log(JSON.stringify("an answer"));
} catch (error) {
  if (error instanceof BaoxueError) console.log(JSON.stringify(error.message.includes("4403") ? error.code : error.message));
}
