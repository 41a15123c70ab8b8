// GraphiQL in the name of a demonstration account; a token lives ten minutes, so each request takes a fresh one.
const account = document.getElementById("account");

async function fetcher(request) {
  const issued = await fetch(`/development/token/${account.value}`, { method: "POST" });
  const { token } = await issued.json();
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(request),
  });
  return answer.json();
}

const BEGINNING = `# 归类：6—16 周岁的每个孩子在哪里 Where every child of 6–16 is accounted for
{ partition { townshipName state dated count } }

# 本账号可见字段 What this account may see
# { me { unit purpose commands grants { type field mode legalBasis } } }

# 疑似个案 Suspected cases
# { cases(state: "suspected", first: 20) { nodes { id cause owedStep owedBy owedDueOn child { id name } } pageInfo { endCursor } } }
`;

const accounts = await (await fetch("/development/accounts")).json();
for (const { account: name, unit, purpose } of accounts) account.add(new Option(`${name} · ${unit} · ${purpose}`, name));
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: BEGINNING, defaultEditorToolsVisibility: false }),
);
