// A real OpenID provider, certified by the OpenID Foundation, with accounts and keys of a test's making:
//   node serve.mjs '{"port": 1, "keys": […], "accounts": "a file of {account: claims}", "client": {…}}'
// It asks for a login only; whoever is in the file is who they say. Refresh tokens are good once.
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const { port, keys, accounts, client } = JSON.parse(process.argv[2]);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  jwks: { keys },
  cookies: { keys: ["of a test"] },
  claims: { openid: ["sub", "preferred_username", "groups", "village_code"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true, methods: ["S256"] },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  async findAccount(_ctx, id) {
    const claims = JSON.parse(readFileSync(accounts, "utf8"))[id];
    return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: client.client_id, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
